"""NumPy arrays and tensors over one memory, and what cannot be shared."""

import gc
import sys
import weakref

import neura as nr
import numpy as np
import pytest

DTYPES = ["bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16", "float32", "float64", "complex64", "complex128"]


@pytest.mark.parametrize("name", DTYPES)
def test_memory_is_shared_both_ways(name):
    array = np.zeros((2, 3), dtype=name)
    tensor = nr.from_numpy(array)
    assert tensor.dtype is getattr(nr, name) and tensor.shape == (2, 3)
    assert tensor.data_ptr() == array.ctypes.data
    array[0, 1] = 1
    assert tensor[0, 1].item() == 1
    tensor[1, 2] = 1
    assert array[1, 2] == 1
    back = tensor.numpy()
    assert back.ctypes.data == array.ctypes.data and back.dtype == array.dtype


@pytest.mark.parametrize(
    "view",
    [lambda a: a.T, lambda a: a[::2], lambda a: a[:, 1::2], lambda a: a[1], lambda a: a[1:1], lambda a: a[..., None], lambda a: a[1, 2], lambda a: np.broadcast_to(a[0], (4, 4)).copy()],
)
def test_views(view):
    array = view(np.arange(12.0).reshape(3, 4))
    if not isinstance(array, np.ndarray):
        array = np.array(array)
    tensor = nr.from_numpy(array)
    np.testing.assert_array_equal(tensor.numpy(), array)
    np.testing.assert_array_equal((tensor * 2).numpy(), array * 2)
    assert tensor.numpy().shape == array.shape
    if array.size > 1:
        assert tensor.numpy().strides == array.strides or 1 in array.shape


def test_views_of_tensors():
    x = nr.arange(12.0).reshape(3, 4)
    for view in (x.T, x[1:, ::2], x[:, 1], x[2, 3], x[:0], x.expand(2, 3, 4)):
        array = view.numpy()
        assert array.tolist() == view.tolist() and array.shape == tuple(view.shape)
    x.T.numpy()[1, 2] = 77
    assert x[2, 1].item() == 77


def test_read_only_arrays():
    array = np.ones(3)
    array.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        nr.from_numpy(array)
    copy = nr.tensor(array)
    copy[0] = 5
    assert array[0] == 1
    converted = nr.as_tensor(array)
    converted[0] = 5
    assert array[0] == 1
    with pytest.raises(ValueError, match="read-only"):
        nr.from_numpy(np.broadcast_to(np.ones(3), (2, 3)))


def test_byte_order():
    array = np.arange(3, dtype=">f4")
    for function in (nr.from_numpy, nr.tensor, nr.as_tensor):
        with pytest.raises(ValueError, match="byte order"):
            function(array)
    assert nr.tensor(array.astype("=f4")).tolist() == [0, 1, 2]
    assert nr.tensor(np.arange(3, dtype=">u1")).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    "array",
    [
        np.array([object()]),
        np.array(["text"]),
        np.array([b"bytes"]),
        np.array(["2020-01-01"], dtype="datetime64[D]"),
        np.zeros(2, dtype=[("a", "i4"), ("b", "f4")]),
        np.zeros(2, dtype="longdouble"),
        np.zeros(2, dtype="V4"),
    ],
    ids=lambda a: str(a.dtype),
)
def test_dtypes_without_counterpart(array):
    for function in (nr.from_numpy, nr.tensor, nr.as_tensor):
        with pytest.raises(TypeError, match="no counterpart"):
            function(array)


def test_negative_and_odd_strides():
    array = np.arange(6.0)
    with pytest.raises(ValueError, match="copy"):
        nr.from_numpy(array[::-1])
    assert nr.tensor(array[::-1]).tolist() == array[::-1].tolist()
    packed = np.zeros(3, dtype=[("a", "u1"), ("b", "<f4")])["b"]
    with pytest.raises(ValueError, match="strides"):
        nr.from_numpy(packed)
    assert nr.tensor(packed).tolist() == [0, 0, 0]
    bytes_ = np.zeros(9, np.uint8)
    unaligned = bytes_[1:].view(np.float32)
    with pytest.raises(ValueError, match="aligned"):
        nr.from_numpy(unaligned)
    assert (nr.tensor(unaligned) + 1).tolist() == [1, 1]


