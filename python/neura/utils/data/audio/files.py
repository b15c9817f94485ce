"""WAV files, read and written in C++, under the names of torchaudio."""

import os
from typing import Any, NamedTuple

from neura import _C
from neura._C import Tensor

_data: Any = _C.data
_files = _data.audio._files


class AudioMetaData(NamedTuple):
    """What a file says of itself; the encoding is "PCM_U", of 8 bits, "PCM_S", of 16, 24 and 32, or "PCM_F", of 32 and 64."""

    sample_rate: int
    num_frames: int
    num_channels: int
    bits_per_sample: int
    encoding: str


def _named(uri: Any, format: str | None) -> Any:
    """The name of a file, or the bytes of one that is open."""
    if format is not None and format.lower() != "wav":
        raise ValueError(f"format: only WAV files are read and written, not {format!r}")
    return uri.read() if hasattr(uri, "read") else os.fsdecode(uri)


def load(
    uri: Any,
    frame_offset: int = 0,
    num_frames: int = -1,
    normalize: bool = True,
    channels_first: bool = True,
    format: str | None = None,
) -> tuple[Tensor, int]:
    """(waveform, sample_rate) of a WAV file: float32 [channels, frames] in [-1, 1], or with `normalize=False` the numbers of the
    file, uint8, int16, int32 (24 bits stand in the upper ones), float32 or float64. `uri` is a path or an open file of bytes.

    Raises ValueError for what is no WAV file or of an encoding that is not read, RuntimeError where it is damaged, OSError where
    there is none; they name the file."""
    waveform, rate = _files.load(_named(uri, format), frame_offset, num_frames, normalize, channels_first)
    return waveform, rate


def info(uri: Any, format: str | None = None) -> AudioMetaData:
    """What a WAV file says of itself, of which only that is read. Errors are those of load()."""
    return AudioMetaData(*_files.info(_named(uri, format)))


def save(
    uri: Any,
    src: Tensor,
    sample_rate: int,
    channels_first: bool = True,
    format: str | None = None,
    encoding: str | None = None,
    bits_per_sample: int | None = None,
) -> None:
    """Writes a waveform [channels, frames] of uint8, int16, int32 or a floating type as a WAV file: of 32 bits of floating point, or
    what the integers have, unless `encoding` and `bits_per_sample` (see AudioMetaData) say otherwise; "PCM_S" is of 16 bits.
    Numbers are rounded, and what is beyond the largest one is that. `uri` is a path or a file that is open for bytes.

    Raises ValueError for other tensors, rates and encodings, OSError where the file cannot be written."""
    if hasattr(uri, "write"):
        _named("", format)
        uri.write(_files.encode(src, sample_rate, channels_first, encoding, bits_per_sample))
    else:
        _files.save(_named(uri, format), src, sample_rate, channels_first, encoding, bits_per_sample)
