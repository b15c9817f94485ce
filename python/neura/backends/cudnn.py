"""Whether there is cuDNN. The settings that PyTorch has are kept and change nothing without it."""

enabled = False
benchmark = False
deterministic = True  # operations on the CPU give the same bits each time
allow_tf32 = False


def is_available() -> bool:
    """False: this build computes without it."""
    return False


def version() -> None:
    """None: this build computes without it."""
    return None
