#!/usr/bin/env python3
"""Writes the files of this folder."""

import gzip
import io
import pathlib
import struct
import tarfile
import zlib

HERE = pathlib.Path(__file__).parent


def idx(code, shape, elements):
    return bytes([0, 0, code, len(shape)]) + struct.pack(f">{len(shape)}I", *shape) + elements


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(width, height, depth, colour, rows, extra=b"", interlaced=0):
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced)
    data = zlib.compress(b"".join(b"\0" + row for row in rows))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def adam7(size, pixel):
    """The rows of the seven passes over a grey image."""
    for x0, y0, dx, dy in [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]:
        for y in range(y0, size, dy):
            row = bytes(pixel(x, y) for x in range(x0, size, dx))
            if row:
                yield row


def segment(marker, content):
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def jpeg(width, height, components, entropy, precision=8):
    """Flat 8 by 8 blocks: DC codes of one bit, "0", for six more bits, and "0" for the end of a block."""
    quantization = segment(0xDB, b"\0" + bytes([8]) * 64)
    frame = segment(
        0xC0,
        struct.pack(">BHHB", precision, height, width, components)
        + b"".join(bytes([i + 1, 0x11, 0]) for i in range(components)),
    )
    dc = segment(0xC4, b"\x00" + bytes([1] + [0] * 15) + b"\x06")
    ac = segment(0xC4, b"\x10" + bytes([1] + [0] * 15) + b"\x00")
    scan = segment(0xDA, bytes([components]) + b"".join(bytes([i + 1, 0]) for i in range(components)) + b"\0\x3f\0")
    return b"\xff\xd8" + quantization + frame + dc + ac + scan + entropy + b"\xff\xd9"


def write_images():
    def write(name, content):
        (HERE / "image" / name).write_bytes(content)

    grey = [bytes([10 * (3 * y + x) for x in range(3)]) for y in range(2)]
    write("grey.png", png(3, 2, 8, 0, grey))
    write("bits.png", png(3, 2, 1, 0, [b"\xa0", b"\x40"]))
    write("grey16.png", png(2, 1, 16, 0, [struct.pack(">2H", 0, 65535)]))
    write("grey_alpha.png", png(2, 1, 8, 4, [bytes([7, 0, 9, 255])]))
    write("rgb.png", png(2, 1, 8, 2, [bytes([1, 2, 3, 250, 100, 0])]))
    write("rgba.png", png(1, 1, 8, 6, [bytes([1, 2, 3, 4])]))
    palette = chunk(b"PLTE", bytes([255, 0, 0, 0, 255, 0])) 
    write("palette.png", png(2, 1, 8, 3, [bytes([1, 0])], palette))
    write("transparent.png", png(2, 1, 8, 3, [bytes([1, 0])], palette + chunk(b"tRNS", bytes([128]))))
    write("interlaced.png", png(9, 9, 8, 0, adam7(9, lambda x, y: 20 * y + x), interlaced=1))
    write("huge.png", png(100000, 2000, 8, 2, [b""]))
    write("bomb.png", png(1, 1, 8, 0, [bytes(1_000_000)]))
    write("bad_palette.png", png(2, 1, 8, 3, [bytes([9, 9])], palette))
    whole = png(3, 2, 8, 0, grey)
    write("truncated.png", whole[:-20])
    write("bad_crc.png", whole[:-14] + b"\0" + whole[-13:])
    # DC 40 * 8 / 8 above 128: 0 101000 0. Three components of -40, whose bits are 010111: 0 010111 0.
    write("flat.jpg", jpeg(8, 8, 1, b"\x50"))
    write("colour.jpg", jpeg(8, 8, 3, bytes([0b01010000, 0b00101110, 0b01010000])))
    write("truncated.jpg", jpeg(8, 8, 1, b"\x50")[:-12])
    write("missing_blocks.jpg", jpeg(64, 64, 1, b"\x50"))
    write("huge.jpg", jpeg(65500, 65500, 3, b"\x50"))
    write("twelve_bits.jpg", jpeg(8, 8, 1, b"\x50", precision=12))


def write_tars():
    def write(name, members, **options):
        file = io.BytesIO()
        with tarfile.open(fileobj=file, mode="w", **options) as archive:
            for path, content in members:
                info = tarfile.TarInfo(path)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
        (HERE / "tar" / name).write_bytes(file.getvalue())
        return file.getvalue()

    members = [("a/0.txt", b"zero"), ("a/0.cls", b"1"), ("a/1.txt", b"one" * 300), ("README", b"no part"), ("a/1.cls", b"")]
    plain = write("ustar.tar", members, format=tarfile.USTAR_FORMAT)
    long = "directory/" * 20 + "name.of.part"
    write("pax.tar", [(long, b"long"), ("\u00e4.txt", b"short")], format=tarfile.PAX_FORMAT)
    write("gnu.tar", [(long, b"long")], format=tarfile.GNU_FORMAT)
    write("prefix.tar", [("d" * 90 + "/" + "e" * 90 + ".txt", b"ustar")], format=tarfile.USTAR_FORMAT)
    (HERE / "tar" / "truncated.tar").write_bytes(plain[:514])
    (HERE / "tar" / "checksum.tar").write_bytes(b"b" + plain[1:])
    (HERE / "tar" / "empty.tar").write_bytes(bytes(1024))
    (HERE / "tar" / "nothing.tar").write_bytes(b"")


def write_tables():
    def write(name, content):
        (HERE / "csv" / name).write_bytes(content)

    write("plain.csv", b"id,weight,name\n1,0.5,a\n2,-1e3,b\n\n3,7,\n")
    write("quoted.csv", b'\xef\xbb\xbfa,b\r\n"x, ""y""","line\nbreak"\r\n"",z')
    write("ragged.csv", b"1,2\n3,4\n5\n")
    write("no_integer.csv", b"1,2\n3,x\n")
    write("open_quote.csv", b'1,"2\n3,4\n')
    write("after_quote.csv", b'1,"2"3\n')
    write("empty.csv", b"")


def main():
    write_images()
    write_tars()
    write_tables()

    def write(name, content):
        (HERE / "idx" / name).write_bytes(content)

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
