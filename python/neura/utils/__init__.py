"""What stands around training."""

from neura.utils import data

__all__ = [
    "data",
]
