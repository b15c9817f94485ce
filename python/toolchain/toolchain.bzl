"""Zig's compiler as a toolchain for a machine and an old C library, so that what it links runs on most Linuxes."""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "ACTION_NAMES")
load("@bazel_tools//tools/cpp:cc_toolchain_config_lib.bzl", "feature")
load("//tools/build:cc_toolchain.bzl", "COMPILE_ACTIONS", "REPRODUCIBLE_FLAGS", "flags_feature", "tools")

# Of RHEL 8 and Debian 10; whatever is newer has it, too.
GLIBC = "2.28"

_LINK = [
    ACTION_NAMES.cpp_link_dynamic_library,
    ACTION_NAMES.cpp_link_nodeps_dynamic_library,
]

def _config_impl(ctx):
    machine = ctx.attr.machine
    target = ["-target", "{}-linux-gnu.{}".format(machine, GLIBC)]
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        abi_libc_version = "glibc_" + GLIBC,
        abi_version = "libc++",
        compiler = "zig",
        cxx_builtin_include_directories = [],
        features = [
            flags_feature(
                "compiling",
                COMPILE_ACTIONS,
                target + [
                    "-O2",
                    "-g0",
                    "-fPIC",
                    "-fvisibility=hidden",
                    # What each thread has, some 500 bytes, comes with the thread: taking it at its first use would end the
                    # program where there is no memory.
                    "-ftls-model=initial-exec",
                ] + REPRODUCIBLE_FLAGS,
            ),
            # What runs once a model or an epoch, for size: packages of it ask for it.
            flags_feature("small", COMPILE_ACTIONS, ["-Os"], enabled = False),
            flags_feature("linking", _LINK, target + ["-O2", "-s", "-shared", "-Wl,--gc-sections"]),
            feature(name = "static_linking_mode", enabled = True),
            feature(name = "supports_pic", enabled = True),
            feature(name = "supports_start_end_lib", enabled = False),
            feature(name = "supports_dynamic_linker", enabled = True),
        ],
        host_system_name = "local",
        target_cpu = "manylinux_" + machine,
        target_libc = "glibc_" + GLIBC,
        target_system_name = machine + "-linux-gnu",
        tool_paths = tools("zig.sh", "zig_ar.sh"),
        toolchain_identifier = "zig_" + machine,
    )

zig_toolchain_config = rule(
    implementation = _config_impl,
    attrs = {"machine": attr.string(mandatory = True)},
    provides = [CcToolchainConfigInfo],
)
