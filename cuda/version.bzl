"""The version of //cuda."""

load("//tensor:version.bzl", "TENSOR")
load("//tools/build:version.bzl", "library_version")

CUDA = library_version(
    "cuda",
    "0.1.0",
    works_with = [(TENSOR, "0.1.0", "0.2.0")],
)
