"""Spectrograms, mels, MFCC and resampling, beside torchaudio's formulas in NumPy and PyTorch."""

import math

import neura as nr
import numpy as np
import pytest
import torch
from neura.utils.data import audio
from neura.utils.data.audio import functional as F

SIGNAL = np.random.default_rng(0).standard_normal((2, 3, 500)).astype(np.float32)


def close(ours, theirs, tolerance=1e-4):
    theirs = np.asarray(theirs)
    assert tuple(ours.shape) == theirs.shape
    ours = ours.numpy()
    assert np.abs(ours - theirs).max() <= tolerance * max(1, np.abs(theirs).max())


def reference_stft(signal, n_fft, hop, win, window, normalized=False, center=True, onesided=True):
    rows = torch.from_numpy(signal).reshape(-1, signal.shape[-1])
    spectrum = torch.stft(
        rows, n_fft, hop, win, window, center, "reflect", normalized, onesided, return_complex=True
    )
    return spectrum.reshape(*signal.shape[:-1], *spectrum.shape[-2:])


# ---- spectrograms ----------------------------------------------------------------------------


@pytest.mark.parametrize("power", [None, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("normalized", [False, True, "window", "frame_length"])
def test_spectrogram(power, normalized):
    made = audio.Spectrogram(n_fft=64, win_length=50, hop_length=20, pad=5, power=power, normalized=normalized)
    window = torch.hann_window(50)
    padded = np.pad(SIGNAL, ((0, 0), (0, 0), (5, 5)))
    expected = reference_stft(padded, 64, 20, 50, window, normalized == "frame_length")
    if normalized in (True, "window"):
        expected = expected / window.pow(2).sum().sqrt()
    if power is not None:
        expected = expected.abs().pow(power)
    close(made(nr.from_numpy(SIGNAL)), expected)


def test_spectrogram_defaults():
    made = audio.Spectrogram()
    assert (made.n_fft, made.win_length, made.hop_length, made.power) == (400, 400, 200, 2.0)
    assert list(made.state_dict()) == ["window"]
    expected = reference_stft(SIGNAL, 400, 200, 400, torch.hann_window(400)).abs() ** 2
    close(made(nr.from_numpy(SIGNAL)), expected)
    both = audio.Spectrogram(n_fft=32, window_fn=nr.hamming_window, wkwargs={"alpha": 0.5}, center=False, onesided=False)
    window = torch.hamming_window(32, True, 0.5)
    close(both(nr.from_numpy(SIGNAL)), reference_stft(SIGNAL, 32, 16, 32, window, False, False, False).abs() ** 2)


@pytest.mark.parametrize("normalized", [False, True, "frame_length"])
def test_inverse_spectrogram(normalized):
    signal = nr.from_numpy(SIGNAL)
    forth = audio.Spectrogram(n_fft=64, hop_length=16, pad=3, power=None, normalized=normalized)
    back = audio.InverseSpectrogram(n_fft=64, hop_length=16, pad=3, normalized=normalized)
    close(back(forth(signal), 500), SIGNAL)


def test_griffin_lim():
    signal = nr.sin(nr.arange(2000) * 0.2)
    power = audio.Spectrogram(n_fft=128, hop_length=32)(signal)
    nr.manual_seed(0)
    for momentum in (0.0, 0.99):
        back = audio.GriffinLim(n_fft=128, hop_length=32, n_iter=40, momentum=momentum, length=2000)(power)
        assert back.shape == (2000,)
        again = audio.Spectrogram(n_fft=128, hop_length=32)(back)
        assert ((again.sqrt() - power.sqrt()).norm() / power.sqrt().norm()).item() < 0.1
    with pytest.raises(ValueError, match="momentum"):
        audio.GriffinLim(momentum=1)


# ---- mels ------------------------------------------------------------------------------------


def mel(hz, scale):
    if scale == "htk":
        return 2595 * math.log10(1 + hz / 700)
    return hz / (200 / 3) if hz < 1000 else 15 + math.log(hz / 1000) / (math.log(6.4) / 27)


def hz(mels, scale):
    if scale == "htk":
        return 700 * (10 ** (mels / 2595) - 1)
    return np.where(mels < 15, mels * 200 / 3, 1000 * np.exp(math.log(6.4) / 27 * (mels - 15)))


def reference_bank(n_freqs, f_min, f_max, n_mels, rate, norm, scale):
    freqs = np.linspace(0, rate // 2, n_freqs)
    points = hz(np.linspace(mel(f_min, scale), mel(f_max, scale), n_mels + 2), scale)
    slopes = points[None] - freqs[:, None]
    width = points[1:] - points[:-1]
    bank = np.maximum(0, np.minimum(-slopes[:, :-2] / width[:-1], slopes[:, 2:] / width[1:]))
    return bank * (2 / (points[2:] - points[:-2])) if norm else bank


@pytest.mark.parametrize("norm", [None, "slaney"])
@pytest.mark.parametrize("scale", ["htk", "slaney"])
def test_mel(norm, scale):
    for n_freqs, f_min, f_max, n_mels, rate in ((201, 0.0, 8000.0, 40, 16000), (129, 50.0, 3000.0, 10, 8001)):
        bank = F.melscale_fbanks(n_freqs, f_min, f_max, n_mels, rate, norm, scale)
        assert bank.dtype is nr.float32
        close(bank, reference_bank(n_freqs, f_min, f_max, n_mels, rate, norm, scale), 1e-6)
    made = audio.MelSpectrogram(8000, n_fft=64, n_mels=6, f_min=20.0, norm=norm, mel_scale=scale)
    assert list(made.state_dict()) == ["spectrogram.window", "mel_scale.fb"]
    power = reference_stft(SIGNAL, 64, 32, 64, torch.hann_window(64)).abs().numpy() ** 2
    bank = reference_bank(33, 20.0, 4000.0, 6, 8000, norm, scale)
    expected = np.einsum("...ft,fm->...mt", power, bank)
    close(made(nr.from_numpy(SIGNAL)), expected)
    scaled = audio.MelScale(6, 8000, 20.0, n_stft=33, norm=norm, mel_scale=scale)
    close(scaled(nr.from_numpy(power)), expected)


def test_linear_bank():
    close(F.linear_fbanks(5, 0.0, 100.0, 1, 200), [[0], [0.5], [1], [0.5], [0]])


def reference_db(x, multiplier, top_db):
    db = multiplier * np.log10(np.maximum(x, 1e-10))
    if top_db is None:
        return db
    packed = db.reshape(-1, db.shape[-3] if db.ndim > 2 else 1, *db.shape[-2:])
    return np.maximum(packed, packed.max((1, 2, 3), keepdims=True) - top_db).reshape(db.shape)


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4), (2, 2, 3, 4), (2, 2, 2, 3, 4)])
def test_decibels(shape):
    x = np.exp(np.random.default_rng(1).normal(0, 8, shape)).astype(np.float32)
    for stype, multiplier in (("power", 10), ("magnitude", 20)):
        for top_db in (None, 30.0):
            close(audio.AmplitudeToDB(stype, top_db)(nr.from_numpy(x)), reference_db(x, multiplier, top_db), 1e-5)
    close(F.DB_to_amplitude(nr.tensor([0.0, 10.0]), 2.0, 0.5), [2, 2 * math.sqrt(10)], 1e-6)
    with pytest.raises(ValueError, match="top_db"):
        audio.AmplitudeToDB(top_db=-1)


