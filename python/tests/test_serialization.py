"""save() and load(), also of damaged and hostile files, and the safetensors format byte by byte."""

import collections
import io
import json
import os
import pickle
import struct

import neura as nr
import numpy as np
import pytest


def saved(obj):
    buffer = io.BytesIO()
    nr.save(obj, buffer)
    return buffer.getvalue()


def loaded(data, **kwargs):
    return nr.load(io.BytesIO(data), **kwargs)


def test_structures_come_back(tmp_path):
    state = {
        "weights": nr.arange(6.0).reshape(2, 3).T,
        "list": [nr.tensor(1), (nr.tensor([True]), None)],
        "step": 3,
        "name": "run",
        "rate": 1e-3,
        "ordered": collections.OrderedDict(a=nr.zeros(0, 2)),
        "dtype": nr.float64,
        "shape": nr.zeros(2, 3).shape,
        "set": {1, 2},
    }
    for path in (tmp_path / "state.pt", str(tmp_path / "state2.pt")):
        nr.save(state, path)
        back = nr.load(path)
        assert back["weights"].tolist() == state["weights"].tolist()
        assert back["list"][1][0].dtype is nr.bool and back["list"][1][1] is None
        assert {k: back[k] for k in ("step", "name", "rate", "dtype", "shape", "set")} == {
            k: state[k] for k in ("step", "name", "rate", "dtype", "shape", "set")
        }
        assert type(back["ordered"]) is collections.OrderedDict and back["ordered"]["a"].shape == (0, 2)


def test_state_dicts_of_a_run():
    model = nr.nn.Sequential(nr.nn.Linear(2, 3), nr.nn.BatchNorm1d(3), nr.nn.Linear(3, 1))
    optimizer = nr.optim.Adam(model.parameters(), lr=0.1)
    model(nr.randn(4, 2)).sum().backward()
    optimizer.step()
    back = loaded(saved({"model": model.state_dict(), "optimizer": optimizer.state_dict()}))
    other = nr.nn.Sequential(nr.nn.Linear(2, 3), nr.nn.BatchNorm1d(3), nr.nn.Linear(3, 1))
    other.load_state_dict(back["model"])
    again = nr.optim.Adam(other.parameters(), lr=0.5)
    again.load_state_dict(back["optimizer"])
    assert again.param_groups[0]["lr"] == 0.1
    for a, b in zip(model.parameters(), other.parameters()):
        assert a.tolist() == b.tolist()


def test_a_tensor_shared_by_two_names_stays_shared():
    x = nr.ones(2)
    back = loaded(saved([x, x]))
    assert back[0] is back[1]


class Evil:
    """Makes a folder when it is unpickled."""

    def __init__(self, folder):
        self.folder = folder

    def __reduce__(self):
        return os.mkdir, (self.folder,)


class EvilAttribute:
    def __reduce__(self):
        return getattr, ("text", "upper")


def test_weights_only_runs_no_code(tmp_path):
    folder = str(tmp_path / "made")
    for evil in (Evil(folder), [Evil(folder)], EvilAttribute(), {"a": print}):
        with pytest.raises(pickle.UnpicklingError, match="weights_only"):
            loaded(saved(evil))
    assert not os.path.exists(folder)
    assert loaded(saved({"a": len}), weights_only=False)["a"] is len


@pytest.mark.parametrize(
    "module,name",
    [
        ("os", "system"),
        ("builtins", "eval"),
        ("builtins", "getattr"),
        ("neura._serialization", "pickle.loads"),
        ("neura._serialization", "os.system"),
        ("neura", "load"),
        ("collections", "namedtuple"),
    ],
)
def test_hand_made_names_are_refused(module, name):
    code = b"\x80\x04" + b"\x8c" + bytes([len(module)]) + module.encode()
    code += b"\x8c" + bytes([len(name)]) + name.encode() + b"\x93."
    with pytest.raises(pickle.UnpicklingError, match="no plain data"):
        loaded(b"NEURA-1\n" + code)


def test_damaged_files():
    data = saved({"a": nr.arange(100.0), "b": [1, 2]})
    with pytest.raises(ValueError, match="not a file"):
        loaded(b"something else")
    with pytest.raises(ValueError, match="not a file"):
        loaded(b"")
    for end in range(8, len(data) - 1, 7):
        with pytest.raises((ValueError, pickle.UnpicklingError)):
            loaded(data[:end])
    random = np.random.RandomState(0)
    for _ in range(300):
        changed = bytearray(data)
        changed[random.randint(8, len(data))] ^= 1 << random.randint(8)
        try:
            loaded(bytes(changed))
        except (ValueError, pickle.UnpicklingError, MemoryError, OverflowError, RuntimeError):
            pass


def test_lying_sizes_are_refused():
    for shape, data in (((3,), b"\0" * 8), ((2**62, 4), b""), ((-1,), b""), ((1,), b"\0" * 5)):
        call = (nr._serialization._rebuild_tensor, ("float32", shape, data, False))

        class Lie:
            def __reduce__(self):
                return call

        with pytest.raises((ValueError, RuntimeError, TypeError, MemoryError, IndexError)):
            loaded(saved(Lie()))


