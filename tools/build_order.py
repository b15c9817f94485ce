#!/usr/bin/env python3
"""Checks, or with --fix makes, the order of the lists of strings in BUILD files: the order that buildifier gives them.

Plain names come first, then labels of the same package (":x"), of the same repository ("//x"), of others ("@x").
"""

import re
import subprocess
import sys

LIST = re.compile(
    r'(?P<head>\b(?:srcs|hdrs|deps|data|corpus|tools|visibility)\s*=\s*(?:glob\()?\[\n)'
    r'(?P<items>(?:[ ]*"[^"\n]*",[^\n]*\n)+)'
)
LOAD = re.compile(r'^load\("(?P<file>[^"]+)"(?P<names>(?:,\s*(?:\w+ = )?"\w+")+)(?P<tail>,?\s*)\)$', re.MULTILINE)


def label_key(item):
    label = item.split('"')[1]
    phase = next((rank for rank, prefix in ((1, ":"), (2, "//"), (3, "@")) if label.startswith(prefix)), 0)
    return phase, [part.split(".") for part in label.split(":")]


def ordered(text):
    """The text of a BUILD file with its lists, its load statements and what they load in order."""

    def order_list(match):
        lines = match["items"].splitlines(keepends=True)
        return match["head"] + "".join(sorted(lines, key=label_key))

    def order_names(match):
        names = re.findall(r'(?:\w+ = )?"\w+"', match["names"])
        separator = re.match(r",\s*", match["names"])[0]
        return f'load("{match["file"]}"{"".join(separator + name for name in sorted(names))}{match["tail"]})'

    text = LOAD.sub(order_names, LIST.sub(order_list, text))
    loads = list(LOAD.finditer(text))
    in_order = iter(sorted((load[0] for load in loads), key=lambda load: load_key(load)))
    return LOAD.sub(lambda _: next(in_order), text)


def load_key(load):
    """Other repositories' files come first, those of the same package last."""
    file = load.split('"')[1]
    return next(rank for rank, prefix in enumerate(("@", "//", ":")) if file.startswith(prefix)), file


def main(arguments):
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*BUILD", "*.BUILD"],
        check=True, capture_output=True, text=True,
    ).stdout.split()
    in_order = True
    for name in names:
        with open(name, encoding="utf-8") as file:
            text = file.read()
        better = ordered(text)
        if better == text:
            continue
        if arguments == ["--fix"]:
            with open(name, "w", encoding="utf-8") as file:
                file.write(better)
        else:
            print(f"{name}: lists or loads are out of order; tools/format.sh orders them")
            in_order = False
    return 0 if in_order else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
