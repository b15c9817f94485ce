#!/usr/bin/env python3
"""Compares what a library reaches with what it may reach.

usage: check_arrows.py FILE LIBRARY ALLOWED...

FILE has one label a line. ALLOWED are folders of this repository ("tensor") and other repositories ("@zlib").
"""

import sys

# What every C++ target reaches, whoever wrote it.
BUILD_TOOLS = {"tools", "@bazel_skylib", "@bazel_tools", "@local_config_cc", "@platforms", "@rules_cc"}


def room(label):
    """The folder or the repository that a label belongs to: "//nn/init:init" is in "nn", "@zlib//:zlib" in "@zlib"."""
    repository, _, rest = label.partition("//")
    return repository or rest.split(":")[0].split("/")[0]


def trespasses(labels, library, allowed):
    """The rooms reached without leave, each with one of the labels reached there."""
    known = BUILD_TOOLS | {library} | allowed
    return {room(label): label for label in labels if room(label) not in known}


def main(path, library, *allowed):
    with open(path, encoding="utf-8") as file:
        labels = file.read().split()
    if not any(room(label) == library for label in labels):
        sys.exit(f"{path} names nothing of {library}: the query is wrong")
    found = trespasses(labels, library, set(allowed))
    if found:
        sys.exit("\n  ".join([f"{library} reaches what it may not know:", *found.values()]))


if __name__ == "__main__":
    main(*sys.argv[1:])
