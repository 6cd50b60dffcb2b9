"""Abseil's labels over Debian's libraries (20220623)."""

_TARGETS = {
    "algorithm": ["algorithm", "container"],
    "base": ["base", "config", "core_headers", "log_severity"],
    "cleanup": ["cleanup"],
    "container": ["btree", "fixed_array", "flat_hash_map", "flat_hash_set", "inlined_vector", "node_hash_map", "node_hash_set"],
    "debugging": ["failure_signal_handler", "stacktrace", "symbolize"],
    "functional": ["any_invocable", "bind_front", "function_ref"],
    "hash": ["hash"],
    "memory": ["memory"],
    "meta": ["type_traits"],
    "numeric": ["bits", "int128"],
    "random": ["bit_gen_ref", "distributions", "random"],
    "status": ["status", "statusor"],
    "strings": ["cord", "str_format", "strings"],
    "synchronization": ["synchronization"],
    "time": ["time"],
    "types": ["any", "compare", "optional", "span", "variant"],
    "utility": ["utility"],
}

# In an order that no linker needs: a group is searched until nothing new is found, which serves -static as well.
_LIBRARIES = [
    "bad_any_cast_impl",
    "bad_optional_access",
    "bad_variant_access",
    "base",
    "city",
    "civil_time",
    "cord",
    "cord_internal",
    "cordz_functions",
    "cordz_handle",
    "cordz_info",
    "cordz_sample_token",
    "debugging_internal",
    "demangle_internal",
    "examine_stack",
    "exponential_biased",
    "failure_signal_handler",
    "graphcycles_internal",
    "hash",
    "hashtablez_sampler",
    "int128",
    "log_severity",
    "low_level_hash",
    "malloc_internal",
    "random_distributions",
    "random_internal_platform",
    "random_internal_pool_urbg",
    "random_internal_randen",
    "random_internal_randen_hwaes",
    "random_internal_randen_hwaes_impl",
    "random_internal_randen_slow",
    "random_internal_seed_material",
    "random_seed_gen_exception",
    "random_seed_sequences",
    "raw_hash_set",
    "raw_logging_internal",
    "spinlock_wait",
    "stacktrace",
    "status",
    "statusor",
    "str_format_internal",
    "strerror",
    "strings",
    "strings_internal",
    "symbolize",
    "synchronization",
    "throw_delegate",
    "time",
    "time_zone",
]

_LINKOPTS = (["-Wl,--as-needed", "-Wl,--start-group"] +
             ["-labsl_" + library for library in _LIBRARIES] +
             ["-Wl,--end-group", "-pthread"])

_ROOT = """
cc_library(
    name = "abseil",
    linkopts = %s,
    visibility = ["//visibility:public"],
)
""" % repr(_LINKOPTS)

_TARGET = """
cc_library(
    name = "%s",
    visibility = ["//visibility:public"],
    deps = ["//:abseil"],
)
"""

def abseil_packages():
    """Package -> BUILD text. Every label links the same group, of which a program keeps what it uses."""
    packages = {"": _ROOT}
    for folder, targets in _TARGETS.items():
        packages["absl/" + folder] = "".join([_TARGET % target for target in targets])
    return packages
