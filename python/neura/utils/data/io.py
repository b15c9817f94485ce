"""Images in files."""

import enum
import os
from typing import Any

from neura import _C
from neura._C import Tensor
from neura._functions import frombuffer


class ImageReadMode(enum.Enum):
    """Which channels an image gets, whatever its file has: one, two, three or four."""

    UNCHANGED = 0
    GRAY = 1
    GRAY_ALPHA = 2
    RGB = 3
    RGB_ALPHA = 4


def _mode(mode: Any) -> int:
    if isinstance(mode, str):
        try:
            return ImageReadMode[mode.upper()].value
        except KeyError:
            raise ValueError(f"mode: {mode!r} is none of {[m.name for m in ImageReadMode]}") from None
    return int(mode.value if isinstance(mode, ImageReadMode) else mode)


def decode_image(input: Any, mode: ImageReadMode | str = ImageReadMode.UNCHANGED) -> Tensor:
    """The image of a JPEG or PNG file's bytes, uint8 [C, H, W]: of a tensor uint8 [bytes], or of bytes."""
    image: Tensor = _C.data.decode_image(input, _mode(mode))
    return image


def read_image(path: Any, mode: ImageReadMode | str = ImageReadMode.UNCHANGED) -> Tensor:
    """The image of a JPEG or PNG file, uint8 [C, H, W]. Errors name the file."""
    image: Tensor = _C.data.read_image(os.fspath(path), _mode(mode))
    return image


def read_file(path: Any) -> Tensor:
    """A file's bytes, uint8 [bytes]."""
    with open(path, "rb") as file:
        content = bytearray(file.read())
    return frombuffer(content, dtype=_C.uint8) if content else _C.empty((0,), dtype=_C.uint8)


def encode_png(input: Tensor, compression_level: int = 6) -> Tensor:
    """The bytes of a PNG file, uint8 [bytes], of an image uint8 [C, H, W] of one to four channels."""
    return frombuffer(bytearray(_C.data.encode_png(input, compression_level)), dtype=_C.uint8)


def encode_jpeg(input: Tensor, quality: int = 75) -> Tensor:
    """The bytes of a JPEG file, uint8 [bytes], of an image uint8 [1, H, W] or [3, H, W]."""
    return frombuffer(bytearray(_C.data.encode_jpeg(input, quality)), dtype=_C.uint8)


def write_png(input: Tensor, filename: Any, compression_level: int = 6) -> None:
    """Writes an image as encode_png does."""
    with open(filename, "wb") as file:
        file.write(_C.data.encode_png(input, compression_level))


def write_jpeg(input: Tensor, filename: Any, quality: int = 75) -> None:
    """Writes an image as encode_jpeg does."""
    with open(filename, "wb") as file:
        file.write(_C.data.encode_jpeg(input, quality))
