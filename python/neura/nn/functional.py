"""Layers and losses as functions."""

from collections.abc import Callable
from typing import Any

from neura import _C
from neura._C import Tensor

# What C++ has bound here, and what operations are at home in both places.
globals().update(
    {name: getattr(_C.functional, name) for scope, name, *_ in _C._bound_functions() if scope == "nn.functional"}
)
gelu, sigmoid, tanh = _C.gelu, _C.sigmoid, _C.tanh
conv1d, conv2d, conv3d = _C.conv1d, _C.conv2d, _C.conv3d
conv_transpose1d, conv_transpose2d, conv_transpose3d = _C.conv_transpose1d, _C.conv_transpose2d, _C.conv_transpose3d
avg_pool1d, avg_pool2d, avg_pool3d = _C.avg_pool1d, _C.avg_pool2d, _C.avg_pool3d
adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d = _C.adaptive_avg_pool1d, _C.adaptive_avg_pool2d, _C.adaptive_avg_pool3d


def _over_itself(name: str) -> Callable[..., Tensor]:
    """relu_(input) and its kin: the result written over the input."""
    function = globals()[name]

    def in_place(input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        return input.copy_(function(input, *args, **kwargs))

    in_place.__name__ = in_place.__qualname__ = name + "_"
    in_place.__doc__ = f"The result of {name} written over the tensor itself."
    return in_place


for _name in ("celu", "elu", "hardtanh", "leaky_relu", "relu", "rrelu", "selu", "threshold"):
    globals()[_name + "_"] = _over_itself(_name)
upsample = _C.functional.interpolate


def upsample_nearest(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """interpolate() in the mode 'nearest'."""
    result: Tensor = _C.functional.interpolate(input, size, scale_factor, mode="nearest")
    return result


def upsample_bilinear(input: Tensor, size: Any = None, scale_factor: Any = None) -> Tensor:
    """interpolate() in the mode 'bilinear', whose outer elements stay where they are (align_corners)."""
    result: Tensor = _C.functional.interpolate(input, size, scale_factor, mode="bilinear", align_corners=True)
    return result


def triplet_margin_with_distance_loss(
    anchor: Tensor,
    positive: Tensor,
    negative: Tensor,
    *,
    distance_function: Any = None,
    margin: float = 1.0,
    swap: bool = False,
    reduction: str = "mean",
) -> Tensor:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin) for a distance d, by default pairwise_distance; with swap
    the negative's distance from the positive where that is smaller (Balntas et al., 2016)."""
    distance = distance_function or _C.functional.pairwise_distance
    near, apart = distance(anchor, positive), distance(anchor, negative)
    if swap:
        apart = _C.minimum(apart, distance(positive, negative))
    losses: Tensor = _C.clamp_min(near - apart + margin, 0)
    if reduction == "none":
        return losses
    if reduction not in ("mean", "sum"):
        raise ValueError(f"triplet_margin_with_distance_loss: reduction must be 'none', 'mean' or 'sum', not {reduction!r}")
    return _C.mean(losses) if reduction == "mean" else _C.sum(losses)
