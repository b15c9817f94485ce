"""The version of //autograd."""

load("//tensor:version.bzl", "TENSOR")
load("//tools/build:version.bzl", "library_version")

AUTOGRAD = library_version(
    "autograd",
    "0.1.0",
    works_with = [(TENSOR, "0.1.0", "0.2.0")],
)
