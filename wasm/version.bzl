"""The version of //wasm."""

load("//graph:version.bzl", "GRAPH")
load("//onnx:version.bzl", "ONNX")
load("//tensor:version.bzl", "TENSOR")
load("//tools/build:version.bzl", "library_version")

WASM = library_version(
    "wasm",
    "0.1.0",
    works_with = [
        (GRAPH, "0.1.0", "0.2.0"),
        (ONNX, "0.1.0", "0.2.0"),
        (TENSOR, "0.1.0", "0.2.0"),
    ],
)
