"""Transforms of images [C, H, W], computed in C++."""

from neura import _C


def ToFloat():
    """uint8 in [0, 255] to float32 in [0, 1]."""
    return _C.data.to_float()


def Normalize(mean, std):
    """(image - mean) / std, for each channel."""
    return _C.data.normalize([float(m) for m in mean], [float(s) for s in std])


def RandomHorizontalFlip(p=0.5):
    """Mirrors an image left to right with probability p."""
    return _C.data.random_horizontal_flip(p)


def RandomCrop(size, padding=0):
    """A square at a random place, after padding with zeros."""
    return _C.data.random_crop(size, padding)
