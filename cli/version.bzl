"""The version of //cli."""

load("//data:version.bzl", "DATA")
load("//graph:version.bzl", "GRAPH")
load("//onnx:version.bzl", "ONNX")
load("//tensor:version.bzl", "TENSOR")
load("//tools/build:version.bzl", "library_version")
load("//trainer:version.bzl", "TRAINER")

CLI = library_version(
    "cli",
    "0.1.0",
    works_with = [
        (DATA, "0.1.0", "0.2.0"),
        (GRAPH, "0.1.0", "0.2.0"),
        (ONNX, "0.1.0", "0.2.0"),
        (TENSOR, "0.1.0", "0.2.0"),
        (TRAINER, "0.1.0", "0.2.0"),
    ],
)
