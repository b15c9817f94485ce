"""The version of the tensor library."""

load("//tools/build:version.bzl", "library_version")

TENSOR = library_version("tensor", "0.1.0")
