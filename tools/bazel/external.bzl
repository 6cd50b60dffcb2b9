"""The repositories behind every @label: Debian's packages, and what tools/setup put into the cache folder."""

load("//tools/bazel:abseil.bzl", "abseil_packages")
load("//tools/bazel:repositories.bzl", "cached_repository", "system_repository")
load("//tools/bazel:versions.bzl", "BORINGSSL", "JOSE", "MSGPACK")

def _shared(*libraries):
    # --as-needed: a program records only the libraries it uses, however many the label offers.
    return ["-Wl,--as-needed"] + ["-l" + library for library in libraries]

def _cc(name, linkopts = [], defines = [], deps = [], includes = []):
    hdrs = "glob([%s])" % ", ".join([repr(folder + "/**") for folder in includes]) if includes else "[]"
    return """
cc_library(
    name = {name},
    hdrs = {hdrs},
    defines = {defines},
    includes = {includes},
    linkopts = {linkopts},
    visibility = ["//visibility:public"],
    deps = {deps},
)
""".format(
        name = repr(name),
        hdrs = hdrs,
        defines = repr(defines),
        includes = repr(includes),
        linkopts = repr(linkopts),
        deps = repr(deps),
    )

_ABSL = "@com_google_absl//:abseil"
_PROTOBUF = "@protobuf//:protobuf"
_SOFTHSM2 = "/usr/lib/softhsm/libsofthsm2.so"

def _system(name, build, links = {}):
    system_repository(name = name, packages = {"": build}, links = links)

def external_repositories():
    """Declares every external repository of the workspace."""
    system_repository(name = "com_google_absl", packages = abseil_packages())

    _system("protobuf", _cc("protobuf", _shared("protobuf", "pthread")))
    _system("grpc", _cc("grpc++", _shared("grpc++", "grpc", "gpr"), deps = [_ABSL, _PROTOBUF]) +
                    _cc("grpc++_reflection", ["-Wl,--no-as-needed", "-lgrpc++_reflection", "-Wl,--as-needed"], deps = [":grpc++"]))
    _system("sqlite3", _cc("sqlite3", _shared("sqlite3")))
    _system("rocksdb", _cc("rocksdb", _shared("rocksdb")))
    _system("boost", _cc("asio", ["-pthread"]))
    _system("nlohmann_json", _cc("json"))
    _system("googletest", _cc("gtest", _shared("gmock", "gtest", "pthread")) +
                          _cc("gtest_main", _shared("gmock_main"), deps = [":gtest"]))
    _system("benchmark", _cc("benchmark", _shared("benchmark", "pthread")) +
                         _cc("benchmark_main", _shared("benchmark_main"), deps = [":benchmark"]))
    _system("p11kit", _cc("pkcs11", ["-ldl"], includes = ["include"]), {"include": "/usr/include/p11-kit-1"})
    _system("softhsm2", _cc("module", defines = ["SOFTHSM2_MODULE=\\\"%s\\\"" % _SOFTHSM2]), {"libsofthsm2.so": _SOFTHSM2})
    _system("cli11", _cc("cli11"))
    _system("spdlog", _cc("spdlog", _shared("spdlog", "fmt"), ["SPDLOG_COMPILED_LIB", "SPDLOG_SHARED_LIB", "SPDLOG_FMT_EXTERNAL"]))
    _system("prometheus", _cc("core", _shared("prometheus-cpp-core")))
    _system("seccomp", _cc("seccomp", _shared("seccomp")))
    _system("capng", _cc("capng", _shared("cap-ng")))
    _system("zlib", _cc("zlib", _shared("z")))

    cached_repository(name = "boringssl", version = BORINGSSL)
    cached_repository(
        name = "msgpack",
        version = MSGPACK,
        build = _cc("msgpack", defines = ["MSGPACK_NO_BOOST"], includes = ["include"]),
    )
    cached_repository(
        name = "jose",
        version = JOSE,
        build = """
filegroup(
    name = "jose",
    srcs = glob(["node_modules/jose/**"]),
    visibility = ["//visibility:public"],
)
""",
    )
