"""Whether there is a GPU: this build has no backend for one."""


def is_available() -> bool:
    """False: operations run on the CPU."""
    return False


def device_count() -> int:
    """0: operations run on the CPU."""
    return 0
