"""Layers and losses as functions."""

from neura import _C
from neura._C import Tensor, dtype

# What C++ has bound here, and what operations are at home in both places.
globals().update(
    {name: getattr(_C.functional, name) for scope, name, *_ in _C._bound_functions() if scope == "nn.functional"}
)
gelu, sigmoid, tanh = _C.gelu, _C.sigmoid, _C.tanh
conv2d, avg_pool2d, adaptive_avg_pool2d = _C.conv2d, _C.avg_pool2d, _C.adaptive_avg_pool2d


# inplace=, which PyTorch's activations take, changes no result.


def relu(input: Tensor, inplace: bool = False) -> Tensor:
    """max(input, 0)."""
    return _C.relu(input)


def silu(input: Tensor, inplace: bool = False) -> Tensor:
    """input * sigmoid(input)."""
    return _C.silu(input)


def leaky_relu(input: Tensor, negative_slope: float = 0.01, inplace: bool = False) -> Tensor:
    """input where positive, negative_slope * input elsewhere."""
    return _C.leaky_relu(input, negative_slope)


def softmax(input: Tensor, dim: int | None = None, dtype: dtype | None = None) -> Tensor:
    """exp(input) / sum(exp(input)) along dim."""
    input = input if dtype is None else input.to(dtype)
    return _C.softmax(input, -1 if dim is None else dim)


def log_softmax(input: Tensor, dim: int | None = None, dtype: dtype | None = None) -> Tensor:
    """log(softmax(input)), without underflow."""
    input = input if dtype is None else input.to(dtype)
    return _C.log_softmax(input, -1 if dim is None else dim)


def one_hot(tensor: Tensor, num_classes: int = -1) -> Tensor:
    """int64 [..., num_classes]: 1 at the class of each element, 0 elsewhere."""
    count = int(tensor.max()) + 1 if num_classes < 0 else num_classes
    if tensor.numel() and (int(tensor.min()) < 0 or int(tensor.max()) >= count):
        raise ValueError(f"one_hot: classes must lie in [0, {count})")
    return (tensor.unsqueeze(-1) == _C.arange(count)).to(_C.int64)


def normalize(input: Tensor, p: float = 2.0, dim: int = 1, eps: float = 1e-12) -> Tensor:
    """input over its p-norm along dim."""
    return input / _C.norm(input, p, dim, True).clamp(min=eps)

