"""Layers and losses as functions."""

from neura import _C

# What C++ has bound here, and what operations are at home in both places.
globals().update(
    {name: getattr(_C.functional, name) for scope, name, *_ in _C._bound_functions() if scope == "nn.functional"}
)
gelu, sigmoid, tanh = _C.gelu, _C.sigmoid, _C.tanh
conv1d, conv2d, conv3d = _C.conv1d, _C.conv2d, _C.conv3d
conv_transpose1d, conv_transpose2d, conv_transpose3d = _C.conv_transpose1d, _C.conv_transpose2d, _C.conv_transpose3d
avg_pool1d, avg_pool2d, avg_pool3d = _C.avg_pool1d, _C.avg_pool2d, _C.avg_pool3d
adaptive_avg_pool1d, adaptive_avg_pool2d, adaptive_avg_pool3d = _C.adaptive_avg_pool1d, _C.adaptive_avg_pool2d, _C.adaptive_avg_pool3d
