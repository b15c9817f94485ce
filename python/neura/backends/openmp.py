"""Whether there is OpenMP: threads are those of neura.set_num_threads()."""


def is_available() -> bool:
    """False: this build computes without it."""
    return False
