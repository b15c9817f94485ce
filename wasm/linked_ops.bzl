"""The operations of one model, as a header that programs are built with."""

load(":native_run.bzl", "native_transition")

def _linked_ops_header_impl(ctx):
    program = ctx.attr._list_operations[0][DefaultInfo].files_to_run
    ctx.actions.run(
        outputs = [ctx.outputs.out],
        inputs = [ctx.file.model],
        executable = program,
        arguments = [ctx.file.model.path, ctx.outputs.out.path],
        mnemonic = "ListOperations",
    )

linked_ops_header = rule(
    implementation = _linked_ops_header_impl,
    attrs = {
        "model": attr.label(mandatory = True, allow_single_file = [".onnx"], cfg = native_transition),
        "out": attr.output(mandatory = True),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
        "_list_operations": attr.label(cfg = native_transition, default = "//wasm:list_operations"),
    },
)
