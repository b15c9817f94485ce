"""Layers and losses as functions."""

from neura import _C

# What C++ has bound here, and what operations are at home in both places.
globals().update(
    {name: getattr(_C.functional, name) for scope, name, *_ in _C._bound_functions() if scope == "nn.functional"}
)
gelu, sigmoid, tanh = _C.gelu, _C.sigmoid, _C.tanh
conv2d, avg_pool2d, adaptive_avg_pool2d = _C.conv2d, _C.avg_pool2d, _C.adaptive_avg_pool2d
