"""Transforms made of others, whatever callables these are, and transforms of Python's own objects."""

import enum
from collections.abc import Callable, Sequence
from typing import Any

from neura import _C
from neura._C import Tensor


class InterpolationMode(str, enum.Enum):
    """How pixels are read between others."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"


def _random(count: int = 1) -> list[float]:
    return list(_C.rand(count).tolist())


class Compose:
    """One transform after the other."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for transform in self.transforms:
            img = transform(img)
        return img

    def __repr__(self) -> str:
        return f"{type(self).__name__}(\n" + "".join(f"    {t}\n" for t in self.transforms) + ")"


class Lambda:
    """A function."""

    def __init__(self, lambd: Callable[..., Any]) -> None:
        if not callable(lambd):
            raise TypeError(f"Argument lambd should be callable, got {type(lambd).__name__!r}")
        self.lambd = lambd

    def __call__(self, img: Any) -> Any:
        return self.lambd(img)

    def __repr__(self) -> str:
        return "Lambda()"


class RandomApply:
    """All of the transforms with probability p."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]], p: float = 0.5) -> None:
        self.transforms, self.p = transforms, p

    def __call__(self, img: Any) -> Any:
        if _random()[0] < self.p:
            for transform in self.transforms:
                img = transform(img)
        return img

    def __repr__(self) -> str:
        return f"RandomApply(\n    p={self.p}\n" + "".join(f"    {t}\n" for t in self.transforms) + ")"


class RandomChoice:
    """One of the transforms, with probabilities in proportion to p, or equal ones."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]], p: Sequence[float] | None = None) -> None:
        if p is not None and len(p) != len(transforms):
            raise ValueError(f"RandomChoice: {len(p)} probabilities for {len(transforms)} transforms")
        self.transforms, self.p = transforms, p

    def __call__(self, img: Any) -> Any:
        if self.p is None:
            chosen = int(_C.randint(0, len(self.transforms), ()).item())
        else:
            chosen = int(_C.multinomial(_C.tensor(self.p, dtype=_C.float64), 1).item())
        return self.transforms[chosen](img)

    def __repr__(self) -> str:
        return f"RandomChoice({list(self.transforms)}, p={self.p})"


class RandomOrder:
    """All of the transforms in a random order."""

    def __init__(self, transforms: Sequence[Callable[[Any], Any]]) -> None:
        self.transforms = transforms

    def __call__(self, img: Any) -> Any:
        for i in _C.randperm(len(self.transforms)).tolist():
            img = self.transforms[i](img)
        return img

    def __repr__(self) -> str:
        return "RandomOrder(\n" + "".join(f"    {t}\n" for t in self.transforms) + ")"


def _pixels(picture: Any) -> Tensor:
    """The tensor [C, H, W] of an array [H, W, C] or [H, W], or of what becomes one, such as a PIL image."""
    import numpy

    array = numpy.asarray(picture)
    if array.ndim not in (2, 3):
        raise ValueError(f"pic should be 2/3 dimensional. Got {array.ndim} dimensions.")
    array = array[:, :, None] if array.ndim == 2 else array
    return _C.from_numpy(numpy.ascontiguousarray(array.transpose(2, 0, 1)))


class PILToTensor:
    """A PIL image or an array [H, W, C] as a tensor [C, H, W] of the same dtype; an image that is a tensor stays as it is."""

    def __call__(self, pic: Any) -> Tensor:
        return pic if isinstance(pic, _C.Tensor) else _pixels(pic)

    def __repr__(self) -> str:
        return "PILToTensor()"


class ToTensor:
    """A PIL image, an array [H, W, C] or [H, W], or an image tensor [C, H, W] as a tensor [C, H, W]: uint8 as float32 from
    0 to 1, other dtypes as they are."""

    def __call__(self, pic: Any) -> Tensor:
        tensor = pic if isinstance(pic, _C.Tensor) else _pixels(pic)
        return tensor.to(_C.float32) / 255 if tensor.dtype is _C.uint8 else tensor

    def __repr__(self) -> str:
        return "ToTensor()"


class _Mix:
    _cut = False

    def __init__(self, *, alpha: float = 1.0, num_classes: int | None = None) -> None:
        if not alpha > 0:
            raise ValueError(f"{type(self).__name__}: alpha is {alpha}; a positive number is expected")
        self.alpha, self.num_classes = float(alpha), num_classes

    def __call__(self, images: Any, labels: Any = None) -> tuple[Tensor, Tensor]:
        if labels is None:
            images, labels = images
        mixed: tuple[Tensor, Tensor] = _C.data.mix(self.alpha, self.num_classes or 0, self._cut, images, labels)
        return mixed

    def __repr__(self) -> str:
        return f"{type(self).__name__}(alpha={self.alpha}, num_classes={self.num_classes})"


class MixUp(_Mix):
    """A batch, images [N, ...] and labels [N] or shares of classes [N, num_classes], each mixed with the one before it;
    the labels become shares, float32 (Zhang et al., arXiv:1710.09412)."""


class CutMix(_Mix):
    """The same, but that a rectangle of the image comes from the other one (Yun et al., arXiv:1905.04899)."""

    _cut = True


def native_transforms(transform: Any) -> list[Any] | None:
    """The transforms of C++ that a transform, or a list of them, is made of; None where others are among them."""
    if transform is None:
        return []
    if isinstance(transform, _C.data.Transform):
        return [transform]
    if type(transform) is Compose or isinstance(transform, (list, tuple)):
        inside: Any = transform.transforms if isinstance(transform, Compose) else transform
        parts = [native_transforms(part) for part in inside]
        if all(part is not None for part in parts):
            return [inner for part in parts for inner in part or ()]
        if isinstance(transform, (list, tuple)):
            raise TypeError("transform: a list has to be one of transforms of C++; Compose takes any")
    return None
