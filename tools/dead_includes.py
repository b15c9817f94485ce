#!/usr/bin/env python3
"""Finds includes of our own headers ("neura/...") of which the including file uses no name.

A name counts as used when it occurs outside comments and strings. The names of a header are those that it declares; if
it is nothing but includes, those of all of these. An include that is there for its effect says so:
`// IWYU pragma: keep`.
"""

import functools
import os
import re
import subprocess
import sys

INCLUDE = re.compile(r'^#include "neura/([^"]+)"[ \t]*(//.*)?$', re.MULTILINE)
COMMENT_OR_STRING = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.DOTALL)
DECLARATION = re.compile(
    r"\b(?:class|struct|union|enum class|enum|using|concept|namespace)\s+(\w+)"
    r"|^[ \t]*#\s*define\s+(\w+)"
    r"|\b(\w+)\s*\("
    r"|\b(k[A-Z]\w*)\b"
    r"|\b(\w+)\s*(?:=[^=]|;|\{)",
    re.MULTILINE,
)
COMMON = {"neura", "internal", "cpu", "return", "if", "for", "while", "switch", "sizeof", "operator", "default", "delete"}


@functools.lru_cache(maxsize=None)
def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


@functools.lru_cache(maxsize=None)
def code(path):
    return COMMENT_OR_STRING.sub(" ", read(path))


def is_collection(path):
    """Whether a header is nothing but includes, for users to include one for all."""
    return path.endswith(".h") and not re.sub(r"^[ \t]*#.*$", "", code(path), flags=re.MULTILINE).strip()


def own_includes(path):
    """The existing headers that a file includes, each with the comment beside it."""
    return [(header, comment) for header, comment in INCLUDE.findall(read(path)) if os.path.exists(header)]


@functools.lru_cache(maxsize=None)
def declared(path):
    names = {name for groups in DECLARATION.findall(code(path)) for name in groups if name} - COMMON
    for header, _ in own_includes(path):
        if is_collection(path):
            names |= declared(header)
        elif header.endswith(".inc"):  # a list that macros make declarations of
            names |= set(re.findall(r"\w+", code(header)))
    return names


def dead_includes(path):
    if is_collection(path):
        return
    used = set(re.findall(r"\w+", code(path)))
    for header, _ in own_includes(path):
        if header.endswith(".inc"):  # a list of what the file makes of it
            used |= set(re.findall(r"\w+", code(header)))
    own_header = re.sub(r"(_test|_benchmark)?\.cc$", ".h", path)
    for header, comment in own_includes(path):
        if header.endswith(".h") and header != own_header and "IWYU pragma: keep" not in comment:
            if not used & declared(header):
                yield header


def main():
    sources = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.cc", "*.cu", "*.h"],
        check=True, capture_output=True, text=True,
    ).stdout.split()
    found = False
    for source in sources:
        for header in dead_includes(source):
            print(f'{source}: "neura/{header}" is included, and none of its names is used')
            found = True
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
