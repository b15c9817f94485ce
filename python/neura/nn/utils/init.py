"""Modules without the work of initial values."""

from typing import Any

from neura import _C
from neura.nn.module import Module


def skip_init(module_cls: type[Module], *args: Any, **kwargs: Any) -> Any:
    """A module whose values are about to be overwritten: the generator of random numbers stays as it was."""
    if not isinstance(module_cls, type) or not issubclass(module_cls, Module):
        raise RuntimeError(f"skip_init: expected a class of modules, not {module_cls!r}")
    state = _C.default_generator.get_state()
    try:
        return module_cls(*args, **kwargs)
    finally:
        _C.default_generator.set_state(state)
