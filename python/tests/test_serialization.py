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


def test_text_that_is_none_is_damage():
    with pytest.raises(ValueError, match="damaged") as raised:
        loaded(b"NEURA-1\n\x80\x04\x8c\x01\xff.")
    assert not isinstance(raised.value, UnicodeError)


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


# A step of 1,000,000 that is one byte each.
BOMBS = {
    "tuples": b")" + b"\x85" * 1_000_000 + b".",
    "marks": b"(" * 1_000_000 + b"t" * 1_000_000 + b".",
    "lists": b"]" + b"".join(b"]\x94h\x00a0" for _ in range(3)) + b"a" * 5 + b".",
    "far memo": b"Nr\xff\xff\xff\x7f.",
    "long bytes": b"\x8e\xff\xff\xff\xff\x00\x00\x00\x00x.",
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_at_once(name):
    with pytest.raises(ValueError, match="damaged"):
        loaded(b"NEURA-1\n\x80\x04" + BOMBS[name])


def test_nesting_that_hides_in_the_memo_is_refused():
    # Each list is put into the one before, which was fetched again.
    code = b"]\x94" + b"".join(b"0]\x94j" + struct.pack("<I", i) + b"j" + struct.pack("<I", i + 1) + b"a" for i in range(2000))
    with pytest.raises(ValueError, match="damaged"):
        loaded(b"NEURA-1\n\x80\x04" + code + b".")


def test_long_ranges_are_refused():
    assert loaded(saved({"r": range(5, 100, 3)})) == {"r": range(5, 100, 3)}

    class Bomb:
        def __reduce__(self):
            return set, (range(10**12),)

    with pytest.raises(pickle.UnpicklingError, match="ranges"):
        loaded(saved(Bomb()))


def test_what_python_can_pickle_comes_back():
    nested = []
    for _ in range(200):
        nested = [nested, (nested,), {"a": {1, 2}, "b": frozenset([3])}]
    cycle = [1]
    cycle.append(cycle)
    back = loaded(saved({"nested": nested[2], "cycle": cycle, "big": 10**50, "bytes": b"x" * 70000, "t": ((1,),) * 4}))
    assert back["cycle"][1] is back["cycle"] and back["big"] == 10**50 and back["t"] == ((1,),) * 4
    assert loaded(saved(nested))[1][0] is not None


def test_only_regular_files_are_read(tmp_path):
    fifo = str(tmp_path / "fifo")
    os.mkfifo(fifo)
    for path in (fifo, "/dev/zero", str(tmp_path)):
        with pytest.raises(ValueError, match="not a regular file"):
            nr.load(path)
    big = tmp_path / "big.pt"
    with open(big, "wb") as file:
        file.truncate(1 << 40)  # a hole
    with pytest.raises(ValueError, match="not a file"):
        nr.load(big)


def test_bytes_of_a_bad_file_in_an_error_are_escaped(tmp_path):
    path = tmp_path / "bad.safetensors"
    header = b'{"\xff\x01":{"dtype":"\xfe"}}'
    path.write_bytes(struct.pack("<Q", len(header)) + header)
    with pytest.raises(ValueError, match="bad.safetensors"):
        nr.load(path)
    model = tmp_path / "bad.onnx"
    # A model of operator set 13 with one node of an operator whose name is no text.
    model.write_bytes(bytes([0x08, 8, 0x3A, 6, 0x0A, 4, 0x22, 2, 0xFF, 0xFE, 0x42, 2, 0x10, 13]))
    with pytest.raises((ValueError, NotImplementedError), match=r"\\xff\\xfe"):
        nr.onnx.load(model)


# ---- sharing ---------------------------------------------------------------------------------


def test_memory_that_tensors_share_stays_shared(tmp_path):
    base = nr.arange(6.0)
    state = {"a": nr.nn.Parameter(base), "b": nr.nn.Parameter(base), "row": base.reshape(2, 3)[1], "other": nr.ones(6)}
    nr.save(state, tmp_path / "state.pt")
    for back in (nr.load(tmp_path / "state.pt"), pickle.loads(pickle.dumps(state))):
        assert all(back[name].tolist() == state[name].tolist() for name in state)
        with nr.no_grad():
            back["a"][4] = 50.0
        assert back["b"].tolist()[4] == 50.0 and back["row"].tolist() == [3.0, 50.0, 5.0]
        assert back["other"].tolist() == [1.0] * 6
        assert isinstance(back["a"], nr.nn.Parameter) and back["a"].requires_grad
    # In each pickle anew: what was saved first is not what was saved later.
    again = pickle.loads(pickle.dumps(base))
    base.fill_(7.0)
    assert again.tolist() == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0] and pickle.loads(pickle.dumps(base)).tolist() == [7.0] * 6


