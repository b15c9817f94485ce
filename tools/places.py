#!/usr/bin/python3
"""Holds how many places an addition touches, on additions that are there: CONTRIBUTING.md walks through them.

A place is what has to be known about the new thing; a header and its source are one. A file of the libraries that names the
thing, is none of its places and no known user of it, is a new place, or a new user to be listed here.

usage: places.py
"""

import fnmatch
import re
import subprocess
import sys
from typing import NamedTuple

# By kind of place, the files that it may be in.
PLACES = {
    "row": ["tensor/ops/op_list/*.inc", "tensor/ops/composites/*.inc", "tensor/fft/*.inc", "tensor/linalg/*.inc", "tensor/masked/*.inc", "tensor/special/*.inc", "tensor/windows/*.inc", "nn/layers.inc", "nn/losses.inc", "optim/optimizers.inc", "distributions/distributions.inc", "data/transforms.inc", "onnx/import/operators.inc", "onnx/import/*/operators.inc"],
    "options": ["tensor/ops/options/*.h", "nn/loss.h"],
    "function": ["tensor/ops/*.h", "tensor/ops/*.cc"],
    "inference": ["tensor/ops/infer_*.cc"],
    "element function": ["tensor/elements/*.h", "tensor/cpu/lanes_math-inl.h"],
    "CPU kernel": ["tensor/cpu/*"],
    "CUDA kernel": ["cuda/*"],
    "gradient rule": ["autograd/rules_*.cc"],
    "batching rule": ["autograd/batching_*.cc"],
    "case": ["tensor/testing/*_cases*.cc", "nn/*_rows_test.cc", "nn/layer_cases_*.cc", "optim/*_test.cc", "onnx/*_cases.cc", "onnx/operators_test.cc", "onnx/conformance/random_models.py", "python/tests/test_data.py", "python/tests/test_transforms.py", "distributions/*_test.cc"],
    "ONNX mapping": ["onnx/export/*"],
    "ONNX reader": ["onnx/import/*.cc"],
    "layer": ["nn/layers.*", "nn/activations.*"],
    "loss": ["nn/loss.cc"],
    "optimizer": ["optim/*"],
    "transform": ["data/*_transforms.*", "data/transforms.*", "data/augmentations.*"],
    "rules": ["distributions/*_rules.h"],
    "Python's parameters": ["python/extension/signatures.inc"],
    "open extents": ["graph/shape_rules.cc"],
}
# What works without them: a device without the kernel says so, parameters are inputs and options, extents are known in a run,
# and a mapped operation runs for each example.
OPTIONAL = {"CUDA kernel", "Python's parameters", "open extents", "batching rule"}


class Addition(NamedTuple):
    kind: str
    names: str  # a regular expression of whole words
    places: list[str]  # beside the optional ones
    users: list[str] = []


ADDITIONS = [
    Addition(
        "unary primitive",
        "Cosh|kCosh|CoshOp",
        ["row", "element function", "gradient rule", "case", "ONNX mapping"],
        ["onnx/import/operators.inc", "tensor/ops/autocast.cc"],
    ),
    Addition(
        "other primitive",
        "CumSum|kCumSum|CumSumKernel|InferCumSum|WriteCumSum|cumsum",
        ["row", "function", "inference", "CPU kernel", "gradient rule", "case", "ONNX mapping"],
        ["onnx/import/*", "nn/margin_losses.cc", "python/neura/array_api/*", "tensor/masked/masked.cc", "tensor/ops/autocast.cc",
         "distributions/joined_transforms.cc", "distributions/transform.cc"],
    ),
    Addition(
        "primitive with two outputs and options",
        "Sort|kSort|SortKernel|InferSort|WriteSort|SortOptions",
        ["row", "options", "function", "inference", "CPU kernel", "gradient rule", "case", "ONNX mapping"],
        ["onnx/import/*", "nn/margin_losses.cc"],
    ),
    Addition("composite", "ArgSort|argsort", ["row", "function", "case"], ["nn/init.cc", "python/neura/array_api/*"]),
    Addition("composite", "Lerp|lerp", ["row", "function", "case"], ["nn/functional.cc"]),
    Addition("layer", "LeakyReLU", ["row", "layer", "case"]),
    Addition("layer of two inputs, and its function", "Bilinear|BilinearOptions", ["row", "function", "layer", "case"]),
    Addition("loss", "SmoothL1|SmoothL1Options|SmoothL1Loss|smooth_l1_loss", ["row", "options", "loss", "case"]),
    Addition("optimizer", "AdamW|AdamWOptions|AdamWRule", ["row", "optimizer", "case"]),
    Addition("distribution", "Laplace|LaplaceRules", ["row", "rules", "case"], ["distributions/kl.cc"]),
    Addition("transform", "RandomCrop", ["row", "transform", "case"]),
    Addition("ONNX reader", "ReadCumSum", ["row", "ONNX reader"]),
]

LIBRARIES = ["tensor/", "autograd/", "graph/", "nn/", "optim/", "data/", "distributions/", "onnx/", "cuda/", "python/", "wasm/"]
SOURCES = (".h", ".cc", ".cu", ".inc", ".py", ".bzl", ".c")


def matches(path, patterns):
    return any(fnmatch.fnmatch(path, pattern) for pattern in patterns)


def is_source(path):
    """Whether an addition may have to touch it: tests of other things use what is there."""
    in_library = path.startswith(tuple(LIBRARIES)) and path.endswith(SOURCES)
    is_test = re.search(r"_test\.cc$|_benchmark\.cc$|/tests/|/testing/|/testdata/", path)
    return in_library and (not is_test or matches(path, PLACES["case"]))


def main():
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout.split()
    texts = {path: open(path, encoding="utf-8").read() for path in listed if is_source(path)}
    faults = 0
    for addition in ADDITIONS:
        word = re.compile(rf"(?<!\w)(?:{addition.names})(?!\w)")
        found = {}
        for path, text in texts.items():
            if not word.search(text) or matches(path, addition.users):
                continue
            # The narrower pattern is the place: infer_reduce.cc is no function's.
            kinds = [(len(pattern), kind) for kind, patterns in PLACES.items() for pattern in patterns if fnmatch.fnmatch(path, pattern)]
            kind = max(kinds)[1] if kinds else "?"
            found.setdefault(kind, []).append(path)
        unasked = found.keys() - set(addition.places) - OPTIONAL
        missing = set(addition.places) - found.keys()
        if unasked or missing:
            faults += 1
            for kind in sorted(unasked):
                print(f"{addition.kind} ({addition.names}): {', '.join(found[kind])} is no place of it")
            for kind in sorted(missing):
                print(f"{addition.kind} ({addition.names}): no file is its {kind}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
