"""x[index] and x[index] = value beside NumPy and PyTorch."""

import neura as nr
import numpy as np
import pytest
import torch

A = np.arange(60.0).reshape(3, 4, 5)
N = None
INDICES = [
    0,
    -1,
    (1, 2),
    (1, 2, 3),
    (-1, -2, -3),
    slice(None),
    slice(1, 3),
    slice(None, None, 2),
    slice(-2, None),
    slice(5, 2),
    slice(0, 100),
    (slice(None), 1),
    (slice(1, 3), slice(None, None, 3), 2),
    ...,
    (..., 0),
    (0, ...),
    (..., slice(1, 3)),
    (0, ..., 1),
    N,
    (N, 0),
    (0, N, 1),
    (..., N),
    (slice(None), N, slice(1, 2)),
    True,
    False,
    (),
    [0, 2],
    [0],
    [-1, 0, -1],
    ([0, 1], [2, 3]),
    ([0, 1], [2, 3], [4, 0]),
    ((0, 2, 1), (1, 3, 3), (0, 0, 2)),
    ((0, 2, 1), (1, 3, 3)),
    ((0, 2), slice(None), (1, 3)),
    (((0, 1), (2, 0)), 1),
    (slice(None), [3, 0]),
    (slice(None), slice(None), [4, 4]),
    ([0, 2], slice(None), [1, 3]),
    (0, slice(None), [1, 3]),
    ([2, 0], 1),
    (..., [0, 1]),
    (N, [0, 1]),
    ([0, 1], N, [1, 2]),
    np.array([[0, 1], [2, 0]]),
    (np.array([[0], [2]]), np.array([1, 3])),
    (slice(None), np.array([[0, 1], [2, 3]])),
    A > 30,
    (A[:, :, 0] > 20),
    (A[:, 0, 0] > 10),
    (slice(None), A[0, :, 0] > 5),
    (0, A[0] > 10),
    (np.array([True, False, True]), [1, 2]),
    A < 0,
    np.array(True),
    [True, False, True],
    np.int64(1),
    np.array([], dtype=np.int64),
    [],
    # Lists of more than numbers are as tuples.
    [slice(0, 2), 1],
    [..., 1],
    [[0, 2], [1, 3]],
    [[0, 2], slice(None), 1],
    [[[0, 1], [2, 0]], 1],
    [[0, 2]],
]


def as_index(index, library):
    """The same index with tensors of a library in place of arrays."""
    if isinstance(index, tuple):
        return tuple(as_index(i, library) for i in index)
    if isinstance(index, np.ndarray):
        return library.tensor(index)
    return index


def expected(array, index):
    # PyTorch's rules are NumPy's but for integers beside lists: x[0, :, [1, 3]].
    return torch.tensor(array)[as_index(index, torch)].numpy()


def has_duplicates(index):
    places = expected(np.arange(60).reshape(3, 4, 5), index).reshape(-1)
    return len(set(places.tolist())) < len(places)


@pytest.mark.parametrize("index", INDICES, ids=lambda i: str(i)[:40])
def test_get(index):
    for given in (index, as_index(index, nr)):
        got = nr.tensor(A)[given]
        np.testing.assert_array_equal(got.numpy(), expected(A, index))
        assert got.shape == expected(A, index).shape
        # A tensor that is not contiguous.
        np.testing.assert_array_equal(nr.tensor(A).permute(2, 1, 0).contiguous().permute(2, 1, 0)[given].numpy(), got.numpy())


@pytest.mark.parametrize("index", INDICES, ids=lambda i: str(i)[:40])
def test_set(index):
    shape = expected(A, index).shape
    values = [7.0, np.float64(3)]
    if 0 not in shape:
        values += [np.arange(np.prod(shape, dtype=int)).reshape(shape) + 0.5, np.ones(shape[-1:])]
    for value in values:
        theirs, ours = torch.tensor(A), nr.tensor(A)
        theirs[as_index(index, torch)] = torch.tensor(value) if isinstance(value, np.ndarray) else value
        ours[as_index(index, nr)] = nr.tensor(value) if isinstance(value, np.ndarray) else value
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy())