def test_views_that_leave_their_memory_are_refused():
    memory = nr._serialization._Memory(nr.zeros(8, dtype=nr.uint8))
    for dtype, shape, strides, offset in (
        ("float32", (3,), (1,), 0),
        ("float32", (2,), (1,), 1),
        ("float32", (2,), (-1,), 1),
        ("float32", (2, 2**62), (1, 1), 0),
        ("float32", (1,), (1,), -1),
    ):
        call = (nr._serialization._rebuild_view, (memory, dtype, shape, strides, offset, False))

        class Lie:
            def __reduce__(self):
                return call

        with pytest.raises((ValueError, RuntimeError, TypeError, MemoryError, IndexError)):
            loaded(saved(Lie()))


# ---- NumPy's formats -------------------------------------------------------------------------

NUMPY_ARRAYS = {
    "plain": np.arange(6, dtype=np.float32).reshape(2, 3),
    "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "big_endian": np.arange(3, dtype=">i4"),
    "scalar": np.array(2.5),
    "empty": np.zeros((0, 3), dtype=np.int64),
    "bool": np.array([True, False]),
}


def test_numpys_files_are_read(tmp_path):
    for name, array in NUMPY_ARRAYS.items():
        np.save(tmp_path / f"{name}.npy", array)
        tensor = nr.load(tmp_path / f"{name}.npy")
        assert tensor.shape == array.shape and tensor.tolist() == array.tolist()
    for write in (np.savez, np.savez_compressed):
        write(tmp_path / "all.npz", **NUMPY_ARRAYS)
        back = nr.load(tmp_path / "all.npz")
        assert list(back) == list(NUMPY_ARRAYS)
        assert all(back[name].tolist() == array.tolist() for name, array in NUMPY_ARRAYS.items())


def test_numpy_reads_what_is_saved(tmp_path):
    tensors = {name: nr.tensor(array.tolist()) for name, array in NUMPY_ARRAYS.items() if name != "empty"}
    for name, tensor in tensors.items():
        nr.save(tensor, tmp_path / f"{name}.npy")
        assert np.load(tmp_path / f"{name}.npy").tolist() == tensor.tolist()
    nr.save(tensors, tmp_path / "all.npz")
    archive = np.load(tmp_path / "all.npz")
    assert archive.files == list(tensors)
    assert all(archive[name].tolist() == tensor.tolist() for name, tensor in tensors.items())
    with pytest.raises(TypeError, match="takes a tensor"):
        nr.save(tensors, tmp_path / "x.npy")
    with pytest.raises(TypeError, match="dict of names"):
        nr.save(nr.ones(2), tmp_path / "x.npz")


def test_damaged_archives_are_refused(tmp_path):
    path = tmp_path / "all.npz"
    np.savez_compressed(path, **NUMPY_ARRAYS)
    data = path.read_bytes()
    for end in range(0, len(data), 37):
        path.write_bytes(data[:end])
        with pytest.raises(ValueError):
            nr.load(path)
    random = np.random.RandomState(0)
    for _ in range(200):
        changed = bytearray(data)
        changed[random.randint(len(data))] ^= 1 << random.randint(8)
        path.write_bytes(changed)
        try:
            nr.load(path)
        except (ValueError, MemoryError):
            pass


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


def test_a_slice_of_a_safetensors_file(tmp_path):
    path = tmp_path / "a.safetensors"
    rows = np.arange(1 << 20, dtype=np.float32).reshape(-1, 64)
    path.write_bytes(write({"rows": rows, "mask": np.array([True, False])}, {"format": "pt"}))
    with nr.safe_open(path, framework="pt", device="cpu") as file:
        assert set(file.keys()) == {"rows", "mask"} and file.metadata() == {"format": "pt"}
        part = file.get_slice("rows")[100:102]
        assert file.get_tensor("mask").tolist() == [True, False]
        with pytest.raises(KeyError, match="a.safetensors: there is no tensor 'absent'"):
            file.get_tensor("absent")
    part.zero_()  # in memory alone
    np.testing.assert_array_equal(nr.load(path)["rows"].numpy(), rows)
    assert part.shape == (2, 64) and not part.any()
    with pytest.raises(ValueError, match="closed"):
        file.keys()
    with pytest.raises(FileNotFoundError, match="nowhere.safetensors"):
        nr.safe_open(tmp_path / "nowhere.safetensors")


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


def test_memories_of_different_sizes_at_one_address(tmp_path):
    array = np.arange(4, dtype=np.float32)
    nr.save({"part": nr.from_numpy(array[:2]), "whole": nr.from_numpy(array)}, tmp_path / "both.pkl")
    back = nr.load(tmp_path / "both.pkl")
    assert back["part"].tolist() == [0, 1]
    assert back["whole"].tolist() == [0, 1, 2, 3]


def test_map_location_is_a_device_that_is_there(tmp_path):
    path = tmp_path / "x.pt"
    nr.save(nr.ones(2), path)
    for location in (None, "cpu", nr.device("cpu"), {"cuda:0": "cpu"}, lambda storage, name: storage):
        assert nr.load(path, map_location=location).tolist() == [1, 1]
    with pytest.raises(ValueError, match="no backend for device 'cuda'"):
        nr.load(path, map_location="cuda")
    with pytest.raises(TypeError, match="map_location"):
        nr.load(path, map_location=3)
