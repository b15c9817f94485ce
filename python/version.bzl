"""The version of //python."""

load("//autograd:version.bzl", "AUTOGRAD")
load("//data:version.bzl", "DATA")
load("//distributions:version.bzl", "DISTRIBUTIONS")
load("//graph:version.bzl", "GRAPH")
load("//nn:version.bzl", "NN")
load("//onnx:version.bzl", "ONNX")
load("//optim:version.bzl", "OPTIM")
load("//tensor:version.bzl", "TENSOR")
load("//tools/build:version.bzl", "library_version")
load("//trainer:version.bzl", "TRAINER")

PYTHON = library_version(
    "python",
    "0.1.0",
    works_with = [
        (AUTOGRAD, "0.1.0", "0.2.0"),
        (DATA, "0.1.0", "0.2.0"),
        (DISTRIBUTIONS, "0.1.0", "0.2.0"),
        (GRAPH, "0.1.0", "0.2.0"),
        (NN, "0.1.0", "0.2.0"),
        (ONNX, "0.1.0", "0.2.0"),
        (OPTIM, "0.1.0", "0.2.0"),
        (TENSOR, "0.1.0", "0.2.0"),
        (TRAINER, "0.1.0", "0.2.0"),
    ],
)
