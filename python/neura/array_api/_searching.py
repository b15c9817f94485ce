"""Functions that look for elements, choose and sort them."""

from typing import Any, NamedTuple

from neura import _C
from neura._C import Tensor
from neura.array_api._elementwise import promoted


class UniqueAll(NamedTuple):
    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCounts(NamedTuple):
    values: Tensor
    counts: Tensor


class UniqueInverse(NamedTuple):
    values: Tensor
    inverse_indices: Tensor


def argsort(x: Tensor, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """The indices that sort along an axis."""
    return _C.argsort(x, dim=axis, descending=descending, stable=stable)


def nonzero(x: Tensor, /) -> tuple[Tensor, ...]:
    """The indices of the elements that are not zero, a vector for each axis."""
    if x.ndim == 0:
        raise ValueError("nonzero: expected one dimension at least")
    indices: tuple[Tensor, ...] = _C.nonzero(x, as_tuple=True)
    return indices


def searchsorted(x1: Tensor, x2: Tensor, /, *, side: str = "left", sorter: Tensor | None = None) -> Tensor:
    """Where each element of x2 would stand in the sorted vector x1."""
    return _C.searchsorted(x1, x2, side=side, sorter=sorter)


def sort(x: Tensor, /, *, axis: int = -1, descending: bool = False, stable: bool = True) -> Tensor:
    """Sorted along an axis."""
    values: Tensor = _C.sort(x, dim=axis, descending=descending, stable=stable)[0]
    return values


def take(x: Tensor, indices: Tensor, /, *, axis: int | None = None) -> Tensor:
    """The parts at a vector of indices along an axis."""
    if axis is None and x.ndim != 1:
        raise ValueError(f"take: {x.ndim} dimensions need an axis")
    return _C.index_select(x, 0 if axis is None else axis, _from_start(indices, x.shape[axis or 0]))


def take_along_axis(x: Tensor, indices: Tensor, /, *, axis: int = -1) -> Tensor:
    """For each place the element at its index along an axis; the other axes broadcast."""
    return _C.take_along_dim(x, _from_start(indices, x.shape[axis]), axis)


def _from_start(indices: Tensor, extent: int) -> Tensor:
    indices = indices.to(dtype=_C.int64)
    return _C.where(indices < 0, indices + extent, indices)


def unique_all(x: Tensor, /) -> Any:
    """The different elements sorted, where each comes first, which each element is, and how often it comes."""
    values, inverse, counts = _unique(x)
    order = _C.argsort(inverse.reshape(-1), stable=True)
    first = order[_C.cumsum(counts, 0) - counts]
    return UniqueAll(values, first, inverse, counts)


def unique_counts(x: Tensor, /) -> Any:
    """The different elements sorted, and how often each comes."""
    values, _, counts = _unique(x)
    return UniqueCounts(values, counts)


def unique_inverse(x: Tensor, /) -> Any:
    """The different elements sorted, and which of them each element is."""
    values, inverse, _ = _unique(x)
    return UniqueInverse(values, inverse)


def unique_values(x: Tensor, /) -> Tensor:
    """The different elements, sorted."""
    return _unique(x)[0]


def _unique(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    values, inverse, counts = _C.unique(x, return_inverse=True, return_counts=True)
    return values, inverse, counts


def where(condition: Tensor, x1: Any, x2: Any, /) -> Tensor:
    """x1 where condition holds, x2 elsewhere."""
    return _C.where(condition, *promoted(x1, x2))
