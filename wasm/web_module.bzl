"""WebAssembly modules."""

load("//tools/build:cc_toolchain.bzl", "TOOLCHAIN_OPTIONS", "toolchain_options")

# Transitions and macros are also called from other workspaces: strings must say where //tensor is.
_LINKED_OPS = str(Label("//tensor/ops:linked_ops"))

def _wasm_transition_impl(settings, attr):
    options = toolchain_options(
        cpu = "wasm",
        crosstool_top = Label("//wasm/toolchain:emscripten"),
        features = ["threads" if attr.threads else "one_thread"],
    )
    options[_LINKED_OPS] = attr.linked_ops
    return options

_wasm_transition = transition(
    implementation = _wasm_transition_impl,
    inputs = [],
    outputs = TOOLCHAIN_OPTIONS + [_LINKED_OPS],
)

def _web_module_impl(ctx):
    module = ctx.actions.declare_file(ctx.label.name + ".wasm")
    ctx.actions.symlink(output = module, target_file = ctx.file.program)
    return [
        DefaultInfo(files = depset([module])),
        OutputGroupInfo(model = depset(ctx.files.model)),
    ]

web_module = rule(
    implementation = _web_module_impl,
    doc = "<name>.wasm: a cc_binary compiled by emscripten, whatever else is built for.",
    attrs = {
        "linked_ops": attr.string(
            default = str(Label("//tensor/ops:every_op")),
            doc = "The library of the header linked_ops.h, with its repository.",
        ),
        "model": attr.label(
            allow_single_file = [".onnx"],
            cfg = "host",
            doc = "Handed on, from the one configuration in which it is made.",
        ),
        "program": attr.label(mandatory = True, allow_single_file = True),
        "threads": attr.bool(doc = "For memory that web workers share."),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    cfg = _wasm_transition,
)
