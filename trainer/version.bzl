"""The version of //trainer."""

load("//autograd:version.bzl", "AUTOGRAD")
load("//nn:version.bzl", "NN")
load("//optim:version.bzl", "OPTIM")
load("//tensor:version.bzl", "TENSOR")
load("//tools/build:version.bzl", "library_version")

TRAINER = library_version(
    "trainer",
    "0.1.0",
    works_with = [
        (AUTOGRAD, "0.1.0", "0.2.0"),
        (NN, "0.1.0", "0.2.0"),
        (OPTIM, "0.1.0", "0.2.0"),
        (TENSOR, "0.1.0", "0.2.0"),
    ],
)
