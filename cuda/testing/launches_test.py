#!/usr/bin/env python3
"""Every kernel that a program launches was compiled for the device, and the other way around.

usage: launches_test.py PROGRAM

nvcc compiles a source once for the host and once for the device. Where the two deduce different types for a template,
each is right in itself, and a launch fails on the machine with a GPU: "invalid device function". Names tell it before:
those of internal::Launch are the host's choice, and those by which kernels are registered stand in the program as strings.
"""

import re
import subprocess
import sys

_REGISTERED = re.compile(rb"\0(_ZN5neura4cuda8internal\d+ForEach(?:Block)?KernelI\w+EEvlT_)(?=\0)")
_LAUNCH = "internal::Launch<void (*)(long, "
_KERNEL = ">(long, "


def up_to_its_end(text):
    """`text` up to the first closing bracket that is not opened in it."""
    depth = 0
    for i, letter in enumerate(text):
        if letter in "(<":
            depth += 1
        elif letter in ")>":
            if depth == 0:
                return text[:i]
            depth -= 1
    return text


def bodies(lines, marker):
    return {up_to_its_end(line.partition(marker)[2]) for line in lines if marker in line}


def lines_of(command, **options):
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, **options).stdout.decode().splitlines()


def main(program):
    launched = bodies(lines_of(["nm", "--demangle", program]), _LAUNCH)
    with open(program, "rb") as file:
        names = set(_REGISTERED.findall(file.read()))
    compiled = bodies(lines_of(["c++filt"], input=b"\n".join(names)), _KERNEL)
    print(f"{len(launched)} kernels launched, {len(compiled)} compiled for the device")
    for body in sorted(launched - compiled):
        print("launched, but not compiled for the device:", body)
    for body in sorted(compiled - launched):
        print("compiled for the device, but not launched:", body)
    if not launched or launched != compiled:
        sys.exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
