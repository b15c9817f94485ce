#!/usr/bin/env python3
"""Turns `bazel aquery --output=jsonproto` on standard input into compile_commands.json on standard output.

usage: compile_commands.py EXECUTION_ROOT WORKSPACE
"""

import json
import os
import sys

# What g++ takes and clang's tools do not.
GCC_ONLY = (
    "-D__DATE__",
    "-D__TIMESTAMP__",
    "-D__TIME__",
    "-Wno-free-nonheap-object",
    "-Wunused-but-set-parameter",
    "-fno-canonical-system-headers",
)


def commands(actions, execution_root, workspace):
    """One command for each source of our own: position-independent variants are left out."""
    seen = set()
    for action in actions:
        arguments = [argument for argument in action["arguments"] if not argument.startswith(GCC_ONLY)]
        source = arguments[arguments.index("-c") + 1]
        if source in seen or source.startswith(("external/", "bazel-out/")):
            continue
        seen.add(source)
        yield {
            "arguments": arguments,
            "directory": execution_root,
            "file": os.path.join(workspace, source),
        }


if __name__ == "__main__":
    json.dump(list(commands(json.load(sys.stdin).get("actions", []), *sys.argv[1:3])), sys.stdout, indent=1)
