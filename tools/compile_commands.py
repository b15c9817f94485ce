#!/usr/bin/env python3
"""Turns `bazel aquery --output=jsonproto` on standard input into compile_commands.json on standard output.

usage: compile_commands.py EXECUTION_ROOT WORKSPACE
"""

import json
import os
import sys

# What g++ knows and clang's tools do not.
GCC_ONLY = {"-fno-canonical-system-headers", "-Wno-free-nonheap-object", "-Wunused-but-set-parameter"}


def commands(actions, execution_root, workspace):
    for action in actions:
        arguments = [argument for argument in action["arguments"] if argument not in GCC_ONLY]
        source = arguments[arguments.index("-c") + 1]
        if source.startswith(("external/", "bazel-out/")):
            continue
        yield {
            "arguments": arguments,
            "directory": execution_root,
            "file": os.path.join(workspace, source),
        }


if __name__ == "__main__":
    json.dump(list(commands(json.load(sys.stdin).get("actions", []), *sys.argv[1:3])), sys.stdout, indent=1)
