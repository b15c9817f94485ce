"""Tensors from extents, numbers and data."""

from collections.abc import Sequence
from typing import Any

from neura import _C
from neura._C import Tensor
from neura._C import dtype as DType


def arange(
    start: float, /, stop: float | None = None, step: float = 1, *, dtype: DType | None = None, device: Any = None
) -> Tensor:
    """start, start + step, ... below stop; with one number, from 0 to below it."""
    if stop is None:
        start, stop = 0, start
    if dtype is None and any(isinstance(number, float) for number in (start, stop, step)):
        dtype = _C.get_default_dtype()
    if (stop - start) / step <= 0:  # here nothing is an interval, too
        stop = start
    return _C.arange(start, stop, step, dtype=dtype, device=device or "cpu")


def asarray(obj: Any, /, *, dtype: DType | None = None, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor of numbers, nested sequences, a buffer or another tensor, copied only where it must be or `copy` says so."""
    if isinstance(obj, Tensor):
        if copy is False and dtype not in (None, obj.dtype):
            raise ValueError(f"asarray: {obj.dtype!r} to {dtype!r} without a copy")
        return obj.to(dtype=dtype or obj.dtype, device=device or obj.device, copy=bool(copy))
    if copy is False and not (hasattr(obj, "__dlpack__") or hasattr(obj, "__array_interface__") or _is_buffer(obj)):
        raise ValueError(f"asarray: {type(obj).__name__} has no memory to share")
    if copy:
        return _C.tensor(obj, dtype=dtype, device=device or "cpu")
    return _C.as_tensor(obj, dtype=dtype, device=device or "cpu")


def _is_buffer(obj: Any) -> bool:
    try:
        memoryview(obj)
    except TypeError:
        return False
    return True


def empty(shape: int | Sequence[int], *, dtype: DType | None = None, device: Any = None) -> Tensor:
    """Uninitialized memory."""
    return _C.empty(shape, dtype=dtype, device=device or "cpu")


def empty_like(x: Tensor, /, *, dtype: DType | None = None, device: Any = None) -> Tensor:
    """Uninitialized memory of the tensor's shape."""
    return _C.empty(x.shape, dtype=dtype or x.dtype, device=device or x.device)


def eye(
    n_rows: int, n_cols: int | None = None, /, *, k: int = 0, dtype: DType | None = None, device: Any = None
) -> Tensor:
    """Ones on the k-th diagonal, zeros elsewhere."""
    n_cols = n_rows if n_cols is None else n_cols
    result = _C.zeros(n_rows, n_cols, dtype=dtype, device=device or "cpu")
    if -n_rows < k < n_cols:
        result.diagonal(k).fill_(1)
    return result


def from_dlpack(x: Any, /, *, device: Any = None, copy: bool | None = None) -> Tensor:
    """A tensor over the memory of an object with `__dlpack__`, or a copy of it."""
    tensor = _C.from_dlpack(x)
    return tensor.to(device=device or tensor.device, copy=bool(copy))


def full(shape: int | Sequence[int], fill_value: complex, *, dtype: DType | None = None, device: Any = None) -> Tensor:
    """One number everywhere."""
    return _C.full(_shape(shape), fill_value, dtype=dtype, device=device or "cpu")


def full_like(x: Tensor, /, fill_value: complex, *, dtype: DType | None = None, device: Any = None) -> Tensor:
    """One number everywhere, in the tensor's shape."""
    return _C.full(x.shape, fill_value, dtype=dtype or x.dtype, device=device or x.device)


def linspace(
    start: complex,
    stop: complex,
    /,
    num: int,
    *,
    dtype: DType | None = None,
    device: Any = None,
    endpoint: bool = True,
) -> Tensor:
    """num numbers at equal distances from start to stop, or to the one before it."""
    if num == 0:
        return empty(0, dtype=dtype, device=device)
    count = num if endpoint else num + 1
    if isinstance(start, complex) or isinstance(stop, complex) or (dtype is not None and dtype.is_complex):
        parts = [_C.linspace(a, b, count, dtype=_C.float64) for a, b in zip(_parts(start), _parts(stop))]
        numbers = _C.complex(*parts)
        wanted = dtype or (_C.complex128 if _C.get_default_dtype() == _C.float64 else _C.complex64)
        return numbers[:num].to(device=device or "cpu", dtype=wanted)
    return _C.linspace(start, stop, count, dtype=dtype, device=device or "cpu")[:num]


def _parts(number: complex) -> tuple[float, float]:
    return number.real, number.imag


def _shape(shape: int | Sequence[int]) -> Sequence[int]:
    return (shape,) if isinstance(shape, int) else shape


def meshgrid(*arrays: Tensor, indexing: str = "xy") -> list[Tensor]:
    """The coordinates of a grid of vectors."""
    return list(_C.meshgrid(*arrays, indexing=indexing)) if arrays else []


def ones(shape: int | Sequence[int], *, dtype: DType | None = None, device: Any = None) -> Tensor:
    """1 everywhere."""
    return _C.ones(shape, dtype=dtype, device=device or "cpu")


def ones_like(x: Tensor, /, *, dtype: DType | None = None, device: Any = None) -> Tensor:
    """1 everywhere, in the tensor's shape."""
    return _C.ones(x.shape, dtype=dtype or x.dtype, device=device or x.device)


def tril(x: Tensor, /, *, k: int = 0) -> Tensor:
    """The matrices with zeros above the k-th diagonal."""
    return _C.tril(x, k)


def triu(x: Tensor, /, *, k: int = 0) -> Tensor:
    """The matrices with zeros below the k-th diagonal."""
    return _C.triu(x, k)


def zeros(shape: int | Sequence[int], *, dtype: DType | None = None, device: Any = None) -> Tensor:
    """0 everywhere."""
    return _C.zeros(shape, dtype=dtype, device=device or "cpu")


def zeros_like(x: Tensor, /, *, dtype: DType | None = None, device: Any = None) -> Tensor:
    """0 everywhere, in the tensor's shape."""
    return _C.zeros(x.shape, dtype=dtype or x.dtype, device=device or x.device)