@pytest.mark.parametrize("index", INDICES, ids=lambda i: str(i)[:40])
def test_gradients(index):
    x, y = nr.tensor(A, requires_grad=True), torch.tensor(A, requires_grad=True)
    a, b = x[as_index(index, nr)], y[as_index(index, torch)]
    (a * a).sum().backward()
    (b * b).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), y.grad.numpy())


# Which of several values for one place counts is not said.
@pytest.mark.parametrize("index", [i for i in INDICES if not has_duplicates(i)], ids=lambda i: str(i)[:40])
def test_gradients_through_assignment(index):
    shape = expected(A, index).shape
    results = []
    for library in (nr, torch):
        x = library.tensor(A, requires_grad=True)
        value = library.tensor(2.0, dtype=library.float64, requires_grad=True)
        full = library.tensor(np.full(shape, 3.0), requires_grad=True)
        h = x * 1
        h[as_index(index, library)] = value
        if 0 not in shape:
            h[as_index(index, library)] = full * value
        (h * h).sum().backward()
        results.append([t.grad for t in (x, value, full)])
    for ours, theirs in zip(*results):
        ours = np.zeros(theirs.shape if theirs is not None else ()) if ours is None else ours.numpy()
        np.testing.assert_allclose(ours, np.zeros_like(ours) if theirs is None else theirs.numpy())


def test_views_share_memory():
    x = nr.zeros(3, 4)
    x[1][2] = 5
    x[:, 0] += 1
    x[0].fill_(2)
    assert x.tolist() == [[2, 2, 2, 2], [1, 0, 5, 0], [1, 0, 0, 0]]
    assert x[1:].data_ptr() == x.data_ptr() + 16
    gathered = x[[0, 1]]
    gathered.zero_()
    assert x[0, 0] == 2


def test_assignment_converts_and_broadcasts():
    x = nr.zeros(2, 3, dtype=nr.int64)
    x[0] = 2.9
    assert x[0].tolist() == [2, 2, 2]
    x[:] = [[1, 2, 3], [4, 5, 6]]
    assert x.tolist() == [[1, 2, 3], [4, 5, 6]]
    x[:, 1] = nr.tensor([7.0, 8.0])
    assert x[:, 1].tolist() == [7, 8]
    x[x > 5] = 0
    assert x.tolist() == [[1, 0, 3], [4, 0, 0]]
    x[[0, 0], [0, 0]] = nr.tensor([5, 6])
    assert x[0, 0].item() in (5, 6)
    y = nr.zeros(2, 2)
    y[...] = np.ones((2, 2))
    assert y.sum().item() == 4


@pytest.mark.parametrize(
    "index",
    [3, -4, (0, 4), (0, 0, 0, 0), [3], [0, -4], (slice(None), [4]), np.array([0, 9]), np.ones((2, 4), bool), "a", 1.5, (..., ...), np.array([0.5]), slice(None, None, 0), {}, (0, "x")],
    ids=lambda i: str(i)[:40],
)
def test_bad_indices(index):
    x = nr.tensor(A)
    with pytest.raises((IndexError, TypeError, ValueError)):
        x[as_index(index, nr)]
    with pytest.raises((IndexError, TypeError, ValueError)):
        x[as_index(index, nr)] = 1.0
    np.testing.assert_array_equal(x.numpy(), A)


def test_bad_values():
    x = nr.zeros(2, 3)
    for value in (nr.ones(2), nr.ones(4, 3), "text", None, [1, 2], [[1], [1, 2]]):
        with pytest.raises((ValueError, TypeError, RuntimeError)):
            x[:] = value
    with pytest.raises(TypeError):
        del x[0]
    assert x.sum().item() == 0


def test_iteration_and_length():
    x = nr.tensor(A)
    assert len(x) == 3 and [r.tolist() for r in x] == [r.tolist() for r in A]
    a, b, c = x
    assert b.tolist() == A[1].tolist()
    with pytest.raises(TypeError):
        len(nr.tensor(1))
    with pytest.raises(TypeError):
        iter(nr.tensor(1))
    assert list(zip(nr.arange(2), nr.arange(2)))[1][0].item() == 1
    assert [int(i) for i in reversed(nr.arange(3).tolist())] == [2, 1, 0]
