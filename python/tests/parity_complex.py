"""Complex numbers, Fourier transforms, signals."""

import numpy as np
import torch
from parity_base import COMPLEX, FLOATS, RANDOM, SPECIAL, Case, add, normal, numbers, pointwise, uniform

RANDOM.seed(7)

# ---- complex numbers -------------------------------------------------------------------------

add(
    "neg abs sgn square reciprocal sqrt rsqrt exp log log2 log10 sin cos tan asin acos atan sinh cosh tanh asinh"
    " acosh atanh sigmoid isnan isinf isfinite logical_not conj_physical angle isreal",
    *(Case([numbers(*s)], dtypes=COMPLEX) for s in ((), (0, 3), (3, 4))),
)
add("silu", Case([numbers(3, 4)], dtypes=COMPLEX, reference=lambda x: x * torch.sigmoid(x)))
add("conj resolve_conj resolve_neg real", Case([numbers(3, 4)], dtypes=COMPLEX), Case([normal(3, 4)]))
add("imag view_as_real", Case([numbers(3, 4)], dtypes=COMPLEX), Case([numbers()], dtypes=COMPLEX))
add("view_as_complex", Case([np.array([1.5, -2.0])]))
add("adjoint", Case([numbers(2, 3, 4)], dtypes=COMPLEX), Case([normal(3, 4)]))
pointwise("conj_physical isreal", -3, 3, FLOATS)
# The gradient of PyTorch 1.13 is memory that nobody has written.
pointwise("sgn", -3, 3, FLOATS, gradient=False)
# PyTorch 1.13 has none of these.
add("lerp", *(Case([numbers(3, 4), numbers(4)], (weight,), dtypes=COMPLEX) for weight in (0.3, 1.5, 1.2 + 0.1j, 0.1 - 0.2j)))
add("float_power", Case([numbers(3), numbers(3)], dtypes=COMPLEX, gradient=False), Case([numbers(3)], (2,), dtypes=COMPLEX))
add("nansum", Case([np.array([1 + 2j, np.nan + 1j, 3])], dtypes=COMPLEX, gradient=False, reference=lambda x: x[0] + x[2]))
add("corrcoef", Case([numbers(3, 5)], dtypes=COMPLEX, gradient=False))
add("expm1", Case([numbers(3, 4)], dtypes=COMPLEX, reference=lambda z: torch.exp(z) - 1))
add("log1p", Case([numbers(3, 4)], dtypes=COMPLEX, reference=lambda z: torch.log(1 + z)))
pointwise("angle", 1, 3, FLOATS, gradient=False)
add("angle", Case([SPECIAL], gradient=False))
add("add sub mul div eq ne", Case([numbers(3, 4), numbers(4)], dtypes=COMPLEX), Case([numbers(3, 4), normal(3, 1)], dtypes=COMPLEX))
add("pow", Case([numbers(3, 4), numbers(4)], dtypes=COMPLEX), Case([numbers(3)], (2,), dtypes=COMPLEX), Case([numbers(3)], (0.5 - 1j,), dtypes=COMPLEX))
add("complex polar", Case([uniform(1, 2, 3, 4), normal(3, 4)]))
add("sum mean prod", Case([numbers(3, 4)], dtypes=COMPLEX), Case([numbers(3, 4)], (0,), dtypes=COMPLEX))
add("cumsum cumprod", Case([numbers(3, 4)], (1,), dtypes=COMPLEX))
add("all any", Case([numbers(3, 4)], dtypes=COMPLEX))
add("matmul", Case([numbers(3, 4), numbers(4, 2)], dtypes=COMPLEX), Case([numbers(2, 3, 4), numbers(4)], dtypes=COMPLEX))
add("where", Case([RANDOM.rand(3, 4) > 0.5, numbers(3, 4), numbers(4)], dtypes=COMPLEX))

# ---- Fourier transforms ----------------------------------------------------------------------

for _name, _array in (
    *((n, numbers(3, 5)) for n in ("fft", "ifft", "irfft", "hfft")),
    *((n, normal(3, 5)) for n in ("fft", "ifft", "rfft", "ihfft", "irfft")),
):
    _dtypes = COMPLEX if np.iscomplexobj(_array) else FLOATS
    add(
        f"fft.{_name}",
        Case([_array], dtypes=_dtypes),
        *(Case([_array], (7, 0, norm), dtypes=_dtypes) for norm in ("backward", "ortho", "forward")),
        Case([_array], (3,), dtypes=_dtypes),
    )
    add(f"fft.{_name}2", Case([_array], dtypes=_dtypes), Case([_array], ((2, 6),), dtypes=_dtypes))
    add(f"fft.{_name}n", Case([_array], dtypes=_dtypes), Case([_array], ((4,),), {"norm": "ortho"}, dtypes=_dtypes))
