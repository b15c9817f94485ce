#!/usr/bin/env python3
"""Makes a wheel of the package: its sources, the extension for one version of Python and one machine, and the stubs.

usage: build_wheel.py --python=3.11 --platform=manylinux_2_28_x86_64 --extension=_C.so --stubs=ARCHIVE --readme=README.md
           --license=NAME=FILE... --out=WHEEL SOURCES...
"""

import argparse
import os
import pathlib
import shutil
import sys
import tempfile
import zipfile

import stage
from wheel.wheelfile import WheelFile

# The licences of what the extension holds, https://spdx.org/licenses.
LICENSES = "Apache-2.0 AND Apache-2.0 WITH LLVM-exception AND BSD-2-Clause AND BSD-3-Clause AND IJG AND MIT AND MPL-2.0 AND Zlib AND libpng-2.0"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--python", required=True)
    parser.add_argument("--platform", required=True)
    parser.add_argument("--extension", required=True)
    parser.add_argument("--stubs", required=True)
    parser.add_argument("--readme", required=True)
    parser.add_argument("--license", action="append", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("sources", nargs="+")
    options = parser.parse_args()

    major, minor = options.python.split(".")
    machine = options.platform.partition("_")[2].lstrip("0123456789_")
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        package = root / stage.PACKAGE
        stage.copy_package(options.sources, root)
        stage.copy_extension(options.extension, f".cpython-{major}{minor}-{machine}-linux-gnu.so", root)
        with zipfile.ZipFile(options.stubs) as archive:
            archive.extractall(package)
        (package / "py.typed").touch()

        scope = {}
        exec((package / "_version.py").read_text(), scope)
        version = scope["__version__"]
        tag = f"cp{major}{minor}-cp{major}{minor}-{options.platform}"
        name = f"{stage.PACKAGE}-{version}-{tag}.whl"
        if pathlib.Path(options.out).name != name:
            sys.exit(f"python/BUILD names the wheel {options.out}, but here it is {name}")
        info = root / f"{stage.PACKAGE}-{version}.dist-info"
        licenses = info / "licenses"
        licenses.mkdir(parents=True)
        license_files = []
        for entry in options.license:
            library, _, path = entry.partition("=")
            shutil.copy(path, licenses / library)
            license_files.append(f"License-File: {library}\n")
        (info / "WHEEL").write_text(
            f"Wheel-Version: 1.0\nGenerator: neura\nRoot-Is-Purelib: false\nTag: {tag}\n"
        )
        (info / "entry_points.txt").write_text("[console_scripts]\nneura = neura.__main__:main\n")
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.4\nName: {stage.PACKAGE}\nVersion: {version}\n"
            "Summary: Tensors, gradients and neural networks, as a PyTorch user knows them\n"
            f"License-Expression: {LICENSES}\n" + "".join(license_files) +
            f"Requires-Python: =={major}.{minor}.*\n"
            "Requires-Dist: numpy>=1.22\n"
            "Description-Content-Type: text/markdown\n\n" + pathlib.Path(options.readme).read_text()
        )
        os.environ.setdefault("SOURCE_DATE_EPOCH", "315532800")  # the same bytes each time
        with WheelFile(options.out, "w") as wheel:
            for path in sorted(root.rglob("*")):
                if path.is_file() and "__pycache__" not in path.parts:
                    wheel.write(str(path), str(path.relative_to(root)))


if __name__ == "__main__":
    main()
