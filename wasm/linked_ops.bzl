"""The operations of one model, as a header that programs are built with.

The program that lists them runs on this machine, and is built as tools are: in this repository, with the options
of the whole build (--nodistinct_host_configuration in .bazelrc), so that the libraries are compiled once.
"""

def _linked_ops_header_impl(ctx):
    program = ctx.attr._list_operations[DefaultInfo].files_to_run
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
        "model": attr.label(mandatory = True, allow_single_file = [".onnx"], cfg = "host"),
        "out": attr.output(mandatory = True),
        "_list_operations": attr.label(cfg = "host", default = "//wasm:list_operations"),
    },
)
