#!/usr/bin/env python3
"""Turns `bazel aquery --output=jsonproto` on standard input into compile_commands.json on standard output.

usage: compile_commands.py WORKSPACE EXECUTION_ROOT

Bazel compiles in the execution root, whose links change with every build. The commands here stand in the workspace and
name what is elsewhere by its full path, so that they stay good.
"""

import json
import os
import re
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

# A folder whose link `neura` leads to the workspace: headers are found where they are edited.
INCLUDE = ".cache/include"


def commands(actions, workspace, execution_root):
    """One command for each source of our own."""
    places = {
        "bazel-out": os.path.join(execution_root, "bazel-out"),
        "external": os.path.join(execution_root, "..", "..", "external"),
    }

    def with_full_path(argument):
        return re.sub(
            r"^(-I)?(bazel-out|external)/",
            lambda match: f"{match[1] or ''}{os.path.normpath(places[match[2]])}/",
            argument,
        )

    seen = set()
    for action in actions:
        arguments = [with_full_path(a) for a in action["arguments"] if not a.startswith(GCC_ONLY)]
        source = arguments[arguments.index("-c") + 1]
        if source in seen or os.path.isabs(source):
            continue
        seen.add(source)
        yield {
            "arguments": [arguments[0], f"-I{INCLUDE}", *arguments[1:]],
            "directory": workspace,
            "file": os.path.join(workspace, source),
        }


def main(workspace, execution_root):
    link = os.path.join(workspace, INCLUDE, "neura")
    os.makedirs(os.path.dirname(link), exist_ok=True)
    if not os.path.islink(link):
        os.symlink(workspace, link)
    actions = json.load(sys.stdin).get("actions", [])
    json.dump(list(commands(actions, workspace, execution_root)), sys.stdout, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
