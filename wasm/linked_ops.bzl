"""The operations of one model, as a header that programs are built with."""

# The list is made by a program that has every operation, whatever it is made for.
def _every_op_impl(settings, attr):
    return {"//tensor/ops:linked_ops": Label("//tensor/ops:every_op")}

_every_op = transition(
    implementation = _every_op_impl,
    inputs = [],
    outputs = ["//tensor/ops:linked_ops"],
)

def _forward_impl(ctx):
    program = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = program, target_file = ctx.file.program, is_executable = True)
    return [DefaultInfo(executable = program)]

every_op_program = rule(
    implementation = _forward_impl,
    doc = "A program with every operation.",
    attrs = {
        "program": attr.label(mandatory = True, allow_single_file = True),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
    cfg = _every_op,
    executable = True,
)

def _linked_ops_header_impl(ctx):
    ctx.actions.run(
        outputs = [ctx.outputs.out],
        inputs = [ctx.file.model],
        executable = ctx.executable._list_operations,
        arguments = [ctx.file.model.path, ctx.outputs.out.path],
        mnemonic = "ListOperations",
    )

linked_ops_header = rule(
    implementation = _linked_ops_header_impl,
    attrs = {
        "model": attr.label(mandatory = True, allow_single_file = [".onnx"]),
        "out": attr.output(mandatory = True),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
        "_list_operations": attr.label(
            cfg = "exec",
            default = "//wasm:list_operations_of_every_op",
            executable = True,
        ),
    },
    cfg = _every_op,
)
