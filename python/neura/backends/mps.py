"""Whether there is Metal."""


def is_available() -> bool:
    """False: this build computes without it."""
    return False


def is_built() -> bool:
    """False: this build has no backend for Metal."""
    return False
