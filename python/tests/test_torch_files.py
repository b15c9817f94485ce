"""neura.load() of files that torch.save() has written, also of damaged and hostile ones."""

import collections
import io
import pickle
import zipfile

import neura as nr
import numpy as np
import pytest
import torch


def written(obj, **kwargs):
    buffer = io.BytesIO()
    torch.save(obj, buffer, **kwargs)
    return buffer.getvalue()


def loaded(data):
    return nr.load(io.BytesIO(data))


def test_dtypes_layouts_and_plain_data():
    dtypes = "float32 float64 float16 bfloat16 uint8 int8 int16 int32 int64 bool complex64 complex128"
    tensors = {name: torch.arange(6).reshape(2, 3).to(getattr(torch, name)) for name in dtypes.split()}
    tensors["transposed"] = torch.arange(6.0).reshape(2, 3).T
    tensors["scalar"], tensors["empty"] = torch.tensor(2.5), torch.zeros(0, 3)
    state = {
        "tensors": tensors,
        "plain": [1, 2.5, "text", None, True, (1, 2), {3}, 1 + 2j, 10**30],
        "size": torch.Size([2, 3]),
        "dtype": torch.float16,
        "ordered": collections.OrderedDict(a=1),
        "defaults": collections.defaultdict(list, a=[1]),
    }
    back = loaded(written(state))
    for name, tensor in tensors.items():
        ours = back["tensors"][name]
        assert str(ours.dtype).split(".")[1] == str(tensor.dtype).split(".")[1]
        assert ours.shape == tuple(tensor.shape) and ours.stride() == tensor.stride()
        np.testing.assert_array_equal(ours.to(nr.complex128).numpy(), tensor.to(torch.complex128).numpy())
    assert back["plain"] == state["plain"]
    assert isinstance(back["size"], nr.Size) and back["size"] == (2, 3) and back["dtype"] is nr.float16
    assert back["ordered"] == state["ordered"] and back["defaults"] == state["defaults"]


def test_memory_that_tensors_share_stays_shared():
    base = torch.arange(6.0)
    back = loaded(written({"all": base, "row": base[2:4]}))
    back["all"][2] = 9
    assert back["row"].tolist() == [9, 3]


def test_a_state_dict_fits_the_same_model(tmp_path):
    def model(library):
        nn = library.nn
        return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Flatten(), nn.Linear(4 * 36, 5))

    theirs, ours = model(torch), model(nr)
    optimizer = torch.optim.Adam(theirs.parameters(), lr=0.01)
    x = np.random.RandomState(0).randn(2, 3, 8, 8).astype(np.float32)
    theirs(torch.from_numpy(x)).sum().backward()
    optimizer.step()
    torch.save({"model": theirs.state_dict(), "optimizer": optimizer.state_dict(), "epoch": 3}, tmp_path / "a.pt")
    checkpoint = nr.load(tmp_path / "a.pt", map_location="cpu")
    ours.load_state_dict(checkpoint["model"])
    np.testing.assert_allclose(
        ours(nr.tensor(x)).detach().numpy(), theirs(torch.from_numpy(x)).detach().numpy(), rtol=1e-4, atol=1e-5
    )
    resumed = nr.optim.Adam(ours.parameters(), lr=1.0)
    resumed.load_state_dict(checkpoint["optimizer"])
    assert resumed.param_groups[0]["lr"] == 0.01 and checkpoint["epoch"] == 3


def test_parameters_and_what_requires_gradients():
    back = loaded(written([torch.nn.Parameter(torch.ones(2)), torch.ones(2, requires_grad=True)]))
    assert isinstance(back[0], nr.nn.Parameter) and back[0].requires_grad and back[1].requires_grad


class Runs:
    def __reduce__(self):
        return exec, ("raise SystemExit",)


def test_nothing_that_a_file_names_is_run():
    for obj, name in ((Runs(), "builtins.exec"), (torch.nn.Linear(2, 3), "torch.nn.modules.linear.Linear")):
        with pytest.raises(pickle.UnpicklingError, match=f"names {name}.*state_dict"):
            loaded(written(obj))


def archive_of(pickled):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("archive/data.pkl", pickled)
    return out.getvalue()


def test_a_file_changes_and_makes_nothing_but_data():
    update = collections.Counter.update
    hostile = [
        b"\x80\x02ccollections\nCounter\nN}X\x06\x00\x00\x00updateK\x01s\x86b.",  # sets an attribute of a class
        b"\x80\x02ctorch\ndevice\n)\x81.",  # a device that nobody has made
        b"\x80\x02K\x00q\x00" + b"h\x00h\x00\x86q\x01" + b"".join(b"h%ch%c\x86q%c" % (i, i, i + 1) for i in range(1, 60)) + b"}h\x3cK\x01s.",
    ]
    for pickled in hostile:
        with pytest.raises((ValueError, TypeError, pickle.UnpicklingError)):
            loaded(archive_of(pickled))
    assert collections.Counter.update is update


def test_what_is_no_such_archive(tmp_path):
    with pytest.raises(ValueError, match="before 1.6"):
        loaded(written(torch.ones(2), _use_new_zipfile_serialization=False))
    buffer = io.BytesIO()
    torch.jit.save(torch.jit.script(torch.nn.Linear(2, 3)), buffer)
    with pytest.raises(ValueError, match="TorchScript"):
        loaded(buffer.getvalue())
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as archive:
        archive.writestr("a.txt", "a")
    with pytest.raises(ValueError, match="none that torch.save"):
        nr.load(tmp_path / "other.zip")


def rewritten(data, change, compression=zipfile.ZIP_STORED):
    """The archive with each entry as change(name, bytes) gives it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as archive, zipfile.ZipFile(out, "w", compression) as copy:
        for name in archive.namelist():
            content = change(name, archive.read(name))
            if content is not None:
                copy.writestr(name, content)
    return out.getvalue()


def test_damaged_files_are_errors():
    data = written({"x": torch.arange(100.0), "y": [torch.ones(3), "text"]})
    for cut in range(0, len(data), 17):
        with pytest.raises(ValueError):
            loaded(data[:cut])
    random = np.random.RandomState(0)
    for _ in range(300):
        damaged = bytearray(data)
        for place in random.randint(0, len(data), 3):
            damaged[place] = random.randint(256)
        try:
            loaded(bytes(damaged))
        except (ValueError, pickle.UnpicklingError):
            pass
    short = rewritten(data, lambda name, content: content[:8] if "/data/" in name else content)
    with pytest.raises(pickle.UnpicklingError, match="storage 0 has 8 bytes"):
        loaded(short)
    with pytest.raises(ValueError, match="has no archive/data/0"):
        loaded(rewritten(data, lambda name, content: None if "/data/" in name else content))
    with pytest.raises(ValueError, match="compressed|larger than it is"):
        loaded(rewritten(data, lambda name, content: content, zipfile.ZIP_DEFLATED))