@pytest.mark.parametrize("norm", [None, "ortho"])
@pytest.mark.parametrize("log_mels", [False, True])
def test_mfcc(norm, log_mels):
    n, k = np.arange(20), np.arange(7)[:, None]
    dct = np.cos(math.pi / 20 * (n + 0.5) * k)
    if norm:
        dct[0] /= math.sqrt(2)
    dct *= math.sqrt(2 / 20) if norm else 2
    close(F.create_dct(7, 20, norm), dct.T, 1e-6)
    options = {"n_fft": 64, "n_mels": 20}
    made = audio.MFCC(8000, 7, norm=norm, log_mels=log_mels, melkwargs=options)
    assert list(made.state_dict()) == ["dct_mat", "MelSpectrogram.spectrogram.window", "MelSpectrogram.mel_scale.fb"]
    mels = audio.MelSpectrogram(8000, **options)(nr.from_numpy(SIGNAL)).numpy()
    logs = np.log(mels + 1e-6) if log_mels else reference_db(mels, 10, 80)
    close(made(nr.from_numpy(SIGNAL)), np.einsum("...mt,km->...kt", logs, dct))
    with pytest.raises(ValueError, match="DCT type"):
        audio.MFCC(dct_type=3)
    with pytest.raises(ValueError, match="MFCC coefficients"):
        audio.MFCC(n_mfcc=300)


