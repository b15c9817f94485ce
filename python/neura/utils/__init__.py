"""What stands around training."""

from neura.utils import checkpoint, data

__all__ = [
    "checkpoint",
    "data",
]
