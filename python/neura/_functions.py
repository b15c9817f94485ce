"""Functions of tensors that are written in Python, most of them methods too."""

from collections.abc import Sequence
from typing import Any

from neura import _C
from neura._C import Generator, Tensor


def is_floating_point(input: Tensor) -> bool:
    """Whether the dtype of a tensor is a floating point one."""
    return input.dtype.is_floating_point


def is_complex(input: Tensor) -> bool:
    """Whether the dtype of a tensor is a complex one."""
    return input.dtype.is_complex


def numel(input: Tensor) -> int:
    """The number of elements."""
    return input.numel()


def equal(input: Tensor, other: Tensor) -> bool:
    """Whether two tensors have the same shape and elements."""
    return input.shape == other.shape and bool(_C.all(_C.eq(input, other)))


def nonzero(input: Tensor, as_tuple: bool = False) -> Any:
    """The positions of the elements that are not zero: int64 [count, dims], or a tuple of columns.

    As a tuple, a number is seen as a vector of one element.
    """
    if as_tuple and input.ndim == 0:
        input = input.reshape(1)
    places = _C.arange(input.numel())[(input != 0).reshape(-1)]
    columns = []
    for extent in reversed(input.shape):
        columns.append(places % extent)
        places = places // extent
    columns.reverse()
    if as_tuple:
        return tuple(columns)
    return _C.stack(columns, 1) if columns else _C.zeros(places.numel(), 0, dtype=_C.int64)


def count_nonzero(input: Tensor, dim: Any = None) -> Tensor:
    """How many elements are not zero."""
    return (input != 0).sum(dim)


def masked_select(input: Tensor, mask: Tensor) -> Tensor:
    """The elements where the mask holds, in one dimension."""
    shape = (_C.zeros(1, dtype=_C.bool).expand(input.shape) | mask).shape
    return input.expand(shape)[mask.expand(shape)]


def scatter(input: Tensor, dim: int, index: Tensor, src: Any) -> Tensor:
    """input with result[index[i][j]][j] = src[i][j] for dim 0, and so on; src may be a number.

    Where two elements of a tensor src have one place, the result is their sum.
    """
    places = _C.scatter_add(_C.zeros(input.shape), dim, index, _C.ones(index.shape)) > 0
    if not isinstance(src, _C.Tensor):
        return input.masked_fill(places, src)
    source = src[tuple(slice(extent) for extent in index.shape)].to(input.dtype)
    return _C.scatter_add(input.masked_fill(places, 0), dim, index, source)


def movedim(input: Tensor, source: Any, destination: Any) -> Tensor:
    """With dimensions moved to other places."""
    listed = (int, _C.Tensor)
    source = [source] if isinstance(source, listed) else list(source)
    destination = [destination] if isinstance(destination, listed) else list(destination)
    order = [d for d in range(input.ndim) if d not in [s % input.ndim for s in source]]
    for place, dim in sorted(zip((d % input.ndim for d in destination), source)):
        order.insert(place, dim % input.ndim)
    return input.permute(order)


def roll(input: Tensor, shifts: Any, dims: Any = None) -> Tensor:
    """Elements moved along dims, those that leave at one end coming back at the other."""
    if dims is None:
        return roll(input.reshape(-1), shifts, 0).reshape(input.shape)
    shifts = [shifts] if isinstance(shifts, int) else shifts
    for shift, dim in zip(shifts, [dims] if isinstance(dims, int) else dims):
        extent = input.size(dim)
        if extent and shift % extent:
            start = extent - shift % extent
            input = _C.cat([input.narrow(dim, start, extent - start), input.narrow(dim, 0, start)], dim)
    return input


def bernoulli(input: Tensor, *, generator: Generator | None = None) -> Tensor:
    """1 with the probability that each element gives, else 0."""
    draws = _C.rand(input.shape, generator=generator, dtype=input.dtype)
    return (draws < input).to(input.dtype)


def diag(input: Tensor, diagonal: int = 0) -> Tensor:
    """A diagonal of a matrix, or the matrix with that diagonal."""
    if input.ndim == 2:
        return _C.diagonal(input, diagonal)
    extent = input.numel() + abs(diagonal)
    rows = _C.arange(input.numel()) + max(-diagonal, 0)
    flat = _C.zeros(extent * extent, dtype=input.dtype)
    places = rows * extent + rows + diagonal
    return _C.index_add(flat, 0, places, input).reshape(extent, extent)


def trace(input: Tensor) -> Tensor:
    """The sum of a matrix's diagonal."""
    return _C.diagonal(input).sum()


def hstack(tensors: Sequence[Tensor]) -> Tensor:
    """Joined side by side: along dim 1, or dim 0 of vectors."""
    tensors = [t.reshape(1) if t.ndim == 0 else t for t in tensors]
    return _C.cat(tensors, 0 if tensors[0].ndim == 1 else 1)


def vstack(tensors: Sequence[Tensor]) -> Tensor:
    """Joined along dim 0; vectors are rows."""
    return _C.cat([t.reshape(1, -1) if t.ndim < 2 else t for t in tensors], 0)


def meshgrid(*tensors: Any, indexing: str = "ij") -> tuple[Tensor, ...]:
    """For vectors, the coordinates of all points of their grid, a tensor for each."""
    if len(tensors) == 1 and isinstance(tensors[0], (list, tuple)):
        tensors = tuple(tensors[0])
    if indexing not in ("ij", "xy"):
        raise ValueError(f"meshgrid: indexing must be 'ij' or 'xy', not {indexing!r}")
    shape = [t.numel() for t in tensors]
    grids = tuple(
        t.reshape([-1 if i == k else 1 for k in range(len(shape))]).expand(shape)
        for i, t in enumerate(tensors)
    )
    return tuple(g.swapaxes(0, 1) for g in grids) if indexing == "xy" and len(shape) > 1 else grids


# Which of them are methods too.
METHODS = (
    bernoulli,
    count_nonzero,
    diag,
    equal,
    is_complex,
    masked_select,
    movedim,
    nonzero,
    roll,
    scatter,
    trace,
)

# Other names of functions, and of the methods of these names.
ALIASES = {
    "absolute": "abs",
    "arccos": "acos",
    "arcsin": "asin",
    "arctan": "atan",
    "arctan2": "atan2",
    "asarray": "as_tensor",
    "clip": "clamp",
    "concatenate": "cat",
    "divide": "div",
    "greater": "gt",
    "greater_equal": "ge",
    "less": "lt",
    "less_equal": "le",
    "multiply": "mul",
    "negative": "neg",
    "not_equal": "ne",
    "subtract": "sub",
    "swapdims": "swapaxes",
    "true_divide": "div",
}