def test_arrays_of_every_rank():
    for rank in range(10):
        array = np.ones((1,) * rank)
        assert nr.from_numpy(array).shape == array.shape == nr.tensor(array).numpy().shape
    deep = np.ones((1,) * 32)
    try:
        assert nr.from_numpy(deep).dim() == 32
    except (ValueError, RuntimeError):
        pass


def test_lifetimes():
    array = np.ones(1000)
    gone = weakref.ref(array)
    tensor = nr.from_numpy(array)
    view = tensor[10:]
    del array, tensor
    gc.collect()
    assert gone() is not None and view.sum().item() == 990
    del view
    gc.collect()
    assert gone() is None

    tensor = nr.ones(1000)
    array = tensor.numpy()
    gone = weakref.ref(tensor)
    part = array[5:]
    del tensor, array
    gc.collect()
    for _ in range(10):
        nr.zeros(1000)
    assert part.sum() == 995
    del part
    assert gone() is None


def test_references_are_counted():
    array = np.ones(4)
    before = sys.getrefcount(array)
    for _ in range(100):
        nr.from_numpy(array).numpy()
    assert sys.getrefcount(array) == before


def test_what_numpy_functions_do():
    x = nr.tensor([[1.0, 2.0], [3.0, 4.0]])
    np.testing.assert_array_equal(np.asarray(x), [[1, 2], [3, 4]])
    assert np.asarray(x, dtype=np.int32).dtype == np.int32
    assert np.array(x).ctypes.data != x.data_ptr()
    assert np.sum(np.asarray(x)) == 10 and np.stack([x, x]).shape == (2, 2, 2)
    np.testing.assert_allclose(x, x.tolist())


def test_bfloat16_needs_help():
    try:
        import ml_dtypes  # noqa: F401
    except ImportError:
        with pytest.raises(TypeError, match="ml_dtypes"):
            nr.ones(2).bfloat16().numpy()


def test_lists_of_arrays():
    assert nr.tensor([np.ones(2), np.zeros(2)]).tolist() == [[1, 1], [0, 0]]
    assert nr.tensor([np.array(1), np.array(2)]).tolist() == [1, 2]
    assert nr.tensor([nr.ones(2), nr.zeros(2)]).tolist() == [[1, 1], [0, 0]]
    with pytest.raises((ValueError, RuntimeError)):
        nr.tensor([np.ones(2), np.ones(3)])


def test_shapes_that_cannot_be():
    for shape in ((-1,), (2, -3), (2**62, 2**62), (2**63 - 1,), (2**40,)):
        with pytest.raises((ValueError, RuntimeError, MemoryError, OverflowError)):
            nr.empty(shape)
    with pytest.raises((OverflowError, ValueError)):
        nr.empty(2**70)
    with pytest.raises(TypeError):
        nr.empty(1.5)
    with pytest.raises(TypeError):
        nr.from_numpy([1, 2])
    # No elements, however large the other extents.
    assert nr.from_numpy(np.empty((0, 2**40))).shape == (0, 2**40)


def test_subclasses_of_arrays(tmp_path):
    matrix = np.matrix([[1.0, 2.0]])
    assert nr.from_numpy(matrix).shape == (1, 2)
    masked = np.ma.array([1.0, 2.0], mask=[True, False])
    assert nr.tensor(masked).shape == (2,)
    memmap = np.memmap(tmp_path / "array", np.float32, "w+", shape=(3,))
    memmap[:] = [1, 2, 3]
    assert nr.from_numpy(memmap).tolist() == [1, 2, 3]
