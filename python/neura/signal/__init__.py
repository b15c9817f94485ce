"""Signals, as in torch.signal: windows. Their Fourier transforms are neura.fft, neura.stft and neura.istft."""

from neura.signal import windows

__all__ = ["windows"]