def test_a_failed_save_leaves_the_old_file(tmp_path):
    path = tmp_path / "state.pt"
    nr.save({"a": 1}, path)
    with pytest.raises((AttributeError, TypeError, pickle.PicklingError)):
        nr.save({"a": lambda: 0}, path)
    assert nr.load(path) == {"a": 1}
    assert os.listdir(tmp_path) == ["state.pt"]
    with pytest.raises(OSError):
        nr.save({"a": 1}, tmp_path / "missing" / "state.pt")
    with pytest.raises(FileNotFoundError):
        nr.load(tmp_path / "none.pt")


# ---- safetensors -----------------------------------------------------------------------------

CODES = {
    "BOOL": "bool",
    "U8": "uint8",
    "I8": "int8",
    "I16": "int16",
    "I32": "int32",
    "I64": "int64",
    "F16": "float16",
    "F32": "float32",
    "F64": "float64",
}


def parse(data):
    """The format as its specification has it: length, JSON header, data."""
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    body = data[8 + length :]
    arrays = {}
    end_of_all = 0
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        end_of_all = max(end_of_all, end)
        arrays[name] = np.frombuffer(body[start:end], CODES[entry["dtype"]]).reshape(entry["shape"])
    assert end_of_all == len(body)
    return arrays, metadata


def write(arrays, metadata=None):
    header, body = {}, b""
    if metadata:
        header["__metadata__"] = metadata
    names = {v: k for k, v in CODES.items()}
    for name, array in arrays.items():
        data = array.tobytes()
        header[name] = {
            "dtype": names[str(array.dtype)],
            "shape": list(array.shape),
            "data_offsets": [len(body), len(body) + len(data)],
        }
        body += data
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + body


ARRAYS = {code: (np.arange(6).reshape(2, 3) % 5).astype(name) for code, name in CODES.items()}
ARRAYS["scalar"] = np.array(2.5, np.float32)
ARRAYS["empty"] = np.zeros((0, 4), np.float64)
ARRAYS["naïve/δ.weight"] = np.ones(3, np.float32)


def test_safetensors_are_written_as_specified(tmp_path):
    path = tmp_path / "a.safetensors"
    nr.save({name: nr.tensor(array) for name, array in ARRAYS.items()}, path)
    data = path.read_bytes()
    arrays, _ = parse(data)
    assert set(arrays) == set(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)
        assert arrays[name].shape == array.shape
    # What one has read writes the same bytes again.
    nr.save(nr.load(path), tmp_path / "b.safetensors")
    assert (tmp_path / "b.safetensors").read_bytes() == data


def test_safetensors_of_others_are_read(tmp_path):
    path = tmp_path / "a.safetensors"
    path.write_bytes(write(ARRAYS, {"format": "pt"}))
    tensors = nr.load(str(path))
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(tensors[name].numpy(), array)
        assert tensors[name].numpy().dtype == array.dtype


def test_safetensors_keep_metadata_and_views(tmp_path):
    from neura._serialization import save_file

    path = tmp_path / "a.safetensors"
    x = nr.arange(6.0).reshape(2, 3)
    save_file({"t": x.T, "p": nr.nn.Parameter(x)}, path, {"made": "here"})
    arrays, metadata = parse(path.read_bytes())
    assert metadata == {"made": "here"}
    np.testing.assert_array_equal(arrays["t"], x.numpy().T)
    model = nr.nn.Linear(2, 3)
    nr.save(model.state_dict(), path)
    assert list(nr.load(path)) == ["bias", "weight"] or set(nr.load(path)) == {"weight", "bias"}
    with pytest.raises(TypeError):
        save_file({"a": 1}, path)


@pytest.mark.parametrize(
    "header",
    [
        b"",
        b"[]",
        b"{",
        b'{"a": 1}',
        b'{"a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 400]}}',
        b'{"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F32", "shape": [4611686018427387904, 8], "data_offsets": [0, 0]}}',
        b'{"a": {"dtype": "X9", "shape": [1], "data_offsets": [0, 4]}}',
        b'{"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}}',
    ],
)
def test_safetensors_with_false_headers(tmp_path, header):
    path = tmp_path / "a.safetensors"
    path.write_bytes(struct.pack("<Q", len(header)) + header + b"\0" * 4)
    with pytest.raises((ValueError, RuntimeError)):
        nr.load(path)


def test_safetensors_cut_anywhere(tmp_path):
    data = write({"a": np.ones(3, np.float32), "b": np.ones(2, np.int64)})
    path = tmp_path / "a.safetensors"
    for end in range(len(data)):
        path.write_bytes(data[:end])
        with pytest.raises((ValueError, RuntimeError)):
            nr.load(path)
    path.write_bytes(struct.pack("<Q", 2**63) + data[8:])
    with pytest.raises((ValueError, RuntimeError)):
        nr.load(path)
