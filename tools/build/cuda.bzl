"""The rules that CUDA targets are made with. Without --config=cuda they make nothing, and nothing of CUDA is fetched.

Kernels (.cu) are compiled by nvcc for sm_80 and sm_90, and as PTX for what comes after; everything else by the C++ compiler.
"""

load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")
load("@cuda_config//:cuda.bzl", "CUDA_ENABLED")
load(":neura.bzl", "neura_cc_library", "neura_cc_test")

_NVCC_OPTIONS = [
    "-std=c++20",
    "-O3",
    "-gencode=arch=compute_80,code=sm_80",
    "-gencode=arch=compute_90,code=sm_90",
    "-gencode=arch=compute_90,code=compute_90",
    # As on the CPU (-ffp-contract=off): multiply-adds are fused where it is written, so that results stay close.
    "-fmad=false",
    # constexpr functions of the CPU's sources are the GPU's as well, and kernels take lambdas.
    "--expt-relaxed-constexpr",
    "--extended-lambda",
    "-Werror=all-warnings",
    # Comparisons of unsigned integers with zero, in templates that serve signed ones too.
    "-diag-suppress=186",
    "-Xcompiler=-fPIC,-ffp-contract=off,-Wall,-Wextra,-Werror",
]

def _is_external(path):
    return path.startswith("external/") or "/external/" in path

def _include_options(context):
    """What the C++ compiler would be given; nvcc knows no -iquote."""
    folders = depset(transitive = [context.quote_includes, context.includes, context.system_includes]).to_list()
    return [("-isystem=" if _is_external(folder) else "-I") + folder for folder in folders]

def _cuda_objects_impl(ctx):
    toolchain = find_cpp_toolchain(ctx)
    features = cc_common.configure_features(
        ctx = ctx,
        cc_toolchain = toolchain,
        requested_features = ctx.features,
        unsupported_features = ctx.disabled_features,
    )
    dependencies = cc_common.merge_cc_infos(cc_infos = [dep[CcInfo] for dep in ctx.attr.deps])
    context = dependencies.compilation_context
    objects = []
    for source in ctx.files.srcs:
        output = ctx.actions.declare_file("_objs/{}/{}.pic.o".format(ctx.label.name, source.basename[:-len(".cu")]))
        arguments = ctx.actions.args()
        arguments.add_all(_NVCC_OPTIONS)
        arguments.add(toolchain.compiler_executable, format = "-ccbin=%s")
        arguments.add_all(_include_options(context))
        arguments.add_all(context.defines, format_each = "-D%s")
        arguments.add("-c", source)
        arguments.add("-o", output)
        ctx.actions.run(
            executable = ctx.executable._nvcc,
            arguments = [arguments],
            inputs = depset(
                [source],
                transitive = [context.headers, toolchain.all_files, ctx.attr._compiler.files],
            ),
            outputs = [output],
            mnemonic = "CudaCompile",
            progress_message = "Compiling " + source.short_path,
            use_default_shell_env = True,
        )
        objects.append(output)
    linking_context, _ = cc_common.create_linking_context_from_compilation_outputs(
        actions = ctx.actions,
        alwayslink = False,
        cc_toolchain = toolchain,
        compilation_outputs = cc_common.create_compilation_outputs(
            objects = depset(objects),
            pic_objects = depset(objects),
        ),
        disallow_dynamic_library = True,
        feature_configuration = features,
        linking_contexts = [dependencies.linking_context],
        name = ctx.label.name,
    )
    return [
        DefaultInfo(files = depset(objects)),
        CcInfo(compilation_context = context, linking_context = linking_context),
    ]

_cuda_objects = rule(
    implementation = _cuda_objects_impl,
    attrs = {
        "deps": attr.label_list(providers = [CcInfo]),
        "srcs": attr.label_list(allow_files = [".cu"]),
        "_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain"),
        "_compiler": attr.label(default = "@cuda_toolkit//:compiler", cfg = "host"),
        "_nvcc": attr.label(
            allow_single_file = True,
            cfg = "host",
            default = "@cuda_toolkit//:bin/nvcc",
            executable = True,
        ),
    },
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
) if CUDA_ENABLED else None

def _not_enabled_impl(ctx):
    fail("{} is built with --config=cuda: bazel build --config=cuda {}".format(ctx.label, ctx.label))

_not_enabled = rule(implementation = _not_enabled_impl, attrs = {})

def if_cuda(labels):
    """The labels with --config=cuda; without it, none."""
    return labels if CUDA_ENABLED else []

def neura_cuda_library(name, srcs, hdrs = [], deps = [], visibility = None):
    """A library of kernels, hdrs as in neura_cc_library; srcs are .cu files.

    Headers that a .cu file includes are in hdrs, here or in a dependency.
    """
    if not CUDA_ENABLED:
        return
    neura_cc_library(
        name = name + "_headers",
        hdrs = hdrs,
        visibility = ["//visibility:private"],
        deps = deps + ["@cuda_toolkit//:cudart"],
    )
    _cuda_objects(
        name = name,
        srcs = srcs,
        visibility = visibility,
        deps = [":" + name + "_headers"],
    )

def cuda_cc_library(name, always = False, **kwargs):
    """neura_cc_library with --config=cuda.

    Args:
      name: the target.
      always: without the configuration, a target of this name that says what is missing when it is built.
      **kwargs: as neura_cc_library.
    """
    if CUDA_ENABLED:
        neura_cc_library(name = name, **kwargs)
    elif always:
        _not_enabled(name = name, tags = ["manual"], visibility = kwargs.get("visibility"))

def cuda_cc_test(name, **kwargs):
    """neura_cc_test with --config=cuda. Tests that need a device skip themselves where there is none."""
    if CUDA_ENABLED:
        neura_cc_test(name = name, **kwargs)

def cuda_sh_test(name, **kwargs):
    """sh_test with --config=cuda."""
    if CUDA_ENABLED:
        native.sh_test(name = name, **kwargs)

def cuda_archive(name, program, files):
    """NAME.tar.gz: a program without its symbols' names, and files beside it, with --config=cuda."""
    if not CUDA_ENABLED:
        _not_enabled(name = name, tags = ["manual"])
        return
    native.genrule(
        name = name,
        testonly = True,
        srcs = [program] + files,
        outs = [name + ".tar.gz"],
        cmd = """
            mkdir $(RULEDIR)/{name}.files
            cp -L $(SRCS) $(RULEDIR)/{name}.files
            chmod u+w $(RULEDIR)/{name}.files/*
            $(STRIP) --strip-all $(RULEDIR)/{name}.files/$$(basename $(location {program}))
            tar --create --gzip --file=$@ --directory=$(RULEDIR)/{name}.files --transform='s,^[.],{name},' \\
              --owner=0 --group=0 --sort=name --mtime=@0 .
            rm -r $(RULEDIR)/{name}.files
        """.format(name = name, program = program),
        toolchains = ["@bazel_tools//tools/cpp:current_cc_toolchain"],
    )
