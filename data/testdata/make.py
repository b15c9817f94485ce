#!/usr/bin/env python3
"""Writes the IDX files of this folder."""

import gzip
import pathlib
import struct

HERE = pathlib.Path(__file__).parent / "idx"


def idx(code, shape, elements):
    return bytes([0, 0, code, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + elements


def main():
    def write(name, content):
        (HERE / name).write_bytes(content)

    def squeeze(content):
        return gzip.compress(content, mtime=0)

    small = idx(0x08, (2, 3), bytes([0, 1, 2, 3, 254, 255]))
    write("u8.idx", small)
    write("u8.idx.gz", squeeze(small))
    write("i8.idx.gz", squeeze(idx(0x09, (2,), struct.pack(">2b", -1, 2))))
    write("i16.idx.gz", squeeze(idx(0x0B, (2,), struct.pack(">2h", -300, 2))))
    write("i32.idx.gz", squeeze(idx(0x0C, (2,), struct.pack(">2i", -70000, 2))))
    write("f32.idx", idx(0x0D, (1, 2), struct.pack(">2f", 1.5, -0.25)))
    write("f64.idx", idx(0x0E, (1, 2), struct.pack(">2d", 1.5, -0.25)))
    write("scalar.idx", idx(0x08, (), b"\x07"))
    write("empty.idx.gz", squeeze(idx(0x08, (0, 28, 28), b"")))
    write("bad_type.idx", idx(0x0A, (1,), b"\x00"))
    write("overflow.idx", idx(0x0E, (2**32 - 1,) * 4, b""))
    write("lying.idx.gz", squeeze(idx(0x08, (2**31,), bytes(100))))
    write("excess.idx.gz", squeeze(small + b"x"))
    write("trailing.idx.gz", squeeze(small) + b"x")
    # A million zeros behind a header that names six elements.
    write("bomb.idx.gz", squeeze(small + bytes(1_000_000)))
    damaged = bytearray(squeeze(small))
    damaged[-6] ^= 1
    write("checksum.idx.gz", bytes(damaged))


if __name__ == "__main__":
    main()
