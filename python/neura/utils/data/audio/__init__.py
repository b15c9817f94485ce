"""Transforms of waveforms [..., time] and spectrograms [..., frequency, frame]: modules, under the names of torchaudio.transforms.
load(), info() and save() are those of torchaudio, for WAV files."""

from collections.abc import Callable, Mapping
from typing import Any

from neura import _C
from neura._C import Module, Tensor, dtype
from neura.utils.data.audio import functional
from neura.utils.data.audio.files import AudioMetaData, info, load, save

_Window = Callable[..., Tensor]

__all__ = [
    "AmplitudeToDB",
    "AudioMetaData",
    "GriffinLim",
    "InverseSpectrogram",
    "MFCC",
    "MelScale",
    "MelSpectrogram",
    "Resample",
    "Spectrogram",
    "functional",
    "info",
    "load",
    "save",
]


class _Windowed(Module):
    """Frames of n_fft elements with a window."""

    window: Tensor

    def __init__(
        self, n_fft: int, win_length: int | None, hop_length: int | None, window_fn: _Window, wkwargs: Mapping[str, Any] | None
    ) -> None:
        super().__init__()
        self.n_fft = n_fft
        self.win_length = win_length if win_length is not None else n_fft
        self.hop_length = hop_length if hop_length is not None else self.win_length // 2
        self.register_buffer("window", window_fn(self.win_length, **(wkwargs or {})))


class Spectrogram(_Windowed):
    """The absolute value of the short-time Fourier transform to a power; complex numbers for None."""

    def __init__(
        self,
        n_fft: int = 400,
        win_length: int | None = None,
        hop_length: int | None = None,
        pad: int = 0,
        window_fn: _Window = _C.hann_window,
        power: float | None = 2.0,
        normalized: bool | str = False,
        wkwargs: Mapping[str, Any] | None = None,
        center: bool = True,
        pad_mode: str = "reflect",
        onesided: bool = True,
        return_complex: bool | None = None,
    ) -> None:
        super().__init__(n_fft, win_length, hop_length, window_fn, wkwargs)
        self.pad = pad
        self.power = power
        self.normalized = normalized
        self.center = center
        self.pad_mode = pad_mode
        self.onesided = onesided

    def forward(self, waveform: Tensor) -> Tensor:
        return functional.spectrogram(
            waveform,
            self.pad,
            self.window,
            self.n_fft,
            self.hop_length,
            self.win_length,
            self.power,
            self.normalized,
            self.center,
            self.pad_mode,
            self.onesided,
        )


class InverseSpectrogram(_Windowed):
    """The waveform of a complex spectrogram."""

    def __init__(
        self,
        n_fft: int = 400,
        win_length: int | None = None,
        hop_length: int | None = None,
        pad: int = 0,
        window_fn: _Window = _C.hann_window,
        normalized: bool | str = False,
        wkwargs: Mapping[str, Any] | None = None,
        center: bool = True,
        pad_mode: str = "reflect",
        onesided: bool = True,
    ) -> None:
        super().__init__(n_fft, win_length, hop_length, window_fn, wkwargs)
        self.pad = pad
        self.normalized = normalized
        self.center = center
        self.pad_mode = pad_mode
        self.onesided = onesided

    def forward(self, spectrogram: Tensor, length: int | None = None) -> Tensor:
        return functional.inverse_spectrogram(
            spectrogram,
            length,
            self.pad,
            self.window,
            self.n_fft,
            self.hop_length,
            self.win_length,
            self.normalized,
            self.center,
            self.pad_mode,
            self.onesided,
        )


class GriffinLim(_Windowed):
    """A waveform with a spectrogram of absolute values, whose phases are estimated."""

    def __init__(
        self,
        n_fft: int = 400,
        n_iter: int = 32,
        win_length: int | None = None,
        hop_length: int | None = None,
        window_fn: _Window = _C.hann_window,
        power: float = 2.0,
        wkwargs: Mapping[str, Any] | None = None,
        momentum: float = 0.99,
        length: int | None = None,
        rand_init: bool = True,
    ) -> None:
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum must be in the range [0, 1), not {momentum}")
        super().__init__(n_fft, win_length, hop_length, window_fn, wkwargs)
        self.n_iter = n_iter
        self.power = power
        self.momentum = momentum
        self.length = length
        self.rand_init = rand_init

    def forward(self, specgram: Tensor) -> Tensor:
        return functional.griffinlim(
            specgram,
            self.window,
            self.n_fft,
            self.hop_length,
            self.win_length,
            self.power,
            self.n_iter,
            self.momentum,
            self.length,
            self.rand_init,
        )


class AmplitudeToDB(Module):
    """In decibels; what is more than top_db below the largest element is raised to that."""

    def __init__(self, stype: str = "power", top_db: float | None = None) -> None:
        super().__init__()
        if stype not in ("power", "magnitude"):
            raise ValueError(f"stype must be 'power' or 'magnitude', not {stype!r}")
        if top_db is not None and top_db < 0:
            raise ValueError("top_db must be positive value")
        self.stype = stype
        self.top_db = top_db
        self.multiplier = 10.0 if stype == "power" else 20.0
        self.amin = 1e-10
        self.ref_value = 1.0
        self.db_multiplier = 0.0

    def forward(self, x: Tensor) -> Tensor:
        return functional.amplitude_to_DB(x, self.multiplier, self.amin, self.db_multiplier, self.top_db)


