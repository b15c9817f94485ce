"""Neura: tensors, gradients and neural networks, as a PyTorch user knows them.

    import neura as nr

    x = nr.randn(32, 784, requires_grad=True)
    model = nr.nn.Sequential(nr.nn.Linear(784, 256), nr.nn.ReLU(), nr.nn.Linear(256, 10))
    loss = nr.nn.functional.cross_entropy(model(x), nr.randint(0, 10, (32,)))
    loss.backward()
"""

import builtins as _builtins
import math as _math

from neura import _C
from neura._size import Size
from neura._version import __version__

inf, nan, pi, e = _math.inf, _math.nan, _math.pi, _math.e
strided = "strided"  # the only layout

Tensor, Generator, dtype, device = _C.Tensor, _C.Generator, _C.dtype, _C.device
default_generator = _C.default_generator

# Dtypes and functions: whatever C++ has bound, under the name that it has there.
globals().update({name: value for name, value in vars(_C).items() if isinstance(value, _C.dtype)})
globals().update({name: getattr(_C, name) for scope, name, *_ in _C._bound_functions() if not scope})

# These stand on what is above.
from neura import autograd, nn, optim, utils  # noqa: E402
from neura._serialization import load, save  # noqa: E402
from neura.autograd import (  # noqa: E402
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)

# Other names of functions.
absolute, arccos, arcsin, arctan = _C.abs, _C.acos, _C.asin, _C.atan
clip, divide, multiply, subtract = _C.clamp, _C.div, _C.mul, _C.sub
true_divide, mm, bmm = _C.div, _C.matmul, _C.matmul
asarray, concatenate = _C.as_tensor, _C.cat
greater, greater_equal, less, less_equal, not_equal = _C.gt, _C.ge, _C.lt, _C.le, _C.ne


def is_floating_point(input: Tensor) -> _builtins.bool:
    """Whether the dtype of a tensor is a floating point one."""
    return input.dtype.is_floating_point


def numel(input: Tensor) -> _builtins.int:
    """The number of elements."""
    return input.numel()


def equal(input: Tensor, other: Tensor) -> _builtins.bool:
    """Whether two tensors have the same shape and elements."""
    return input.shape == other.shape and _builtins.bool(_C.all(_C.eq(input, other)))


def isclose(
    input: Tensor,
    other: Tensor,
    rtol: _builtins.float = 1e-05,
    atol: _builtins.float = 1e-08,
    equal_nan: _builtins.bool = False,
) -> Tensor:
    """Whether |input - other| <= atol + rtol * |other|, for each element."""
    close = (input == other) | ((input - other).abs() <= atol + rtol * other.abs())
    return close | (input.isnan() & other.isnan()) if equal_nan else close


def allclose(
    input: Tensor,
    other: Tensor,
    rtol: _builtins.float = 1e-05,
    atol: _builtins.float = 1e-08,
    equal_nan: _builtins.bool = False,
) -> _builtins.bool:
    """Whether isclose() holds everywhere."""
    return _C.all(isclose(input, other, rtol, atol, equal_nan)).item()
