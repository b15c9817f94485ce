#!/usr/bin/env python3
"""Makes the wheel of the package: its sources, the extension, and the stubs that both of them imply.

usage: build_wheel.py --extension=_C.so --license=LICENSE --readme=README.md --out=WHEEL SOURCES...
"""

import argparse
import importlib
import os
import pathlib
import shutil
import sys
import sysconfig
import tempfile

import stubs
from wheel.wheelfile import WheelFile

PACKAGE = "neura"


def stage(sources, extension, root):
    """Copies the package into `root`, as it will be installed."""
    for source in sources:
        relative = source[source.index(f"/{PACKAGE}/") + 1 :]
        target = root / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)
    shutil.copy(extension, root / PACKAGE / f"_C{sysconfig.get_config_var('EXT_SUFFIX')}")


def write_stubs(root):
    """Imports the staged package, and writes what its extension says of itself beside it."""
    sys.path.insert(0, str(root))
    sys.dont_write_bytecode = True
    extension = importlib.import_module(f"{PACKAGE}._C")
    package = root / PACKAGE
    for path, text in stubs.all_stubs(extension, package).items():
        (package / path).write_text(text)
    (package / "py.typed").touch()


def platform_tag():
    """manylinux_2_36_x86_64, for the C library that the extension was linked with."""
    libc = os.confstr("CS_GNU_LIBC_VERSION").split()[1].replace(".", "_")
    return f"manylinux_{libc}_{os.uname().machine}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--extension", required=True)
    parser.add_argument("--license", required=True)
    parser.add_argument("--readme", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("sources", nargs="+")
    options = parser.parse_args()

    python = f"cp{sys.version_info.major}{sys.version_info.minor}"
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        stage(options.sources, options.extension, root)
        write_stubs(root)
        scope = {}
        exec((root / PACKAGE / "_version.py").read_text(), scope)
        version = scope["__version__"]
        tag = f"{python}-{python}-{platform_tag()}"
        name = f"{PACKAGE}-{version}-{tag}.whl"
        if pathlib.Path(options.out).name != name:
            sys.exit(f"python/BUILD names the wheel {options.out}, but here it is {name}")
        info = root / f"{PACKAGE}-{version}.dist-info"
        info.mkdir()
        (info / "WHEEL").write_text(
            f"Wheel-Version: 1.0\nGenerator: neura\nRoot-Is-Purelib: false\nTag: {tag}\n"
        )
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {PACKAGE}\nVersion: {version}\n"
            "Summary: Tensors, gradients and neural networks, as a PyTorch user knows them\n"
            "License: Apache-2.0\n"
            f"Requires-Python: =={sys.version_info.major}.{sys.version_info.minor}.*\n"
            "Requires-Dist: numpy>=1.22\n"
            "Description-Content-Type: text/markdown\n\n" + pathlib.Path(options.readme).read_text()
        )
        shutil.copy(options.license, info / "LICENSE")
        os.environ.setdefault("SOURCE_DATE_EPOCH", "315532800")  # the same bytes each time
        with WheelFile(options.out, "w") as wheel:
            for path in sorted(root.rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    wheel.write(str(path), str(path.relative_to(root)))


if __name__ == "__main__":
    main()
