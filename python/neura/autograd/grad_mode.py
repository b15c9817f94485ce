"""Switches of recording."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from neura import _C

_F = TypeVar("_F", bound=Callable[..., Any])

is_grad_enabled = _C.is_grad_enabled
is_inference_mode_enabled = _C.is_inference_mode_enabled


class _Mode:
    """A context manager and decorator that turns a switch on or off."""

    @staticmethod
    def _set(enabled: bool) -> bool:
        """Turns the switch; returns how it stood."""
        return _C._set_grad_enabled(enabled)

    def __init__(self, enabled: bool) -> None:
        self._enabled = enabled
        self._previous: list[bool] = []

    def __enter__(self) -> None:
        self._previous.append(self._set(self._enabled))

    def __exit__(self, *exception: Any) -> None:
        self._set(self._previous.pop())

    def __call__(self, function: _F) -> _F:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            previous = self._set(self._enabled)
            try:
                return function(*args, **kwargs)
            finally:
                self._set(previous)

        return wrapped  # type: ignore[return-value]


class _Switch(_Mode):
    """A mode without arguments, which may decorate without brackets."""

    enabled = False

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        return super().__new__(cls) if function is None else _Mode(cls.enabled)(function)

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__(self.enabled)


class no_grad(_Switch):
    """Inside, operations are not recorded: `with no_grad():` or `@no_grad()`."""


class enable_grad(_Switch):
    """Inside, operations are recorded, also inside a no_grad()."""

    enabled = True


class set_grad_enabled(_Mode):
    """Turns recording on or off from here on, or inside a `with`."""

    def __init__(self, mode: bool) -> None:
        super().__init__(bool(mode))
        self._outer: bool = _C._set_grad_enabled(self._enabled)

    def __enter__(self) -> None:
        self._previous.append(self._outer)
        _C._set_grad_enabled(self._enabled)


class inference_mode(_Mode):
    """Inside, operations are not recorded, not even inside an enable_grad(). Tensors made there are like any other."""

    @staticmethod
    def _set(enabled: bool) -> bool:
        previous: bool = _C._set_inference_mode(enabled)
        return previous

    def __new__(cls, mode: Any = True) -> Any:
        return cls()(mode) if callable(mode) else super().__new__(cls)

    def __init__(self, mode: bool = True) -> None:
        super().__init__(bool(mode))


class set_multithreading_enabled(_Mode):
    """Taken for PyTorch's sake: backward runs on the thread that calls it."""

    @staticmethod
    def _set(enabled: bool) -> bool:
        return enabled