# ---- resampling ------------------------------------------------------------------------------


def reference_resample(x, orig, new, width=6, rolloff=0.99, kaiser=False, beta=14.769656459379492):
    divisor = math.gcd(orig, new)
    orig, new = orig // divisor, new // divisor
    base = min(orig, new) * rolloff
    reach = math.ceil(width * orig / base)
    t = (np.arange(0, -new, -1)[:, None] / new + np.arange(-reach, reach + orig)[None] / orig) * base
    t = np.clip(t, -width, width)
    if kaiser:
        window = np.i0(beta * np.sqrt(1 - (t / width) ** 2)) / np.i0(beta)
    else:
        window = np.cos(t * math.pi / width / 2) ** 2
    kernel = np.sinc(t) * window * base / orig
    padded = np.pad(x, [(0, 0)] * (x.ndim - 1) + [(reach, reach + orig)])
    frames = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape[1], -1)[..., ::orig, :]
    result = np.einsum("...tk,nk->...tn", frames, kernel)
    length = math.ceil(new * x.shape[-1] / orig)
    return result.reshape(*x.shape[:-1], -1)[..., :length]


@pytest.mark.parametrize("rates", [(3, 2), (44100, 48000), (16000, 8000), (8000, 16000), (7, 5)])
def test_resample(rates):
    signal = nr.from_numpy(SIGNAL)
    close(F.resample(signal, *rates), reference_resample(SIGNAL, *rates))
    close(audio.Resample(*rates)(signal), reference_resample(SIGNAL, *rates))
    close(
        audio.Resample(*rates, "sinc_interp_kaiser", lowpass_filter_width=12, rolloff=0.9, beta=8.0)(signal),
        reference_resample(SIGNAL, *rates, 12, 0.9, True, 8.0),
    )
    double = F.resample(signal.double(), *rates, resampling_method="sinc_interp_kaiser")
    close(double, reference_resample(SIGNAL.astype(np.float64), *rates, kaiser=True), 1e-9)


def test_resample_options():
    signal = nr.from_numpy(SIGNAL)
    assert audio.Resample(5, 5)(signal) is signal
    assert audio.Resample(3, 2).kernel.dtype is nr.float32 and audio.Resample(3, 2, dtype=nr.float64).kernel.dtype is nr.float64
    for wrong in ((0, 1), (1, -1)):
        with pytest.raises(ValueError, match="positive"):
            F.resample(signal, *wrong)
    with pytest.raises(ValueError, match="invalid resampling method"):
        F.resample(signal, 1, 2, resampling_method="linear")
    with pytest.raises(ValueError, match="floating point"):
        F.resample(nr.arange(10), 1, 2)


# ---- as modules ------------------------------------------------------------------------------


def test_modules():
    net = nr.nn.Sequential(audio.Resample(16000, 8000), audio.MelSpectrogram(8000, n_fft=64, n_mels=8), audio.AmplitudeToDB())
    signal = nr.from_numpy(SIGNAL.copy()).requires_grad_()
    result = net(signal)
    assert result.shape == (2, 3, 8, 8)
    result.sum().backward()
    assert signal.grad.isfinite().all().item() and signal.grad.abs().sum().item() > 0
    assert net.double()[1].mel_scale.fb.dtype is nr.float64
    assert not list(net.parameters())


def test_gradient():
    x = nr.from_numpy(SIGNAL[0, 0, :60].astype(np.float64)).requires_grad_()
    made = audio.MFCC(100, 3, melkwargs={"n_fft": 16, "n_mels": 4}).double()
    assert nr.autograd.gradcheck(made, (x,), eps=1e-6, atol=1e-4, rtol=1e-3)


def test_errors():
    with pytest.raises(ValueError, match="spectrogram: a waveform"):
        audio.Spectrogram()(nr.zeros(400, dtype=nr.int64))
    with pytest.raises(ValueError, match="f_min"):
        audio.MelScale(f_min=10.0, f_max=5.0)
    with pytest.raises(ValueError, match="mel_scale"):
        F.melscale_fbanks(10, 0.0, 1.0, 3, 100, mel_scale="bark")
