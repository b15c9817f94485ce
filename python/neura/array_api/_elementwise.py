"""Functions that work element by element."""

from collections.abc import Callable
from typing import Any

from neura import _C
from neura._C import Tensor

_Unary = Callable[[Tensor], Tensor]
_Binary = Callable[[Any, Any], Tensor]


def _unary(function: Callable[..., Any]) -> _Unary:
    def of_one(x: Tensor, /) -> Tensor:
        result: Tensor = function(x)
        return result

    of_one.__doc__ = function.__doc__
    return of_one


def promoted(x1: Any, x2: Any) -> tuple[Tensor, Tensor]:
    """Two tensors, or a tensor and a number, as tensors of one dtype; here one without dimensions counts as any other."""
    if not isinstance(x1, Tensor):
        x1 = _C.scalar_tensor(x1, dtype=_C.result_type(x2.reshape(-1), x1))
    if not isinstance(x2, Tensor):
        x2 = _C.scalar_tensor(x2, dtype=_C.result_type(x1.reshape(-1), x2))
    dtype = _C.promote_types(x1.dtype, x2.dtype)
    return x1.to(dtype=dtype), x2.to(dtype=dtype)


def _binary(function: Callable[..., Any]) -> _Binary:
    """Of two tensors, or a tensor and a number."""

    def of_two(x1: Any, x2: Any, /) -> Tensor:
        result: Tensor = function(*promoted(x1, x2))
        return result

    of_two.__doc__ = function.__doc__
    return of_two


def _identity(x: Tensor) -> Tensor:
    return x


abs = _unary(_C.abs)
acos = _unary(_C.acos)
acosh = _unary(_C.acosh)
asin = _unary(_C.asin)
asinh = _unary(_C.asinh)
atan = _unary(_C.atan)
atanh = _unary(_C.atanh)
bitwise_invert = _unary(_C.bitwise_not)
ceil = _unary(_C.ceil)
conj = _unary(_C.conj)
cos = _unary(_C.cos)
cosh = _unary(_C.cosh)
exp = _unary(_C.exp)
expm1 = _unary(_C.expm1)
floor = _unary(_C.floor)
imag = _unary(_C.imag)
isfinite = _unary(_C.isfinite)
isinf = _unary(_C.isinf)
isnan = _unary(_C.isnan)
log = _unary(_C.log)
log1p = _unary(_C.log1p)
log2 = _unary(_C.log2)
log10 = _unary(_C.log10)
logical_not = _unary(_C.logical_not)
negative = _unary(_C.neg)
positive = _unary(_identity)
real = _unary(_C.real)
reciprocal = _unary(_C.reciprocal)
sign = _unary(_C.sgn)
signbit = _unary(_C.signbit)
sin = _unary(_C.sin)
sinh = _unary(_C.sinh)
sqrt = _unary(_C.sqrt)
square = _unary(_C.square)
tan = _unary(_C.tan)
tanh = _unary(_C.tanh)
trunc = _unary(_C.trunc)

add = _binary(_C.add)
atan2 = _binary(_C.atan2)
bitwise_and = _binary(_C.bitwise_and)
bitwise_left_shift = _binary(_C.bitwise_left_shift)
bitwise_or = _binary(_C.bitwise_or)
bitwise_right_shift = _binary(_C.bitwise_right_shift)
bitwise_xor = _binary(_C.bitwise_xor)
copysign = _binary(_C.copysign)
divide = _binary(_C.div)
equal = _binary(_C.eq)
greater = _binary(_C.gt)
greater_equal = _binary(_C.ge)
hypot = _binary(_C.hypot)
less = _binary(_C.lt)
less_equal = _binary(_C.le)
logaddexp = _binary(_C.logaddexp)
logical_and = _binary(_C.logical_and)
logical_or = _binary(_C.logical_or)
logical_xor = _binary(_C.logical_xor)
maximum = _binary(_C.maximum)
minimum = _binary(_C.minimum)
multiply = _binary(_C.mul)
nextafter = _binary(_C.nextafter)
not_equal = _binary(_C.ne)
remainder = _binary(_C.remainder)
subtract = _binary(_C.sub)


def floor_divide(x1: Any, x2: Any, /) -> Tensor:
    """The whole quotient, rounded down; of infinities what the standard says: inf // 2.0 is inf, where Python has nan."""
    x1, x2 = promoted(x1, x2)
    whole = _C.floor_divide(x1, x2)
    if not whole.is_floating_point():
        return whole
    return _C.where(_C.logical_or(_C.isinf(x1), _C.isinf(x2)), _C.div(x1, x2), whole)


def pow(x1: Any, x2: Any, /) -> Tensor:
    """x1 to the power x2; a negative number as the exponent of integers is an error."""
    if isinstance(x2, int) and x2 < 0 and not (x1.is_floating_point() or x1.is_complex()):
        _C.pow(x1, x2)  # which says so
    result: Tensor = _C.pow(*promoted(x1, x2))
    return result


def clip(x: Tensor, /, min: Any = None, max: Any = None) -> Tensor:
    """The elements within bounds, numbers or tensors that broadcast, in the dtype of x."""
    result = x
    if min is not None:
        result = _C.maximum(result, min)
    if max is not None:
        result = _C.minimum(result, max)
    return result.to(dtype=x.dtype, copy=result is x)


def round(x: Tensor, /) -> Tensor:
    """To the nearest integer, halves to the even one; of complex numbers each part."""
    return _C.complex(_C.round(_C.real(x)), _C.round(_C.imag(x))) if x.is_complex() else _C.round(x)
