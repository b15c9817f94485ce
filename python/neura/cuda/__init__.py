"""Whether there is a GPU: this build has no backend for one."""

from typing import Any


def is_available() -> bool:
    """False: operations run on the CPU."""
    return False


def device_count() -> int:
    """0: operations run on the CPU."""
    return 0


def is_initialized() -> bool:
    """False: there is nothing to initialize."""
    return False


def is_bf16_supported() -> bool:
    """False: there is no GPU."""
    return False


def manual_seed(seed: int) -> None:
    """Nothing: there is no generator of a GPU. neura.manual_seed() seeds that of the CPU."""


def manual_seed_all(seed: int) -> None:
    """Nothing: there is no generator of a GPU. neura.manual_seed() seeds that of the CPU."""


def empty_cache() -> None:
    """Nothing: there is no memory of a GPU."""


def synchronize(device: Any = None) -> None:
    """Nothing: operations on the CPU are done when they return."""


def current_device() -> int:
    """An error: there is no GPU."""
    raise RuntimeError("this build has no backend for a GPU")


def get_device_name(device: Any = None) -> str:
    """An error: there is no GPU."""
    raise RuntimeError("this build has no backend for a GPU")
