"""The rules that every C++ target of Neura is made with.

Headers are included as "neura/<package>/<header>", the same line inside the repository and outside. Warnings are errors
in our own sources and silent in others'.
"""

load(":batches.bzl", "batches")

_COPTS = [
    # Contraction into fused multiply-adds is written out where it is wanted, so that results do not depend on the
    # compiler's choice.
    "-ffp-contract=off",
    # Nobody asks errno or the floating-point flags what a loop met, and keeping them right costs vectorization.
    "-fno-math-errno",
    "-fno-trapping-math",
    "-Wall",
    "-Wextra",
    "-Werror",
]

def neura_cc_library(name, srcs = [], copts = [], batch = 8, **kwargs):
    """A library. Every header that another file includes is in hdrs; visibility decides who may include it.

    Args:
      name: of the target
      srcs: what is compiled
      copts: beside Neura's own
      batch: how many of srcs may be compiled as one (batches.bzl): 1 where a file is compiled for several instruction
        sets, or is long at it
      **kwargs: of cc_library
    """
    included = []
    if srcs and batch > 1:
        srcs, included = batches(name, srcs, batch)
    native.cc_library(
        name = name,
        srcs = srcs,
        textual_hdrs = included,
        copts = _COPTS + copts,
        include_prefix = "neura/" + native.package_name(),
        # No shared library of each beside it, for which all would be compiled a second time.
        linkstatic = True,
        **kwargs
    )

def unless_by_program(values):
    """What a library has, except where each program brings its own (//tensor/ops:ops_by_program)."""
    return select({
        "//tensor/ops:by_program": [],
        "//conditions:default": values,
    })

def neura_cc_binary(name, copts = [], **kwargs):
    native.cc_binary(
        name = name,
        copts = _COPTS + copts,
        **kwargs
    )

def neura_cc_test(name, copts = [], deps = [], size = "small", **kwargs):
    """A GoogleTest program; main() comes with it."""
    native.cc_test(
        name = name,
        copts = _COPTS + copts,
        linkstatic = True,
        size = size,
        deps = deps + ["@com_google_googletest//:gtest_main"],
        **kwargs
    )

def neura_cc_benchmark(name, copts = [], deps = [], **kwargs):
    """A Google Benchmark program; main() comes with it. Run it with `bazel run`."""
    native.cc_binary(
        name = name,
        copts = _COPTS + copts,
        testonly = True,
        deps = deps + ["@google_benchmark//:benchmark_main"],
        **kwargs
    )

def neura_cc_fuzz_test(name, corpus, copts = [], deps = [], **kwargs):
    """A libFuzzer target (LLVMFuzzerTestOneInput) and its seed corpus.

    A normal build makes a test that runs the target once on each file of the corpus. With --config=fuzz the same test is
    a libFuzzer program; tools/fuzz.sh runs all of them for a given time.
    """
    native.cc_test(
        name = name,
        args = ["$(location {})".format(seed) for seed in corpus],
        copts = _COPTS + copts,
        data = corpus,
        linkopts = select({
            "//tools/build:fuzzing": ["-fsanitize=fuzzer"],
            "//conditions:default": [],
        }),
        linkstatic = True,
        size = "small",
        tags = ["fuzz"],
        deps = deps + select({
            "//tools/build:fuzzing": [],
            "//conditions:default": ["//tools/build:fuzz_replay_main"],
        }),
        **kwargs
    )
