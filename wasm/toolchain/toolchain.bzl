"""What Bazel has to know of emscripten.

The feature `threads` compiles for memory that web workers share.
"""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "ACTION_NAMES")
load("@bazel_tools//tools/cpp:cc_toolchain_config_lib.bzl", "feature")
load("//tools/build:cc_toolchain.bzl", "COMPILE_ACTIONS", "REPRODUCIBLE_FLAGS", "flags_feature", "tools")

_LINK = [ACTION_NAMES.cpp_link_executable]

def _config_impl(ctx):
    features = [
        flags_feature(
            "compiling",
            COMPILE_ACTIONS,
            # Unrolled loops are no faster there, and a sixth of a bundle. Those of kernels ask for it by themselves.
            ["-Os", "-fno-unroll-loops", "-fwasm-exceptions", "-msimd128"] + REPRODUCIBLE_FLAGS,
        ),
        # Where time is spent: packages of kernels ask for it. The rest for size is an eighth less of a bundle.
        flags_feature("kernels", COMPILE_ACTIONS, ["-O2"], enabled = False),
        flags_feature(
            "linking",
            _LINK,
            [
                "-O3",
                "-fwasm-exceptions",
                "-msimd128",
                "--no-entry",
                # Names of imports and exports stay as they are.
                "-sDECLARE_ASM_MODULE_EXPORTS=0",
                "-sALLOW_MEMORY_GROWTH=1",
                "-sINITIAL_MEMORY=16MB",
                "-sMAXIMUM_MEMORY=2GB",
                "-sFILESYSTEM=0",
                "-sTOTAL_STACK=1MB",
            ],
        ),
        flags_feature("standard_library", [ACTION_NAMES.cpp_compile], ["-include", ctx.file.missing.path]),
        flags_feature("threads", COMPILE_ACTIONS + _LINK, ["-pthread"], enabled = False),
        feature(name = "static_linking_mode", enabled = True),
        feature(name = "supports_start_end_lib", enabled = False),
        feature(name = "supports_dynamic_linker", enabled = False),
    ]
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        abi_libc_version = "emscripten",
        abi_version = "emscripten",
        compiler = "emscripten",
        # missing.h, Debian's emscripten, and the headers of the clang that it drives.
        cxx_builtin_include_directories = [
            "%package({})%".format(str(Label("//wasm/toolchain")).partition(":")[0]),
            "/usr/lib/clang",
            "/usr/lib/llvm-14",
            "/usr/share/emscripten",
        ],
        features = features,
        host_system_name = "local",
        target_cpu = "wasm",
        target_libc = "emscripten",
        target_system_name = "wasm32-unknown-emscripten",
        tool_paths = tools("em++.sh", "emar.sh"),
        toolchain_identifier = "emscripten",
    )

emscripten_toolchain_config = rule(
    implementation = _config_impl,
    attrs = {"missing": attr.label(mandatory = True, allow_single_file = True)},
    provides = [CcToolchainConfigInfo],
)
