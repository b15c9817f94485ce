"""Mixed precision: operations that choose the dtype which they compute in."""

import functools
import threading
import warnings
from collections.abc import Callable
from typing import Any, TypeVar

from neura import _C

_F = TypeVar("_F", bound=Callable[..., Any])


def is_autocast_available(device_type: str) -> bool:
    """Whether there are lists for the device: "cpu" and "cuda"."""
    return _device(device_type) in ("cpu", "cuda")


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether this thread is inside of an enabled autocast for the device."""
    return bool(_C._autocast.enabled(_device(device_type)))


def get_autocast_dtype(device_type: str) -> _C.dtype:
    """The 16-bit dtype: bfloat16 on the CPU and float16 on CUDA, unless an autocast or set_autocast_dtype says otherwise."""
    dtype: _C.dtype = _C._autocast.dtype(_device(device_type))
    return dtype


def set_autocast_dtype(device_type: str, dtype: _C.dtype) -> None:
    """The 16-bit dtype of this thread's autocasts that do not name one."""
    _C._autocast.set_dtype(_device(device_type), dtype)


def is_autocast_cache_enabled() -> bool:
    """Whether parameters are converted once in the outermost autocast rather than at each use."""
    return bool(_C._autocast.cache_enabled())


def set_autocast_cache_enabled(enabled: bool) -> None:
    """Turns that on or off in this thread."""
    _C._autocast.set_cache_enabled(enabled)


def clear_autocast_cache() -> None:
    """Forgets converted parameters."""
    _C._autocast.clear_cache()


def is_autocast_cpu_enabled() -> bool:
    """is_autocast_enabled("cpu")"""
    return is_autocast_enabled("cpu")


def get_autocast_cpu_dtype() -> _C.dtype:
    """get_autocast_dtype("cpu")"""
    return get_autocast_dtype("cpu")


def set_autocast_cpu_dtype(dtype: _C.dtype) -> None:
    """set_autocast_dtype("cpu", dtype)"""
    set_autocast_dtype("cpu", dtype)


def get_autocast_gpu_dtype() -> _C.dtype:
    """get_autocast_dtype("cuda")"""
    return get_autocast_dtype("cuda")


def _device(device_type: Any) -> str:
    if not isinstance(device_type, str):
        raise ValueError(f"Expected `device_type` of type `str`, got: `{type(device_type)}`")
    return device_type.split(":")[0]


class autocast:
    """A context manager and decorator: inside, products, convolutions and attention are computed in 16 bits, and losses and what
    else needs range in float32, as PyTorch's lists for the device say. Gradients have the dtypes of the parameters; backward()
    belongs outside.

        with neura.autocast("cpu", dtype=neura.bfloat16):
            loss = F.cross_entropy(model(x), labels)
        loss.backward()

    Autocasts nest; enabled=False computes in the dtypes that come. Where there is no such device, or the dtype is not of 16 bits, it
    is disabled with a warning."""

    def __init__(
        self, device_type: str, dtype: Any = None, enabled: bool = True, cache_enabled: bool | None = None
    ) -> None:
        import neura

        self.device = _device(device_type)
        if self.device not in ("cpu", "cuda"):
            raise RuntimeError(f"User specified an unsupported autocast device_type '{self.device}'")
        self.fast_dtype = get_autocast_dtype(self.device) if dtype is None else dtype
        self._cache_enabled = cache_enabled
        if enabled and self.device == "cuda" and not neura.cuda.is_available():
            warnings.warn("User provided device_type of 'cuda', but CUDA is not available. Disabling", stacklevel=2)
            enabled = False
        if enabled and self.fast_dtype not in (_C.bfloat16, _C.float16):
            warnings.warn(
                f"In {self.device.upper()} autocast, but the target dtype is not supported. Disabling autocast.\n"
                f"bfloat16 and float16 are, not {self.fast_dtype}.",
                stacklevel=2,
            )
            enabled = False
        self._enabled = bool(enabled)
        self._scopes: dict[int, list[Any]] = {}  # of each thread

    def __enter__(self) -> "autocast":
        scope = _C._autocast.Scope(self.device, self.fast_dtype if self._enabled else None, self._enabled, self._cache_enabled)
        self._scopes.setdefault(threading.get_ident(), []).append(scope)
        return self

    def __exit__(self, *exception: Any) -> None:
        thread = threading.get_ident()
        scopes = self._scopes[thread]
        scope = scopes.pop()
        if not scopes:
            del self._scopes[thread]
        scope.close()

    def __call__(self, function: _F) -> _F:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with type(self)._like(self):
                return function(*args, **kwargs)

        return wrapped  # type: ignore[return-value]

    @staticmethod
    def _like(other: "autocast") -> "autocast":
        # Threads that call the function at once each need one of their own.
        return autocast(other.device, other.fast_dtype, other._enabled, other._cache_enabled)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.device!r}, dtype={self.fast_dtype}, enabled={self._enabled})"
