#!/usr/bin/env python3
"""Writes the files of this folder with NumPy and, where they are well-formed, the reference safetensors package.

usage: make.py   (python3-numpy from Debian; safetensors from PyPI)
"""

import io
import json
import pathlib
import struct
import zipfile

import numpy as np
from safetensors.numpy import save_file

HERE = pathlib.Path(__file__).parent


def npy():
    folder = HERE / "npy"
    values = np.array([[0, 1, 2], [3, 100, 127]])
    for dtype in ("|b1", "|u1", "|i1", "<i2", ">i2", "<i4", ">i4", "<i8", ">i8",
                  "<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "<c8", ">c8", "<c16", ">c16"):
        array = values.astype(dtype)
        if array.dtype.kind == "c":
            array = array - (1j * values).astype(dtype)
        name = dtype.replace("<", "little_").replace(">", "big_").replace("|", "")
        np.save(folder / f"{name}.npy", array.astype(dtype))
    np.save(folder / "fortran.npy", np.asfortranarray(np.arange(24, dtype="<f4").reshape(2, 3, 4)))
    np.save(folder / "scalar.npy", np.array(2.5, dtype="<f4"))
    np.save(folder / "empty.npy", np.zeros((3, 0, 2), dtype="<i4"))
    # NumPy refuses to make this one.
    with open(folder / "huge_empty.npy", "wb") as file:
        np.lib.format.write_array_header_1_0(
            file, {"descr": "<f4", "fortran_order": False, "shape": (2**40, 0, 2**40)})
    for version in ((2, 0), (3, 0)):
        with open(folder / f"version{version[0]}.npy", "wb") as file:
            np.lib.format.write_array(file, np.arange(5, dtype="<i8"), version=version)
    np.save(folder / "bad_dtype.npy", np.array(["text"]))


def npz():
    folder = HERE / "npz"
    arrays = {"weight": np.arange(6, dtype=np.float32).reshape(2, 3), "steps": np.array(7), "mask": np.array([True, False])}
    np.savez(folder / "stored.npz", **arrays)
    np.savez_compressed(folder / "deflated.npz", **arrays)
    stored, deflated = (bytearray((folder / f"{name}.npz").read_bytes()) for name in ("stored", "deflated"))
    stored[stored.index(np.float32(5).tobytes())] ^= 1
    (folder / "checksum.npz").write_bytes(stored)
    (folder / "truncated.npz").write_bytes(stored[:-30])
    entry = deflated.index(b"PK\x01\x02")
    deflated[entry + 24 : entry + 28] = (2**31).to_bytes(4, "little")
    (folder / "bomb.npz").write_bytes(deflated)
    member = io.BytesIO()
    np.save(member, np.ones(2, np.float32))
    with zipfile.ZipFile(folder / "twice.npz", "w") as archive:
        archive.writestr("a.npy", member.getvalue())
        archive.writestr("a.npy", member.getvalue())
    with zipfile.ZipFile(folder / "bzip2.npz", "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("a.npy", member.getvalue())


def safetensors():
    folder = HERE / "safetensors"
    save_file(
        {
            "linear.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
            "linear.bias": np.array([0.5, -0.5], dtype=np.float64),
            "mask": np.array([True, False, True]),
            "steps": np.array(7, dtype=np.int64),
            "half": np.array([[1.5]], dtype=np.float16),
            "nothing": np.zeros((0, 4), dtype=np.uint8),
        },
        folder / "reference.safetensors",
        metadata={"format": "np", "note": 'quote " and \u00e9'},
    )

    def entry(begin, end, shape=(2,), dtype="F32"):
        return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}

    def write(name, header, data):
        text = header if isinstance(header, bytes) else json.dumps(header).encode()
        (folder / f"{name}.safetensors").write_bytes(struct.pack("<Q", len(text)) + text + data)

    write("overlap", {"a": entry(0, 8), "b": entry(4, 12)}, bytes(12))
    write("gap", {"a": entry(0, 8), "b": entry(12, 20)}, bytes(20))
    write("excess", {"a": entry(0, 8)}, bytes(9))
    write("truncated", {"a": entry(0, 8)}, bytes(7))
    write("wrong_size", {"a": entry(0, 8, shape=(3,))}, bytes(8))
    write("overflow", {"a": entry(0, 0, shape=(2**40, 2**40))}, b"")
    write("negative", {"a": entry(0, 8, shape=(-2,))}, bytes(8))
    write("dtype", {"a": entry(0, 8, dtype="F8_E4M3")}, bytes(8))
    write("twice", b'{"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]},'
                   b'"a":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}', bytes(1))
    write("deep", b'{"a":' + b"[" * 1000 + b"]" * 1000 + b"}", b"")
    write("not_json", b'{"a":', b"")
    (folder / "lying_length.safetensors").write_bytes(struct.pack("<Q", 2**63) + b"{}")


if __name__ == "__main__":
    npy()
    npz()
    safetensors()
