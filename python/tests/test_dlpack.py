"""DLPack, both ways: PyTorch's cases, and capsules that lie."""

import ctypes
import gc
import weakref

import neura as nr
import numpy as np
import pytest
import torch

DTYPES = ["uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "complex64", "complex128"]
CAPSULE_NAME = ctypes.pythonapi.PyCapsule_GetName
CAPSULE_NAME.restype, CAPSULE_NAME.argtypes = ctypes.c_char_p, [ctypes.py_object]


@pytest.mark.parametrize("name", DTYPES)
@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0,), (2, 0, 3), (1, 1)])
def test_round_trips(name, shape):
    array = np.array(np.arange(np.prod(shape, dtype=int)).reshape(shape) % 100, dtype=name)
    x = nr.tensor(array)
    for other in (torch.from_dlpack(x), np.from_dlpack(x), nr.from_dlpack(x)):
        assert tuple(other.shape) == shape
        np.testing.assert_array_equal(np.asarray(other), array)
    for source in (torch.tensor(array), array.copy()):
        y = nr.from_dlpack(source)
        assert y.dtype is getattr(nr, name) and y.shape == shape
        np.testing.assert_array_equal(y.numpy(), array)


def test_memory_is_shared():
    x = nr.zeros(3)
    y = torch.from_dlpack(x)
    y[1] = 5
    assert x[1].item() == 5 and y.data_ptr() == x.data_ptr()
    t = torch.zeros(3)
    z = nr.from_dlpack(t)
    z[2] = 7
    assert t[2].item() == 7
    array = np.zeros(3)
    nr.from_dlpack(array)[0] = 1
    assert array[0] == 1


def test_strides():
    x = nr.arange(24.0).reshape(2, 3, 4)
    for view in (x.permute(2, 0, 1), x[:, ::2], x[1, :, 1:3], x[..., -1], x[:, :1].expand(2, 3, 4)):
        other = torch.from_dlpack(view)
        assert other.tolist() == view.tolist()
        assert [s for s, n in zip(other.stride(), other.shape) if n > 1] == [s for s, n in zip(view.stride(), view.shape) if n > 1]
    t = torch.arange(24.0).reshape(2, 3, 4)
    for view in (t.permute(2, 0, 1), t[:, ::2], t[1, :, 1:3], t[:1].expand(3, 3, 4)):
        assert nr.from_dlpack(view).tolist() == view.tolist()


def test_what_needs_a_gradient_is_refused():
    x = nr.ones(2, requires_grad=True)
    for tensor in (x, x * 2):
        with pytest.raises(BufferError, match="detach"):
            tensor.__dlpack__()
        with pytest.raises(BufferError):
            np.from_dlpack(tensor)
    assert np.from_dlpack(x.detach()).tolist() == [1, 1]
    with pytest.raises((RuntimeError, BufferError)):
        nr.from_dlpack(torch.ones(2, requires_grad=True))


def test_device():
    assert nr.ones(1).__dlpack_device__() == (1, 0)


def test_versions():
    x = nr.ones(2)
    assert CAPSULE_NAME(x.__dlpack__()) == b"dltensor"
    assert CAPSULE_NAME(x.__dlpack__(max_version=(1, 0))) == b"dltensor_versioned"
    assert CAPSULE_NAME(x.__dlpack__(max_version=(0, 8))) == b"dltensor"
    assert CAPSULE_NAME(x.__dlpack__(max_version=(1, 1))) == b"dltensor_versioned"


class Source:
    """An object whose capsule is made by hand."""

    def __init__(self, make, device=(1, 0)):
        self.make, self.device = make, device

    def __dlpack__(self, **kwargs):
        return self.make()

    def __dlpack_device__(self):
        return self.device


def test_versioned_capsules_are_taken():
    x = nr.arange(3.0)
    y = nr.from_dlpack(Source(lambda: x.__dlpack__(max_version=(1, 0))))
    assert y.tolist() == [0, 1, 2] and y.data_ptr() == x.data_ptr()
    assert nr.from_dlpack(x.__dlpack__()).tolist() == [0, 1, 2]


def test_a_used_capsule_is_refused():
    capsule = nr.ones(2).__dlpack__()
    nr.from_dlpack(capsule)
    assert CAPSULE_NAME(capsule) == b"used_dltensor"
    with pytest.raises((ValueError, RuntimeError, BufferError)):
        nr.from_dlpack(capsule)
    versioned = nr.ones(2).__dlpack__(max_version=(1, 0))
    torch.ones(1)
    nr.from_dlpack(versioned)
    assert CAPSULE_NAME(versioned) == b"used_dltensor_versioned"


def test_copies():
    x = nr.ones(2)
    copy = nr.from_dlpack(x, copy=True)
    copy[0] = 5
    assert x[0].item() == 1
    assert nr.from_dlpack(x, copy=False).data_ptr() == x.data_ptr()
    capsule = x.__dlpack__(copy=True)
    assert nr.from_dlpack(capsule).data_ptr() != x.data_ptr()


def test_unused_capsules_free_their_tensor():
    x = nr.ones(2)
    array = np.ones(3)
    gone = weakref.ref(array)
    for version in (None, (1, 0)):
        capsule = nr.from_numpy(array).__dlpack__(max_version=version)
        del capsule
    del array
    gc.collect()
    assert gone() is None and x.sum().item() == 2


def test_lifetimes():
    array = np.ones(3)
    gone = weakref.ref(array)
    other = torch.from_dlpack(nr.from_numpy(array))
    del array
    gc.collect()
    assert gone() is not None and other.sum().item() == 3
    del other
    gc.collect()
    assert gone() is None
    y = nr.from_dlpack(torch.full((1000,), 2.0))
    gc.collect()
    torch.zeros(1000)
    assert y.sum().item() == 2000


def test_bfloat16():
    x = nr.tensor([1.5, -2.0]).bfloat16()
    assert torch.from_dlpack(x).dtype is torch.bfloat16
    assert nr.from_dlpack(torch.tensor([1.5]).bfloat16()).dtype is nr.bfloat16


def test_objects_without_dlpack():
    for source in (3, "text", [1, 2], None, object()):
        with pytest.raises((TypeError, AttributeError)):
            nr.from_dlpack(source)
    with pytest.raises((TypeError, ValueError, RuntimeError, BufferError)):
        nr.from_dlpack(Source(lambda: "no capsule"))
    with pytest.raises((ValueError, RuntimeError, BufferError)):
        nr.from_dlpack(Source(lambda: nr.ones(1).__dlpack__(), device=(2, 0)))

    def fail():
        raise LookupError("from the source")

    with pytest.raises(LookupError):
        nr.from_dlpack(Source(fail))


def test_read_only_arrays():
    array = np.ones(2)
    array.flags.writeable = False
    with pytest.raises((BufferError, TypeError, ValueError)):
        nr.from_dlpack(array)
