"""Transforms of images [C, H, W], computed in C++."""

from neura import _C

globals().update({name: value for name, value in vars(_C.data.transforms).items() if not name.startswith("_")})
