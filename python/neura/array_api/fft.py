"""The standard's extension for Fourier transforms."""

from collections.abc import Callable, Sequence
from typing import Any

from neura import _C
from neura._C import Tensor
from neura._C import dtype as DType

_fft: Any = _C._namespaces["fft"]


def _along_axis(function: Callable[..., Any]) -> Callable[..., Tensor]:
    def transform(x: Tensor, /, *, n: int | None = None, axis: int = -1, norm: str = "backward") -> Tensor:
        result: Tensor = function(x, n=n, dim=axis, norm=norm)
        return result

    transform.__doc__ = function.__doc__
    return transform


def _along_axes(function: Callable[..., Any]) -> Callable[..., Tensor]:
    def transform(
        x: Tensor, /, *, s: Sequence[int] | None = None, axes: Sequence[int] | None = None, norm: str = "backward"
    ) -> Tensor:
        result: Tensor = function(x, s=s, dim=axes, norm=norm)
        return result

    transform.__doc__ = function.__doc__
    return transform


fft = _along_axis(_fft.fft)
ifft = _along_axis(_fft.ifft)
fftn = _along_axes(_fft.fftn)
ifftn = _along_axes(_fft.ifftn)
rfft = _along_axis(_fft.rfft)
irfft = _along_axis(_fft.irfft)
rfftn = _along_axes(_fft.rfftn)
irfftn = _along_axes(_fft.irfftn)
hfft = _along_axis(_fft.hfft)
ihfft = _along_axis(_fft.ihfft)


def fftfreq(n: int, /, *, d: float = 1.0, dtype: DType | None = None, device: Any = None) -> Tensor:
    """The frequencies of a transform of n samples at distance d."""
    result: Tensor = _fft.fftfreq(n, d, dtype=dtype)
    return result.to(device=device or "cpu")


def rfftfreq(n: int, /, *, d: float = 1.0, dtype: DType | None = None, device: Any = None) -> Tensor:
    """The frequencies of a transform of n real samples at distance d: none below zero."""
    result: Tensor = _fft.rfftfreq(n, d, dtype=dtype)
    return result.to(device=device or "cpu")


def fftshift(x: Tensor, /, *, axes: int | Sequence[int] | None = None) -> Tensor:
    """With frequency zero in the middle."""
    result: Tensor = _fft.fftshift(x, dim=axes)
    return result


def ifftshift(x: Tensor, /, *, axes: int | Sequence[int] | None = None) -> Tensor:
    """fftshift undone."""
    result: Tensor = _fft.ifftshift(x, dim=axes)
    return result
