"""Files that programs of this machine make, whatever else is built for."""

# Transitions and macros are also called from other workspaces: strings must say where //tensor is.
LINKED_OPS = str(Label("//tensor/ops:linked_ops"))

# What a transition sets that chooses how a program is built.
PROGRAM_SETTINGS = [
    "//command_line_option:compilation_mode",
    "//command_line_option:copt",
    "//command_line_option:cpu",
    "//command_line_option:crosstool_top",
    "//command_line_option:features",
    "//command_line_option:linkopt",
    LINKED_OPS,
]

def _native_impl(settings, attr):
    return {
        "//command_line_option:compilation_mode": "opt",
        "//command_line_option:copt": [],
        "//command_line_option:cpu": settings["//command_line_option:host_cpu"],
        "//command_line_option:crosstool_top": Label("@bazel_tools//tools/cpp:toolchain"),
        "//command_line_option:features": [],
        "//command_line_option:linkopt": [],
        LINKED_OPS: Label("//tensor/ops:every_op"),
    }

# Where nothing else was asked for this changes nothing, and so the programs are those that tests run.
native_transition = transition(
    implementation = _native_impl,
    inputs = ["//command_line_option:host_cpu"],
    outputs = PROGRAM_SETTINGS,
)

def _native_run_impl(ctx):
    program = ctx.attr.program[0][DefaultInfo].files_to_run
    ctx.actions.run_shell(
        outputs = ctx.outputs.outs,
        tools = [program],
        command = "set -euo pipefail\nOUT='{}' PROGRAM='{}'\n{}".format(
            ctx.outputs.outs[0].dirname,
            program.executable.path,
            ctx.attr.cmd,
        ),
        mnemonic = "NativeRun",
        use_default_shell_env = True,
    )

native_run = rule(
    implementation = _native_run_impl,
    doc = "A genrule whose tool is built as tests are.",
    attrs = {
        "cmd": attr.string(
            mandatory = True,
            doc = "For bash. $PROGRAM is the program, $OUT the folder of the outputs.",
        ),
        "outs": attr.output_list(mandatory = True),
        "program": attr.label(mandatory = True, cfg = native_transition, executable = False),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)
