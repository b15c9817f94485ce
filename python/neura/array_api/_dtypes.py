"""The standard's dtypes, and functions of dtypes."""

import builtins
from typing import Any, NamedTuple

from neura import _C
from neura._C import Tensor
from neura._C import dtype as DType

bool = _C.bool
int8, int16, int32, int64 = _C.int8, _C.int16, _C.int32, _C.int64
uint8, uint16, uint32, uint64 = _C.uint8, _C.uint16, _C.uint32, _C.uint64
float32, float64 = _C.float32, _C.float64
complex64, complex128 = _C.complex64, _C.complex128

KINDS: dict[str, tuple[DType, ...]] = {
    "bool": (bool,),
    "signed integer": (int8, int16, int32, int64),
    "unsigned integer": (uint8, uint16, uint32, uint64),
    "real floating": (float32, float64),
    "complex floating": (complex64, complex128),
}
KINDS["integral"] = KINDS["signed integer"] + KINDS["unsigned integer"]
KINDS["numeric"] = KINDS["integral"] + KINDS["real floating"] + KINDS["complex floating"]


def astype(x: Tensor, dtype: DType, /, *, copy: builtins.bool = True, device: Any = None) -> Tensor:
    """The elements converted to a dtype; without copy the tensor itself where it has that dtype already."""
    if x.is_complex() and not dtype.is_complex:
        raise TypeError(f"astype: complex numbers do not fit into {dtype!r}: take real() or imag()")
    return x.to(device=device or x.device, dtype=dtype, copy=copy)


def can_cast(from_: DType | Tensor, to: DType, /) -> builtins.bool:
    """Whether the standard's promotion leads from one dtype to the other."""
    source = from_.dtype if isinstance(from_, Tensor) else from_
    if not isinstance(to, DType):
        raise TypeError(f"can_cast: expected a dtype, not {type(to).__name__}")
    whole = (*KINDS["integral"], bool)
    if (source in whole) != (to in whole) or (source is bool) != (to is bool):
        return False  # the standard promotes within kinds alone, and real numbers to complex ones
    try:
        return _C.promote_types(source, to) == to
    except (TypeError, ValueError):
        return False


class FloatInfo(NamedTuple):
    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: DType


class IntegerInfo(NamedTuple):
    bits: int
    max: int
    min: int
    dtype: DType


def finfo(type: DType | Tensor, /) -> FloatInfo:
    """Limits of a floating-point dtype; of a complex one those of its parts."""
    dtype = type.dtype if isinstance(type, Tensor) else type
    dtype = {complex64: float32, complex128: float64}.get(dtype, dtype)
    limits = _C.finfo(dtype)
    return FloatInfo(limits.bits, limits.eps, limits.max, limits.min, limits.smallest_normal, dtype)


def iinfo(type: DType | Tensor, /) -> IntegerInfo:
    """Limits of an integer dtype."""
    dtype = type.dtype if isinstance(type, Tensor) else type
    limits = _C.iinfo(dtype)
    return IntegerInfo(limits.bits, limits.max, limits.min, dtype)


def isdtype(dtype: DType, kind: DType | str | tuple[DType | str, ...]) -> builtins.bool:
    """Whether a dtype is another, of a kind such as "real floating", or one of several."""
    if isinstance(kind, tuple):
        return any(isdtype(dtype, one) for one in kind)
    if isinstance(kind, str):
        if kind not in KINDS:
            raise ValueError(f"isdtype: no kind {kind!r}; there are {', '.join(KINDS)}")
        return dtype in KINDS[kind]
    return dtype == kind


def result_type(*arrays_and_dtypes: Any) -> DType:
    """The dtype of a result of all these tensors, dtypes and numbers; numbers have a say by their kind alone."""
    dtypes = [a.dtype if isinstance(a, Tensor) else a for a in arrays_and_dtypes if isinstance(a, (Tensor, DType))]
    if not dtypes:
        raise ValueError("result_type: expected at least one tensor or dtype")
    result = dtypes[0]
    for dtype in dtypes[1:]:
        result = _C.promote_types(result, dtype)
    numbers = [a for a in arrays_and_dtypes if not isinstance(a, (Tensor, DType))]
    for number in numbers:
        result = _C.result_type(_C.empty(1, dtype=result), number)
    return result
