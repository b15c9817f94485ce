"""The version of //distributions."""

load("//autograd:version.bzl", "AUTOGRAD")
load("//tensor:version.bzl", "TENSOR")
load("//tools/build:version.bzl", "library_version")

DISTRIBUTIONS = library_version(
    "distributions",
    "0.1.0",
    works_with = [
        (AUTOGRAD, "0.1.0", "0.2.0"),
        (TENSOR, "0.1.0", "0.2.0"),
    ],
)
