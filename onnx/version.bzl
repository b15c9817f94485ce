"""The version of //onnx."""

load("//graph:version.bzl", "GRAPH")
load("//tensor:version.bzl", "TENSOR")
load("//tools/build:version.bzl", "library_version")

ONNX = library_version(
    "onnx",
    "0.1.0",
    works_with = [
        (GRAPH, "0.1.0", "0.2.0"),
        (TENSOR, "0.1.0", "0.2.0"),
    ],
)
