#!/usr/bin/env python3
"""Writes the stubs that the package's sources and its extension imply, the same for every Python and machine, as one archive.

usage: build_stubs.py --extension=_C.so --out=ARCHIVE SOURCES...
"""

import argparse
import importlib
import pathlib
import sys
import sysconfig
import tempfile
import zipfile

import stage
import stubs


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--extension", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("sources", nargs="+")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        stage.copy_package(options.sources, root)
        stage.copy_extension(options.extension, sysconfig.get_config_var("EXT_SUFFIX"), root)
        sys.path.insert(0, str(root))
        sys.dont_write_bytecode = True
        extension = importlib.import_module(f"{stage.PACKAGE}._C")
        texts = stubs.all_stubs(extension, root / stage.PACKAGE)
    with zipfile.ZipFile(options.out, "w") as archive:
        for path, text in sorted(texts.items()):
            archive.writestr(zipfile.ZipInfo(str(path)), text)


if __name__ == "__main__":
    main()
