"""The version of the data library."""

load("//tensor:version.bzl", "TENSOR")
load("//tools/build:version.bzl", "library_version")

DATA = library_version(
    "data",
    "0.1.0",
    works_with = [(TENSOR, "0.1.0", "0.2.0")],
)
