"""Transforms of images [C, H, W], computed in C++."""

from collections.abc import Iterable
from typing import Any

from neura import _C


def ToFloat() -> Any:
    """uint8 in [0, 255] to float32 in [0, 1]."""
    return _C.data.to_float()


def Normalize(mean: Iterable[float], std: Iterable[float]) -> Any:
    """(image - mean) / std, for each channel."""
    return _C.data.normalize([float(m) for m in mean], [float(s) for s in std])


def RandomHorizontalFlip(p: float = 0.5) -> Any:
    """Mirrors an image left to right with probability p."""
    return _C.data.random_horizontal_flip(p)


def RandomCrop(size: int, padding: int = 0) -> Any:
    """A square at a random place, after padding with zeros."""
    return _C.data.random_crop(size, padding)
