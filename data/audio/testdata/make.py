#!/usr/bin/env python3
"""Writes the files of this folder."""

import pathlib
import struct

HERE = pathlib.Path(__file__).parent


def chunk(name, content):
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def form(tag, channels, bits, more=b"", rate=8000):
    frame = channels * bits // 8
    return chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * frame, frame, bits) + more)


def riff(chunks):
    return b"RIFF" + struct.pack("<I", len(chunks) + 4) + b"WAVE" + chunks


def main():
    numbers, endless = bytes(range(24)), b"\xff\xff\xff\xff"
    guid = b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
    files = {
        "pcm8": riff(form(1, 1, 8) + chunk(b"data", numbers[:5])),
        "pcm16": riff(form(1, 2, 16) + chunk(b"data", numbers)),
        "pcm24": riff(form(1, 1, 24) + chunk(b"data", numbers[:9])),
        "float": riff(chunk(b"LIST", b"abc") + form(3, 1, 32) + chunk(b"data", struct.pack("<3f", 1, -0.5, 2))),
        "extensible": riff(form(0xFFFE, 2, 16, struct.pack("<HHIH", 22, 16, 3, 1) + guid) + chunk(b"data", numbers)),
        "stream": b"RIFF" + endless + b"WAVE" + form(1, 1, 16) + b"data" + endless + numbers,
        "rf64": b"RF64" + endless + b"WAVE" + chunk(b"ds64", struct.pack("<QQQ", 0, 8, 4)) + form(1, 1, 16) + b"data" + endless + numbers,
        "lying": riff(form(1, 1, 16) + b"data\x00\xff\xff\x7f" + numbers),
    }
    for name, content in files.items():
        (HERE / f"{name}.wav").write_bytes(content)


if __name__ == "__main__":
    main()
