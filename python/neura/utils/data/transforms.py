"""Transforms of images [..., C, H, W]: computed in C++, under the names of torchvision.transforms."""

from neura import _C
from neura.utils.data.composition import (
    Compose,
    CutMix,
    InterpolationMode,
    Lambda,
    MixUp,
    PILToTensor,
    RandomApply,
    RandomChoice,
    RandomOrder,
    ToTensor,
)

globals().update({name: value for name, value in vars(_C.data.transforms).items() if not name.startswith("_")})
