"""What the C++ toolchains of this repository are written with."""

load(
    "@bazel_tools//tools/cpp:cc_toolchain_config_lib.bzl",
    "feature",
    "flag_group",
    "flag_set",
    "tool_path",
)
load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "ACTION_NAMES")

COMPILE_ACTIONS = [
    ACTION_NAMES.c_compile,
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.cpp_header_parsing,
]

# The same bytes from the same sources, in sections that the linker can leave out.
REPRODUCIBLE_FLAGS = [
    "-DNDEBUG",
    "-ffunction-sections",
    "-fdata-sections",
    "-no-canonical-prefixes",
    "-Wno-builtin-macro-redefined",
    "-D__DATE__=\"redacted\"",
    "-D__TIMESTAMP__=\"redacted\"",
    "-D__TIME__=\"redacted\"",
]

def flags_feature(name, actions, flags, enabled = True):
    """A feature that adds flags to actions."""
    return feature(
        name = name,
        enabled = enabled,
        flag_sets = [flag_set(
            actions = actions,
            flag_groups = [flag_group(flags = flags)],
        )],
    )

def tools(compiler, archiver):
    """A toolchain's tool_paths, where one script compiles and links and another makes archives."""
    return [
        tool_path(name = "gcc", path = compiler),
        tool_path(name = "ar", path = archiver),
    ] + [
        tool_path(name = name, path = "/bin/false")
        for name in ["cpp", "dwp", "gcov", "ld", "nm", "objcopy", "objdump", "strip"]
    ]

def script_toolchain(name, config, files):
    """A cc_toolchain whose tools are `files`."""
    native.filegroup(
        name = name + "_files",
        srcs = files,
    )
    native.cc_toolchain(
        name = name,
        toolchain_config = config,
        **{
            role + "_files": ":" + name + "_files"
            for role in ["all", "ar", "as", "compiler", "dwp", "linker", "objcopy", "strip"]
        }
    )

# Transitions and macros are also called from other workspaces: strings must say where //tools is.
_BATCHES = str(Label("//tools/build:batches"))

# What a transition to another toolchain sets, whatever is built beside.
TOOLCHAIN_OPTIONS = [
    _BATCHES,
    "//command_line_option:compilation_mode",
    "//command_line_option:copt",
    "//command_line_option:cpu",
    "//command_line_option:crosstool_top",
    "//command_line_option:features",
    "//command_line_option:force_pic",
    "//command_line_option:linkopt",
]

def toolchain_options(cpu, crosstool_top, features = []):
    """Values of TOOLCHAIN_OPTIONS: optimized, and with nothing of the options of the command line."""
    return {
        _BATCHES: True,
        "//command_line_option:compilation_mode": "opt",
        "//command_line_option:copt": [],
        "//command_line_option:cpu": cpu,
        "//command_line_option:crosstool_top": crosstool_top,
        "//command_line_option:features": features,
        "//command_line_option:force_pic": False,
        "//command_line_option:linkopt": [],
    }
