"""Extensions that load on most Linuxes, whatever else is built for."""

load("//third_party/cpython:cpython.bzl", "PYTHON_VERSIONS", "cpython_repository")
load("//python/toolchain:toolchain.bzl", "GLIBC")
load("//tools/build:cc_toolchain.bzl", "TOOLCHAIN_OPTIONS", "toolchain_options")

MACHINES = ["aarch64", "x86_64"]

# Debian's own headers serve where this machine's Python is meant.
_HOST = ("3.11", "x86_64")
_HOST_HEADERS = Label("@python_headers//:headers")

def _portable_transition_impl(settings, attr):
    headers = _HOST_HEADERS
    if (attr.python, attr.machine) != _HOST:
        headers = Label("@{}//:headers".format(cpython_repository(attr.python)))
    options = toolchain_options("manylinux_" + attr.machine, Label("//python/toolchain:manylinux"))
    options["//third_party/cpython:headers"] = headers
    return options

_portable_transition = transition(
    implementation = _portable_transition_impl,
    inputs = [],
    outputs = TOOLCHAIN_OPTIONS + ["//third_party/cpython:headers"],
)

def _any_python_transition_impl(settings, attr):
    return {"//third_party/cpython:headers": _HOST_HEADERS}

_any_python_transition = transition(
    implementation = _any_python_transition_impl,
    inputs = [],
    outputs = ["//third_party/cpython:headers"],
)

def _any_python_impl(ctx):
    return [cc_common.merge_cc_infos(cc_infos = [dep[CcInfo] for dep in ctx.attr.deps])]

any_python = rule(
    implementation = _any_python_impl,
    doc = "Libraries that know nothing of Python, and so are compiled once for all its versions.",
    attrs = {
        "deps": attr.label_list(mandatory = True, providers = [CcInfo]),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    cfg = _any_python_transition,
)

def _portable_extension_impl(ctx):
    extension = ctx.actions.declare_file(ctx.label.name + ".so")
    ctx.actions.symlink(output = extension, target_file = ctx.file.extension)
    return [DefaultInfo(files = depset([extension]))]

_portable_extension = rule(
    implementation = _portable_extension_impl,
    attrs = {
        "extension": attr.label(mandatory = True, allow_single_file = True),
        "machine": attr.string(mandatory = True, values = MACHINES),
        "python": attr.string(mandatory = True, values = PYTHON_VERSIONS),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    cfg = _portable_transition,
)

def portable_extensions(extension, host):
    """<extension>_cp311_x86_64 and so on, for every version of Python and machine.

    Args:
      extension: label of the module, a cc_binary
      host: the name, of these, that is built with everything else; the others are built when they are asked for

    Returns:
      name -> (version of Python, tag of the platform)
    """
    made = {}
    for python in PYTHON_VERSIONS:
        for machine in MACHINES:
            name = "extension_cp{}_{}".format(python.replace(".", ""), machine)
            _portable_extension(
                name = name,
                extension = extension,
                machine = machine,
                python = python,
                tags = [] if name == host else ["manual"],
            )
            made[name] = (python, "manylinux_{}_{}".format(GLIBC.replace(".", "_"), machine))
    return made
