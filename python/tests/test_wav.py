"""WAV files beside Python's own module wave, and SciPy's where there is one."""

import io
import struct
import wave

import neura as nr
import numpy as np
import pytest
from neura.utils.data import audio

NUMBERS = np.random.default_rng(0).integers(-(2**31), 2**31, (3, 100))


def written(path, numbers, width, rate=22050):
    """A file of wave, of numbers [channels, frames] of so many bytes, and those that it holds."""
    numbers = numbers >> (32 - 8 * width)
    frames = numbers.T.reshape(-1)
    if width == 1:
        content = (frames + 128).astype(np.uint8).tobytes()
    else:
        content = b"".join(int(n).to_bytes(width, "little", signed=True) for n in frames)
    with wave.open(str(path), "wb") as file:
        file.setparams((len(numbers), width, rate, 0, "NONE", ""))
        file.writeframes(content)
    return numbers


@pytest.mark.parametrize("width", [1, 2, 3, 4])
@pytest.mark.parametrize("channels", [1, 2, 3])
def test_reads_what_wave_writes(tmp_path, width, channels):
    path = tmp_path / "é.wav"
    numbers = written(path, NUMBERS[:channels], width)
    waveform, rate = audio.load(path)
    assert rate == 22050 and waveform.dtype is nr.float32 and waveform.shape == (channels, 100)
    assert np.abs(waveform.numpy() - numbers / 2.0 ** (8 * width - 1)).max() <= 2**-24
    plain, _ = audio.load(str(path), normalize=False, channels_first=False)
    expected = numbers.T + 128 if width == 1 else numbers.T << 8 if width == 3 else numbers.T
    assert plain.dtype is (nr.uint8, nr.int16, nr.int32, nr.int32)[width - 1] and (plain.numpy() == expected).all()
    part, _ = audio.load(path, 10, 20)
    assert (part.numpy() == waveform.numpy()[:, 10:30]).all()
    with open(path, "rb") as file:
        assert (audio.load(file)[0].numpy() == waveform.numpy()).all()
    told = audio.info(path)
    assert told == (22050, 100, channels, 8 * width, "PCM_U" if width == 1 else "PCM_S")
    assert told.num_frames == 100 and told.sample_rate == 22050
    # And back: the same bytes.
    again = io.BytesIO()
    audio.save(again, waveform, rate, encoding=told.encoding, bits_per_sample=told.bits_per_sample)
    if width < 4:
        assert again.getvalue() == path.read_bytes()


def test_wave_reads_what_is_saved(tmp_path):
    path = tmp_path / "out.wav"
    audio.save(path, nr.tensor([[0.5, -2.0, 0.25], [0.0, 1.0, -0.5]]), 8000, encoding="PCM_S")
    with wave.open(str(path)) as file:
        assert file.getparams()[:4] == (2, 2, 8000, 3)
        frames = np.frombuffer(file.readframes(3), dtype="<i2").reshape(3, 2).T
    assert frames.tolist() == [[16384, -32768, 8192], [0, 32767, -16384]]
    audio.save(path, nr.tensor([[0.1, -0.7]], dtype=nr.float64), 8000, bits_per_sample=64)
    assert audio.load(path, normalize=False)[0].tolist() == [[0.1, -0.7]]
    audio.save(path, nr.tensor([[0.5], [-0.5]]), 8000, channels_first=False)
    assert audio.info(path) == (8000, 2, 1, 32, "PCM_F")
    audio.save(path, nr.zeros(1, 0), 8000)
    assert audio.load(path)[0].shape == (1, 0)


def test_beside_scipy(tmp_path):
    wavfile = pytest.importorskip("scipy.io.wavfile")
    path = tmp_path / "sound.wav"
    for dtype in ("uint8", "int16", "int32", "float32", "float64"):
        numbers = (NUMBERS[:2].T % 200).astype(dtype)
        wavfile.write(path, 16000, numbers)
        ours, rate = audio.load(path, normalize=False, channels_first=False)
        assert rate == 16000 and str(ours.dtype) == f"neura.{dtype}" and (ours.numpy() == numbers).all()
        if dtype != "float64":
            audio.save(path, ours, 16000, channels_first=False)
            assert (wavfile.read(path)[1] == numbers).all()


def test_errors_name_the_file(tmp_path):
    path = tmp_path / "broken.wav"
    path.write_bytes(b"RIFF")
    with pytest.raises(ValueError, match="broken.wav: not a WAV file"):
        audio.load(path)
    header = b"RIFF\0\0\0\0WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16000, 2, 16)
    path.write_bytes(header + b"data" + struct.pack("<I", 2**31) + b"ab")
    with pytest.raises(RuntimeError, match="broken.wav: truncated: chunk 'data' of 2147483648 bytes, 2 are left"):
        audio.info(path)
    with pytest.raises(FileNotFoundError, match="none.wav"):
        audio.load(tmp_path / "none.wav")
    with pytest.raises(ValueError, match="only WAV files"):
        audio.load(path, format="mp3")
    with pytest.raises(ValueError, match="expected 2 dimensions"):
        audio.save(path, nr.zeros(3), 8000)
    with pytest.raises(ValueError, match="encoding = 'ULAW'"):
        audio.save(path, nr.zeros(1, 3), 8000, encoding="ULAW")
    with pytest.raises(ValueError, match="frame_offset = -1"):
        audio.load(path, -1)