add("fft.fftfreq fft.rfftfreq", *(Case([], (n, 0.5), dtypes=("float32",)) for n in (1, 4, 5)))
add("fft.fftshift fft.ifftshift", Case([normal(4, 5)]), Case([numbers(5, 2)], (0,), dtypes=COMPLEX))

# ---- signals ---------------------------------------------------------------------------------

add("hann_window hamming_window blackman_window bartlett_window", *(Case([], (n, periodic), dtypes=("float32",)) for n in (0, 1, 2, 9) for periodic in (True, False)))
add("hamming_window", Case([], (9, True, 0.5, 0.4), {"dtype": "float64"}, dtypes=("float32",)))
add("kaiser_window", *(Case([], (n, periodic), dtypes=("float32",)) for n in (0, 1, 2, 9) for periodic in (True, False)))
add("kaiser_window", Case([], (9, False, 900.0), {"dtype": "float64"}, dtypes=("float32",), reference=lambda: _kaiser(9, 8, 900.0)))


def _kaiser(length, steps, beta):
    """By the asymptotic series of I0 (DLMF 10.40.1), which is as good as exact for so large a beta; 0 at the ends."""
    height = np.sqrt(1 - (2 * np.arange(length) / steps - 1) ** 2)
    with np.errstate(divide="ignore", invalid="ignore"):
        series = [1 + 1 / (8 * z) + 9 / (128 * z**2) + 225 / (3072 * z**3) for z in (beta * height, beta)]
        window = np.exp(beta * (height - 1)) * series[0] / series[1] / np.sqrt(height)
    window[height == 0] = 0
    return torch.from_numpy(window)


def _windows(name, function, **kwargs):
    """Cases of a window that is a function of the places and the steps between the ends."""
    for n in (0, 1, 2, 9):
        for sym in (True, False):
            values = function(np.arange(n), max(n - 1 if sym else n, 1)) if n != 1 else np.ones(1)
            expected = torch.from_numpy(values.astype("float32"))
            add(f"windows.{name}", Case([], (n,), {"sym": sym, **kwargs}, dtypes=("float32",), reference=lambda e=expected: e))


def _cosines(*a):
    return lambda i, n: sum(((-1) ** k * c * np.cos(2 * np.pi * k * i / n) for k, c in enumerate(a)), np.zeros(len(i)))


_windows("bartlett", lambda i, n: 1 - abs(2 * i / n - 1))
_windows("blackman", _cosines(0.42, 0.5, 0.08))
_windows("general_cosine", _cosines(0.5, 0.3, 0.1, 0.1), a=[0.5, 0.3, 0.1, 0.1])
_windows("general_hamming", _cosines(0.6, 0.4), alpha=0.6)
_windows("hamming", _cosines(0.54, 0.46))
_windows("hann", _cosines(0.5, 0.5))
_windows("kaiser", lambda i, n: np.i0(3 * np.sqrt(np.maximum(1 - (2 * i / n - 1) ** 2, 0))) / np.i0(3), beta=3.0)
_windows("nuttall", _cosines(0.3635819, 0.4891775, 0.1365995, 0.0106411))
_windows("cosine", lambda i, n: np.sin(np.pi * (i + 0.5) / (n + 1)))
_windows("exponential", lambda i, n: np.exp(-abs(i - n / 2) / 3), tau=3.0)
_windows("gaussian", lambda i, n: np.exp(-0.5 * ((i - n / 2) / 2.5) ** 2), std=2.5)
_off_center = torch.from_numpy(np.exp(-abs(np.arange(9) - 2.0)))
add(
    "windows.exponential",
    Case([], (9,), {"sym": False, "center": 2.0, "dtype": "float64"}, dtypes=("float32",), reference=lambda: _off_center),
)

_window = uniform(0.5, 1, 8)
add(
    "stft",
    Case([normal(40)], (8,), {"return_complex": True}),
    Case([normal(2, 40)], (12, 5, 8), {"window": _window, "return_complex": True, "normalized": True}),
    Case([normal(2, 40)], (8, 3), {"center": False, "onesided": False, "return_complex": True}),
    Case([normal(40)], (9,), {"pad_mode": "constant", "return_complex": False}),
)
add("stft", Case([numbers(40)], (8,), {"return_complex": True}, dtypes=("complex128",)))
add(
    "istft",
    Case([numbers(5, 12)], (8,), {"window": _window}, dtypes=("complex128",)),
    Case([numbers(2, 7, 12)], (12, 5, 8), {"window": _window, "normalized": True}, dtypes=("complex128",)),
    Case([numbers(5, 12)], (8, 3), {"length": 30}, dtypes=("complex128",)),
    Case([numbers(8, 12)], (8, 2), {"onesided": False, "return_complex": True, "center": False}, dtypes=("complex128",)),
)
