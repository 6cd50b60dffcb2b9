"""flyd_proto_library: C++ messages (and gRPC services) from .proto files, with Debian's protoc.

    load("//tools/bazel:proto.bzl", "flyd_proto_library")

    flyd_proto_library(
        name = "signer_cc_proto",
        srcs = ["signer.proto"],
        grpc = True,
        visibility = ["//:above_proto"],
        deps = ["//proto/fleet/v1:fleet_cc_proto"],
    )

Imports are written from the root of the workspace (`import "proto/fleet/v1/fleet.proto"`), and so are the headers:
`#include "proto/signer/v1/signer.pb.h"`, with grpc also `.../signer.grpc.pb.h`.
"""

_ProtoSources = provider(fields = {"files": "depset of .proto files, transitive"})

_SUFFIXES = [".pb.h", ".pb.cc"]
_GRPC_SUFFIXES = [".grpc.pb.h", ".grpc.pb.cc"]

def _generate_impl(ctx):
    suffixes = _SUFFIXES + (_GRPC_SUFFIXES if ctx.attr.grpc else [])
    outputs = [
        ctx.actions.declare_file(source.basename[:-len(".proto")] + suffix)
        for source in ctx.files.srcs
        for suffix in suffixes
    ]
    sources = depset(ctx.files.srcs, transitive = [dep[_ProtoSources].files for dep in ctx.attr.deps])
    arguments = ctx.actions.args()
    arguments.add("--proto_path=.")
    arguments.add("--cpp_out=" + ctx.bin_dir.path)
    if ctx.attr.grpc:
        arguments.add("--plugin=protoc-gen-grpc=/usr/bin/grpc_cpp_plugin")
        arguments.add("--grpc_out=" + ctx.bin_dir.path)
    arguments.add_all(ctx.files.srcs)
    ctx.actions.run(
        executable = "/usr/bin/protoc",
        arguments = [arguments],
        inputs = sources,
        outputs = outputs,
        mnemonic = "FlydProtoc",
        progress_message = "Generating C++ from %s" % ctx.label,
        use_default_shell_env = True,
    )
    return [
        DefaultInfo(files = depset(outputs)),
        OutputGroupInfo(
            headers = depset([output for output in outputs if output.extension == "h"]),
            sources = depset([output for output in outputs if output.extension == "cc"]),
        ),
        _ProtoSources(files = sources),
    ]

_generate = rule(
    implementation = _generate_impl,
    attrs = {
        "deps": attr.label_list(providers = [_ProtoSources]),
        "grpc": attr.bool(),
        "srcs": attr.label_list(allow_files = [".proto"]),
    },
)

def _generated(dep):
    if ":" not in dep:
        fail("flyd_proto_library: dep %s, want //package:name or :name" % dep)
    return dep + "_generated"

def flyd_proto_library(name, srcs, deps = [], grpc = False, visibility = None, testonly = False):
    """A cc_library `name` of what protoc makes from `srcs`; `deps` are other flyd_proto_library targets."""
    _generate(
        name = name + "_generated",
        srcs = srcs,
        grpc = grpc,
        testonly = testonly,
        visibility = visibility,
        deps = [_generated(dep) for dep in deps],
    )
    for group in ["headers", "sources"]:
        native.filegroup(
            name = name + "_" + group,
            srcs = [":" + name + "_generated"],
            output_group = group,
            testonly = testonly,
            visibility = ["//visibility:private"],
        )
    native.cc_library(
        name = name,
        srcs = [":" + name + "_sources"],
        hdrs = [":" + name + "_headers"],
        copts = ["-w"],
        features = ["-layering_check"],
        testonly = testonly,
        visibility = visibility,
        deps = deps + ["@protobuf"] + (["@grpc//:grpc++"] if grpc else []),
    )
