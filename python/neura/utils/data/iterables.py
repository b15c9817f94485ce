"""What can be walked more than once, and what cannot."""

import types
from collections.abc import Iterator
from typing import Any


def require_restart(what: str, given: Any) -> None:
    """An error for what is at its end after one pass, as a generator, map() or zip() is, where another pass begins. A class of Python's
    own may begin anew in its __iter__()."""
    if isinstance(given, Iterator) and not isinstance(type(given).__iter__, types.FunctionType):
        raise RuntimeError(
            f"{what} is a {type(given).__name__}, which is at its end after one pass: give a list, a Dataset, or an object whose"
            " __iter__() begins anew"
        )