def _across(specgram: Tensor, matrix: Tensor) -> Tensor:
    """[..., a, frame] times a matrix [a, b]."""
    return _C.matmul(specgram.transpose(-1, -2), matrix.to(specgram.dtype)).transpose(-1, -2)


class MelScale(Module):
    """From the frequencies of a spectrogram to mels."""

    fb: Tensor

    def __init__(
        self,
        n_mels: int = 128,
        sample_rate: int = 16000,
        f_min: float = 0.0,
        f_max: float | None = None,
        n_stft: int = 201,
        norm: str | None = None,
        mel_scale: str = "htk",
    ) -> None:
        super().__init__()
        self.n_mels = n_mels
        self.sample_rate = sample_rate
        self.f_min = f_min
        self.f_max = f_max if f_max is not None else float(sample_rate // 2)
        self.norm = norm
        self.mel_scale = mel_scale
        if self.f_min > self.f_max:
            raise ValueError(f"Require f_min: {self.f_min} <= f_max: {self.f_max}")
        bank = functional.melscale_fbanks(n_stft, self.f_min, self.f_max, n_mels, sample_rate, norm, mel_scale)
        self.register_buffer("fb", bank)

    def forward(self, specgram: Tensor) -> Tensor:
        return _across(specgram, self.fb)


class MelSpectrogram(Module):
    """A spectrogram over mels."""

    def __init__(
        self,
        sample_rate: int = 16000,
        n_fft: int = 400,
        win_length: int | None = None,
        hop_length: int | None = None,
        f_min: float = 0.0,
        f_max: float | None = None,
        pad: int = 0,
        n_mels: int = 128,
        window_fn: _Window = _C.hann_window,
        power: float = 2.0,
        normalized: bool | str = False,
        wkwargs: Mapping[str, Any] | None = None,
        center: bool = True,
        pad_mode: str = "reflect",
        onesided: bool | None = None,
        norm: str | None = None,
        mel_scale: str = "htk",
    ) -> None:
        super().__init__()
        self.sample_rate = sample_rate
        self.n_fft = n_fft
        self.win_length = win_length if win_length is not None else n_fft
        self.hop_length = hop_length if hop_length is not None else self.win_length // 2
        self.pad = pad
        self.power = power
        self.normalized = normalized
        self.n_mels = n_mels
        self.f_min = f_min
        self.f_max = f_max
        self.spectrogram = Spectrogram(
            n_fft, self.win_length, self.hop_length, pad, window_fn, power, normalized, wkwargs, center, pad_mode
        )
        self.mel_scale = MelScale(n_mels, sample_rate, f_min, f_max, n_fft // 2 + 1, norm, mel_scale)

    def forward(self, waveform: Tensor) -> Tensor:
        mels: Tensor = self.mel_scale(self.spectrogram(waveform))
        return mels


class MFCC(Module):
    """Mel-frequency cepstral coefficients: the cosine transform of a mel spectrogram in decibels, or of its logarithm."""

    dct_mat: Tensor

    def __init__(
        self,
        sample_rate: int = 16000,
        n_mfcc: int = 40,
        dct_type: int = 2,
        norm: str | None = "ortho",
        log_mels: bool = False,
        melkwargs: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__()
        if dct_type != 2:
            raise ValueError(f"DCT type not supported: {dct_type}")
        self.sample_rate = sample_rate
        self.n_mfcc = n_mfcc
        self.dct_type = dct_type
        self.norm = norm
        self.top_db = 80.0
        self.amplitude_to_DB = AmplitudeToDB("power", self.top_db)
        self.MelSpectrogram = MelSpectrogram(sample_rate=sample_rate, **(melkwargs or {}))
        if n_mfcc > self.MelSpectrogram.n_mels:
            raise ValueError("Cannot select more MFCC coefficients than # mel bins")
        self.register_buffer("dct_mat", functional.create_dct(n_mfcc, self.MelSpectrogram.n_mels, norm))
        self.log_mels = log_mels

    def forward(self, waveform: Tensor) -> Tensor:
        mels = self.MelSpectrogram(waveform)
        return _across((mels + 1e-6).log() if self.log_mels else self.amplitude_to_DB(mels), self.dct_mat)


class Resample(Module):
    """Another rate, by interpolation with a windowed sinc whose kernel is computed once, in float64 where `dtype` is None."""

    kernel: Tensor

    def __init__(
        self,
        orig_freq: int = 16000,
        new_freq: int = 16000,
        resampling_method: str = "sinc_interp_hann",
        lowpass_filter_width: int = 6,
        rolloff: float = 0.99,
        beta: float | None = None,
        *,
        dtype: dtype | None = None,
    ) -> None:
        super().__init__()
        self.orig_freq = orig_freq
        self.new_freq = new_freq
        self.resampling_method = resampling_method
        self.lowpass_filter_width = lowpass_filter_width
        self.rolloff = rolloff
        self.beta = beta
        if orig_freq != new_freq:
            kernel = functional.sinc_resample_kernel(
                orig_freq, new_freq, lowpass_filter_width, rolloff, resampling_method, beta
            )
            self.register_buffer("kernel", kernel.to(dtype if dtype is not None else _C.float32))

    def forward(self, waveform: Tensor) -> Tensor:
        if self.orig_freq == self.new_freq:
            return waveform
        return functional.apply_sinc_resample_kernel(waveform, self.orig_freq, self.new_freq, self.kernel)
