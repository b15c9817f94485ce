"""WebAssembly modules."""

load("//tools/build:cc_toolchain.bzl", "TOOLCHAIN_OPTIONS", "toolchain_options")

# Transitions and macros are also called from other workspaces: strings must say where //tensor is.
_OPS_BY_PROGRAM = str(Label("//tensor/ops:ops_by_program"))

def _wasm_transition_impl(_settings, attr):
    options = toolchain_options(
        cpu = "wasm",
        crosstool_top = Label("//wasm/toolchain:emscripten"),
        features = ["threads"] if attr.threads else [],
    )
    options[_OPS_BY_PROGRAM] = True
    return options

# To one configuration for all modules with threads and one for all others, in which libraries are compiled once.
_wasm_transition = transition(
    implementation = _wasm_transition_impl,
    inputs = [],
    outputs = TOOLCHAIN_OPTIONS + [_OPS_BY_PROGRAM],
)

# What a module may use; the linker no longer says so in it.
_FEATURES = ["bulk-memory", "exception-handling", "mutable-globals", "sign-ext", "simd", "threads"]

# Shrunk after it was linked, it is 1.5% smaller and as fast; linked with -Os or -Oz it would take half as long again. Nothing
# stands in the lowest kilobyte of memory, where emscripten's linker begins after it.
def _web_module_impl(ctx):
    module = ctx.actions.declare_file(ctx.label.name + ".wasm")
    ctx.actions.run_shell(
        outputs = [module],
        inputs = [ctx.file.program],
        command = "wasm-opt -Oz --converge --low-memory-unused {} \"$1\" -o \"$2\"".format(
            " ".join(["--enable-" + name for name in _FEATURES]),
        ),
        arguments = [ctx.file.program.path, module.path],
        mnemonic = "WasmOpt",
        progress_message = "Shrinking " + ctx.label.name + ".wasm",
    )
    return [DefaultInfo(files = depset([module]))]

web_module = rule(
    implementation = _web_module_impl,
    doc = "<name>.wasm: a cc_binary compiled by emscripten, whatever else is built for.",
    attrs = {
        "program": attr.label(mandatory = True, allow_single_file = True),
        "threads": attr.bool(doc = "For memory that web workers share."),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    cfg = _wasm_transition,
)
