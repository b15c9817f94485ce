"""Lays out the package as it will be installed."""

import pathlib
import shutil

PACKAGE = "neura"


def copy_package(sources, root):
    """Copies the package's files, which lie below some folder of its name, into `root`."""
    for source in sources:
        relative = source[source.index(f"/{PACKAGE}/") + 1 :]
        target = root / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def copy_extension(extension, suffix, root):
    """Copies the compiled module, whose file name ends in what one version of Python on one machine looks for."""
    shutil.copy(pathlib.Path(extension), root / PACKAGE / f"_C{suffix}")
