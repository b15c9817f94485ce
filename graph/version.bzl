"""The version of //graph."""

load("//tensor:version.bzl", "TENSOR")
load("//tools/build:version.bzl", "library_version")

GRAPH = library_version(
    "graph",
    "0.1.0",
    works_with = [(TENSOR, "0.1.0", "0.2.0")],
)
