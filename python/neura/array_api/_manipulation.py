"""Functions of shapes."""

from collections.abc import Sequence

from neura import _C
from neura._C import Tensor


def broadcast_arrays(*arrays: Tensor) -> list[Tensor]:
    """The tensors in the shape that they broadcast to."""
    return list(_C.broadcast_tensors(list(arrays)))


def broadcast_to(x: Tensor, /, shape: Sequence[int]) -> Tensor:
    """The tensor repeated to a shape, without a copy."""
    return x.expand(shape)


def concat(arrays: Sequence[Tensor], /, *, axis: int | None = 0) -> Tensor:
    """The tensors one after the other; without an axis, flattened."""
    return _C.cat([a.reshape(-1) for a in arrays], 0) if axis is None else _C.cat(list(arrays), axis)


def expand_dims(x: Tensor, /, axis: int = 0) -> Tensor:
    """With an axis of extent 1 more."""
    return x.unsqueeze(axis)


def flip(x: Tensor, /, *, axis: int | Sequence[int] | None = None) -> Tensor:
    """Reversed along an axis, some, or all."""
    return _C.flip(x, range(x.ndim) if axis is None else axis)


def moveaxis(x: Tensor, source: int | Sequence[int], destination: int | Sequence[int], /) -> Tensor:
    """With axes at other places."""
    return _C.movedim(x, source, destination)


def permute_dims(x: Tensor, /, axes: Sequence[int]) -> Tensor:
    """With its axes in another order."""
    return x.permute(axes)


def repeat(x: Tensor, repeats: int | Tensor, /, *, axis: int | None = None) -> Tensor:
    """Each element several times; without an axis, flattened."""
    return _C.repeat_interleave(x, repeats, dim=axis)


def reshape(x: Tensor, /, shape: Sequence[int], *, copy: bool | None = None) -> Tensor:
    """In another shape of as many elements, copied where it must be; always or never as `copy` says."""
    if copy:
        return x.clone().reshape(shape)
    return x.reshape(shape) if copy is None else x.view(shape)


def roll(x: Tensor, /, shift: int | Sequence[int], *, axis: int | Sequence[int] | None = None) -> Tensor:
    """Shifted along axes, around the ends; without an axis, as if flattened."""
    if isinstance(shift, int) and isinstance(axis, (tuple, list)):
        shift = (shift,) * len(axis)
    return _C.roll(x, shift) if axis is None else _C.roll(x, shift, axis)


def squeeze(x: Tensor, /, axis: int | Sequence[int]) -> Tensor:
    """Without axes of extent 1; others are errors."""
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    for one in axes:
        if not -x.ndim <= one < x.ndim or x.shape[one] != 1:
            raise ValueError(f"squeeze: axis {one} of {list(x.shape)} has not the extent 1")
    return x.squeeze(axes) if axes else x


def stack(arrays: Sequence[Tensor], /, *, axis: int = 0) -> Tensor:
    """The tensors beside each other along a new axis."""
    return _C.stack(list(arrays), axis)


def tile(x: Tensor, repetitions: Sequence[int], /) -> Tensor:
    """The tensor repeated along each axis."""
    return _C.tile(x, tuple(repetitions))


def unstack(x: Tensor, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    """The parts along an axis."""
    parts: tuple[Tensor, ...] = _C.unbind(x, axis)
    return parts
