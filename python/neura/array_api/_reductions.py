"""Functions of many elements: sums, extremes, means, scans."""

import builtins
import math
from collections.abc import Sequence
from typing import Any

from neura import _C
from neura._C import Tensor
from neura._C import dtype as DType

_Axes = int | Sequence[int] | None


def _axes(x: Tensor, axis: _Axes) -> tuple[int, ...]:
    return tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)


def _sum_dtype(x: Tensor, dtype: DType | None) -> DType:
    """Sums of small integers are 64 bits wide, without a sign where the elements have none."""
    if dtype is not None:
        return dtype
    if x.dtype in (_C.uint8, _C.uint16, _C.uint32, _C.uint64):
        return _C.uint64
    return x.dtype if x.is_floating_point() or x.is_complex() else _C.int64


def all(x: Tensor, /, *, axis: _Axes = None, keepdims: bool = False) -> Tensor:
    """Whether all elements along axes are not zero."""
    axes = _axes(x, axis)
    return _C.all(x, axes, keepdims) if axes else x.to(dtype=_C.bool, copy=True)


def any(x: Tensor, /, *, axis: _Axes = None, keepdims: bool = False) -> Tensor:
    """Whether any element along axes is not zero."""
    axes = _axes(x, axis)
    return _C.any(x, axes, keepdims) if axes else x.to(dtype=_C.bool, copy=True)


def argmax(x: Tensor, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the largest element along an axis, or of all."""
    return _arg_extremum(_C.argmax, x, axis, keepdims)


def argmin(x: Tensor, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """The index of the smallest element along an axis, or of all."""
    return _arg_extremum(_C.argmin, x, axis, keepdims)


def _arg_extremum(function: Any, x: Tensor, axis: int | None, keepdims: bool) -> Tensor:
    result: Tensor = function(x, axis, keepdims)
    return result.reshape((1,) * x.ndim) if axis is None and keepdims else result


def count_nonzero(x: Tensor, /, *, axis: _Axes = None, keepdims: bool = False) -> Tensor:
    """How many elements along axes are not zero."""
    return sum(x != 0, axis=axis, keepdims=keepdims)


def cumulative_prod(
    x: Tensor, /, *, axis: int | None = None, dtype: DType | None = None, include_initial: bool = False
) -> Tensor:
    """Running products, from 1 on if wanted."""
    return _scan(_C.cumprod, 1, x, axis, dtype, include_initial)


def cumulative_sum(
    x: Tensor, /, *, axis: int | None = None, dtype: DType | None = None, include_initial: bool = False
) -> Tensor:
    """Running sums, from 0 on if wanted."""
    return _scan(_C.cumsum, 0, x, axis, dtype, include_initial)


def _scan(function: Any, initial: int, x: Tensor, axis: int | None, dtype: DType | None, include_initial: bool) -> Tensor:
    if axis is None:
        if x.ndim > 1:
            raise ValueError(f"a scan of {x.ndim} dimensions needs an axis")
        axis = 0
    result: Tensor = function(x, axis, dtype=_sum_dtype(x, dtype))
    if include_initial:
        shape = list(result.shape)
        shape[axis] = 1
        result = _C.cat([_C.full(shape, initial, dtype=result.dtype), result], axis)
    return result


def diff(
    x: Tensor, /, *, axis: int = -1, n: int = 1, prepend: Tensor | None = None, append: Tensor | None = None
) -> Tensor:
    """n-th differences of neighbours."""
    return _C.diff(x, n, axis, prepend, append)


def max(x: Tensor, /, *, axis: _Axes = None, keepdims: bool = False) -> Tensor:
    """The largest elements along axes."""
    axes = _axes(x, axis)
    return _C.amax(x, axes, keepdims) if axes else x.clone()


def mean(x: Tensor, /, *, axis: _Axes = None, keepdims: bool = False) -> Tensor:
    """Means along axes."""
    axes = _axes(x, axis)
    return _C.mean(x, axes, keepdims) if axes else x.clone()


def min(x: Tensor, /, *, axis: _Axes = None, keepdims: bool = False) -> Tensor:
    """The smallest elements along axes."""
    axes = _axes(x, axis)
    return _C.amin(x, axes, keepdims) if axes else x.clone()


def prod(x: Tensor, /, *, axis: _Axes = None, dtype: DType | None = None, keepdims: bool = False) -> Tensor:
    """Products along axes."""
    axes, wanted = _axes(x, axis), _sum_dtype(x, dtype)
    return _C.prod(x, axes, keepdims, dtype=wanted) if axes else x.to(dtype=wanted, copy=True)


def std(x: Tensor, /, *, axis: _Axes = None, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """Standard deviations along axes."""
    return _C.sqrt(var(x, axis=axis, correction=correction, keepdims=keepdims))


def sum(x: Tensor, /, *, axis: _Axes = None, dtype: DType | None = None, keepdims: bool = False) -> Tensor:
    """Sums along axes."""
    axes, wanted = _axes(x, axis), _sum_dtype(x, dtype)
    return _C.sum(x, axes, keepdims, dtype=wanted) if axes else x.to(dtype=wanted, copy=True)


def var(x: Tensor, /, *, axis: _Axes = None, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """Variances along axes: squared distances from the mean over N - correction."""
    axes = _axes(x, axis)
    count = math.prod(x.shape[a] for a in axes)
    if not axes:
        return x * 0
    variance: Tensor = _C.var(x, axes, correction=0, keepdim=keepdims)
    if correction == 0:
        return variance
    return _C.div(variance * count, builtins.max(count - correction, 0))
