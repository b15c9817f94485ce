"""The version of //tensor."""

load("//tools/build:version.bzl", "library_version")

TENSOR = library_version("tensor", "0.1.0")
