"""Functions whose arguments or results are not those of the other comparisons, beside PyTorch's."""

import gc
import weakref

import neura as nr
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from compare import assert_same

RANDOM = np.random.RandomState(0)
A, B, V = RANDOM.randn(3, 4), RANDOM.randn(4, 3), RANDOM.randn(5)
SPARSE = RANDOM.randint(0, 2, (3, 4))
PLACES = np.array([[0, 2, 1, 0], [1, 0, 2, 2]])

CUBE = np.random.RandomState(1).randn(2, 4, 3)


def gradient(l, t, function):
    x = t(np.array([np.nan, 0.5]))
    x.requires_grad_()
    function(x).sum().backward()
    return x.grad


def with_infinity(channels):
    weight = np.ones((channels, 8, 3, 3))
    weight[:, 0, 0, 0] = np.inf
    return weight


def ctc_gradient(l, t):
    x = t(np.random.RandomState(3).randn(6, 2, 4))
    x.requires_grad_()
    loss = l.nn.functional.ctc_loss(x.log_softmax(2), t(np.array([[1, 2, 2], [3, 1, 0]])), (6, 5), (3, 2))
    loss.backward()
    return [loss.detach(), x.grad]


CALLS = {
    "nonzero": lambda l, t: l.nonzero(t(SPARSE)),
    "nonzero of a vector": lambda l, t: t(V > 0).nonzero(),
    "nonzero as tuple": lambda l, t: l.nonzero(t(SPARSE), as_tuple=True),
    "count_nonzero": lambda l, t: [l.count_nonzero(t(SPARSE)), t(SPARSE).count_nonzero(1)],
    "masked_select": lambda l, t: [l.masked_select(t(A), t(A > 0)), t(A).masked_select(t(V[:4] > 0))],
    "isclose": lambda l, t: [l.isclose(t(A), t(A + 1e-9)), t(A).isclose(t(A + 1))],
    "allclose": lambda l, t: [l.allclose(t(A), t(A)), t(A).allclose(t(A + 1)), l.allclose(t(np.array([np.nan])), t(np.array([np.nan])), equal_nan=True)],
    "equal": lambda l, t: [l.equal(t(A), t(A)), l.equal(t(A), t(B)), t(V).equal(t(V + 1))],
    "scatter": lambda l, t: [l.scatter(t(A), 0, t(PLACES), 7.0), t(A).scatter(0, t(np.array([[0, 1, 2, 0]])), t(B.T.copy()))],
    "scatter_": lambda l, t: [l.zeros(3, 4).scatter_(1, t(np.array([[0], [3], [1]])), 1), l.zeros(3, 4).scatter_(1, t(np.array([[2], [0], [1]])), value=5.0)],
    "scatter_add_": lambda l, t: l.zeros(3, 4, dtype=l.float64).scatter_add_(0, t(PLACES), t(A)),
    "index_add_": lambda l, t: l.ones(3, 4, dtype=l.float64).index_add_(0, t(np.array([2, 0, 2])), t(A)),
    "scatter with equal places": lambda l, t: t(np.zeros(3)).scatter(0, t(np.array([1, 1, 0])), t(np.array([1.0, 2.0, 3.0]))),
    "scatter with reduce": lambda l, t: [t(A).scatter(1, t(PLACES), t(A + 1), reduce="multiply"), t(A).scatter_(1, t(PLACES), 2.0, reduce="add")],
    "index_copy with equal places": lambda l, t: t(A.copy()).index_copy_(0, t(np.array([1, 1, 0])), t(A + 1)),
    "index_put": lambda l, t: [
        t(A).index_put((t(np.array([0, 2])), t(np.array([1, -1]))), t(np.array([5.0, 6.0]))),
        t(A).index_put((t(np.array([0, 0])),), t(V[:4].copy()), accumulate=True),
        t(A.copy()).index_put_((t(A > 0),), t(np.array(7.0))),
    ],
    "index_fill": lambda l, t: [t(A).index_fill(1, t(np.array([0, -1])), 2.0), t(A.copy()).index_fill_(0, t(np.array([1])), -1)],
    "median of nothing": lambda l, t: l.median(t(np.zeros(0))),
    "tensordot of an extent of 1": lambda l, t: l.tensordot(t(A[:, :1].copy()), t(A.T.copy()), dims=([1], [0])),
    "numpy's names": lambda l, t: [l.sum(t(A), axis=1, keepdims=True), t(A).mean(axis=0), l.cumsum(t(A), axis=1), l.softmax(t(A), axis=-1)],
    "ctc_loss after log_softmax": lambda l, t: ctc_gradient(l, t),
    "cumulative with dtype": lambda l, t: l.cumsum(t(SPARSE), 1, dtype=l.float64),
    "masked_fill_": lambda l, t: t(A.copy()).masked_fill_(t(A > 0), 3),
    "movedim": lambda l, t: [l.movedim(t(RANDOM_CUBE), 0, -1), l.movedim(t(RANDOM_CUBE), (0, 1), (2, 0))],
    "roll": lambda l, t: [l.roll(t(A), 1), l.roll(t(A), 2, 1), t(A).roll((1, -1), (0, 1)), l.roll(t(A), -7, 1)],
    "diag": lambda l, t: [l.diag(t(A)), l.diag(t(V)), l.diag(t(V), 1), l.diag(t(V), -2), l.diag(t(A), 1)],
    "trace": lambda l, t: [l.trace(t(A[:, :3].copy())), t(A[:, :3].copy()).trace()],
    "stacks": lambda l, t: [l.hstack([t(V), t(V)]), l.hstack([t(A), t(A)]), l.vstack([t(V), t(V)]), l.vstack((t(A), t(A)))],
    "meshgrid": lambda l, t: [*l.meshgrid(t(V), t(V[:2].copy()), indexing="ij"), *l.meshgrid(t(V), t(V[:2].copy()), indexing="xy")],
    "clamp_min": lambda l, t: [t(A).clamp_min(0.1), t(A).clamp_max(0.1)],
    "where": lambda l, t: t(A).where(t(A > 0), t(B.T.copy())),
    "one_hot": lambda l, t: [l.nn.functional.one_hot(t(SPARSE)), l.nn.functional.one_hot(t(PLACES), num_classes=5)],
    "normalize": lambda l, t: [l.nn.functional.normalize(t(A)), l.nn.functional.normalize(t(A), p=1.0, dim=0)],
    "meshgrid of a list": lambda l, t: l.meshgrid([t(V), t(A[0].copy())], indexing="ij"),
    "is_complex": lambda l, t: [l.is_complex(t(A)), t(A + 1j).is_complex(), l.is_floating_point(t(SPARSE))],
    "softplus": lambda l, t: [l.nn.functional.softplus(t(V)), l.nn.functional.softplus(t(V), beta=2)],
    "softplus of large numbers": lambda l, t: [
        l.nn.functional.softplus(t(np.float32([1e38])), beta=10),
        l.nn.functional.softplus(t(np.array([21.0]))) - 21,
    ],
    "softmax without dim": lambda l, t: [
        f(t(np.arange(24.0)[: int(np.prod((2, 3, 2, 2)[:rank]))].reshape((2, 3, 2, 2)[:rank]))) for f in (l.nn.functional.softmax, l.nn.functional.log_softmax) for rank in range(5)
    ],
    "gradients at NaN": lambda l, t: [
        gradient(l, t, f)
        for f in (l.relu, l.nn.functional.relu6, l.nn.functional.hardtanh, l.nn.functional.elu, lambda x: x.clamp(-1, 1))
    ],
    "windows that hang over": lambda l, t: [
        f(t(np.ones((1, 1, *shape))), 3, 2, ceil_mode=True)
        for f in (l.nn.functional.max_pool2d, l.nn.functional.avg_pool2d)
        for shape in ((2, 5), (2, 2), (3, 4))
    ],
    "large averages": lambda l, t: l.nn.functional.adaptive_avg_pool2d(t(np.full((1, 1, 512, 512), 0.1, np.float32)), 1),
    "conv_transpose beyond its stride": lambda l, t: [
        l.conv_transpose2d(t(CUBE[:, None, :3, :3].copy()), t(CUBE[:1, None, :2, :2].copy()), None, 1, padding, more, 1, 3)
        for padding in (0, 1, 2)
        for more in (1, 2)
    ],
    "infinite weights": lambda l, t: [
        l.isnan(l.conv2d(t(np.ones((1, 8, 7, 7))), t(with_infinity(channels)), padding=1)) for channels in (1, 4, 8, 16)
    ],
}
RANDOM_CUBE = RANDOM.randn(2, 3, 4)


@pytest.mark.parametrize("name", CALLS)
def test_function(name):
    ours = CALLS[name](nr, lambda a: nr.tensor(np.array(a)))
    theirs = CALLS[name](torch, lambda a: torch.tensor(np.array(a)))
    assert_same(ours, theirs)


def test_what_could_be_a_view_is_a_copy():
    x = nr.arange(4.0).reshape(2, 2)
    for y in (x.repeat(1, 1), x.roll(0), x.roll(2, 1), x.diag()):
        y.add_(1)
    assert x.tolist() == [[0, 1], [2, 3]]


def test_clamping_in_place_keeps_no_history():
    x = nr.ones(3, requires_grad=True)
    y = x * 1
    reference = weakref.ref(y)
    y.clamp_(0, 1)
    del y
    assert reference() is None or gc.collect() and reference() is None


def test_an_operation_needs_its_tensors():
    x = nr.ones(2)
    for call in (lambda: nr.mul(x, None), lambda: nr.maximum(x, None), lambda: nr.exp(None)):
        with pytest.raises((TypeError, ValueError)):
            call()
    assert nr.nn.functional.one_hot(nr.tensor([5], dtype=nr.uint8), 300).sum().item() == 1
    assert nr.tensor(3.0).movedim(0, 0).item() == 3
    assert nr.addmm(nr.full((2, 2), nr.nan), nr.eye(2), nr.eye(2), beta=0).tolist() == [[1, 0], [0, 1]]
    assert nr.nn.functional.normalize(nr.ones(2, 2, 2), dim=(1, 2))[0, 0, 0].item() == 0.5


def test_polygamma_takes_its_order_first_as_in_pytorch():
    x = np.array([0.7, 2.5, -1.3, 1e-3, 40.0])
    for n in range(4):
        for ours in (nr.polygamma(n, nr.tensor(x)), nr.tensor(x).polygamma(n)):
            # PyTorch's first one has nine digits.
            np.testing.assert_allclose(ours.numpy(), torch.polygamma(n, torch.tensor(x)).numpy(), rtol=1e-8)
    assert nr.tensor([1.0], dtype=nr.float64).polygamma_(1).item() == pytest.approx(np.pi**2 / 6, rel=1e-14)
    # Far below 0 the terms are not added up one by one: pi^2 / sin^2(pi x) is left.
    assert abs(nr.polygamma(1, nr.tensor([-1e9 + 0.25], dtype=nr.float64)).item() - 2 * np.pi**2) < 1e-6
    with pytest.raises(ValueError, match="n must not be negative"):
        nr.polygamma(-1, nr.ones(2))


EINSUMS = {
    "ij,jk->ik": [(2, 3), (3, 4)],
    "ij,jk": [(2, 3), (3, 4)],
    "bij,bjk->bki": [(2, 2, 3), (2, 3, 4)],
    "ii->i": [(3, 3)],
    "ii": [(3, 3)],
    "ij->ji": [(2, 3)],
    "ba": [(2, 3)],
    "i,j->ij": [(2,), (3,)],
    "...i,...i->...": [(2, 4, 3), (4, 3)],
    "...ij,jk": [(2, 2, 3), (3, 4)],
    "b...,b->...": [(2, 3, 4), (2,)],
    "bi,ij,bj->b": [(2, 3), (3, 4), (2, 4)],
    "ij,ij,j->i": [(2, 3), (2, 3), (3,)],
    "i->": [(4,)],
    "ij,j->ij": [(2, 1), (3,)],
    " i j , j -> i ": [(2, 3), (3,)],
    "iji,j->i": [(2, 3, 2), (3,)],
}


@pytest.mark.parametrize("equation", EINSUMS)
def test_einsum(equation):
    arrays = [RANDOM.randn(*shape) for shape in EINSUMS[equation]]
    ours = [nr.tensor(array, requires_grad=True) for array in arrays]
    theirs = [torch.tensor(array, requires_grad=True) for array in arrays]
    result, expected = nr.einsum(equation, *ours), torch.einsum(equation, *theirs)
    np.testing.assert_allclose(result.detach().numpy(), expected.detach().numpy(), rtol=1e-12)
    result.square().sum().backward()
    expected.square().sum().backward()
    for a, b in zip(ours, theirs):
        np.testing.assert_allclose(a.grad.numpy(), b.grad.numpy(), rtol=1e-12)


def test_einsum_refuses():
    x = nr.ones(2, 3)
    for equation, operands in (("ij,jk", [x]), ("ijk", [x]), ("ij,jk->ik", [x, x]), ("ij->iz", [x]), ("i1", [x]),
                               ("ij->ii", [x]), ("ii", [x]), ("......", [x]), ("i", [x])):
        with pytest.raises(ValueError, match="einsum"):
            nr.einsum(equation, *operands)


@pytest.mark.parametrize("in_place", ["", "_"])
def test_slices_by_index(in_place):
    index, mask = np.array([2, 0]), np.array([True, False, True])
    calls = {
        "index_fill": ((1, index, 7.0), ()),
        "index_copy": ((1, index), (RANDOM.randn(2, 2),)),
        "masked_scatter": ((mask,), (RANDOM.randn(5),)),
    }
    for name, (args, sources) in calls.items():
        x = RANDOM.randn(2, 3)
        results = []
        for library in (nr, torch):
            tensors = [library.tensor(a) if isinstance(a, np.ndarray) else a for a in (*args, *sources)]
            target = library.tensor(x)
            result = getattr(target, name + in_place)(*tensors)
            assert not in_place or result is target
            results.append(result.numpy())
        np.testing.assert_array_equal(*results)


@pytest.mark.parametrize(
    "name,shapes",
    [
        ("addmm_", [(2, 4), (2, 3), (3, 4)]),
        ("addmv_", [(2,), (2, 3), (3,)]),
        ("addr_", [(2, 3), (2,), (3,)]),
        ("baddbmm_", [(2, 2, 4), (2, 2, 3), (2, 3, 4)]),
        ("addbmm_", [(2, 4), (2, 2, 3), (2, 3, 4)]),
    ],
)
def test_sums_of_products_in_place(name, shapes):
    arrays = [RANDOM.randn(*shape) for shape in shapes]
    ours, theirs = ([library.tensor(array) for array in arrays] for library in (nr, torch))
    result = getattr(ours[0], name)(*ours[1:], beta=0.5, alpha=2)
    assert result is ours[0]
    np.testing.assert_allclose(result.numpy(), getattr(theirs[0], name)(*theirs[1:], beta=0.5, alpha=2).numpy())


def test_functions_at_their_edges():
    F = nr.nn.functional
    half = nr.full((8,), 300.0, dtype=nr.float16)
    assert F.hardswish(nr.tensor([20000.0], dtype=nr.float16)).item() == 20000
    assert F.rms_norm(half, (8,)).tolist() == [1] * 8
    assert F.cosine_similarity(half, half, dim=0).item() == 1
    assert (nr.tensor([255], dtype=nr.uint8) >> 8).item() == 0
    assert nr.float_power(nr.tensor([2.0]), 0.1).item() == 2**0.1
    assert nr.digamma(nr.tensor([-1e-20], dtype=nr.float64)).item() == pytest.approx(1e20, rel=1e-12)
    assert nr.digamma(nr.tensor([-1e-10], dtype=nr.float64)).item() == pytest.approx(1e10, rel=1e-9)
    assert nr.polygamma(1, nr.tensor([np.inf, 1e200, -1e-17], dtype=nr.float64)).tolist() == pytest.approx([0, 1e-200, 1e34], rel=1e-12)
    assert nr.polygamma(2, nr.tensor([0.0, -1.0])).tolist() == [-np.inf, -np.inf]
    for factor in (1.01, 2.01):
        x = nr.rand(1, 1, 50)
        assert nr.equal(F.interpolate(x, scale_factor=factor), x.repeat_interleave(int(factor), 2))
    x = nr.tensor([0.0], requires_grad=True)
    nr.xlogy(x, nr.tensor([2.0])).sum().backward()
    assert x.grad.item() == pytest.approx(np.log(2))
    x = nr.tensor([0.0, 2.0], dtype=nr.float64, requires_grad=True)
    assert nr.autograd.gradcheck(lambda t: t.cumprod(0), (x,)) and nr.autograd.gradgradcheck(lambda t: t.cumprod(0), (x,))
    weight = nr.tensor([0.5], requires_grad=True)
    F.prelu(nr.tensor([np.inf, -2.0]), weight).sum().backward()
    assert weight.grad.item() == -2
    assert F.threshold(nr.tensor([1, 5]), 2, 0).dtype == nr.int64
    assert nr.addbmm(*(nr.ones(*s, dtype=nr.int32) for s in [(2, 2), (3, 2, 2), (3, 2, 2)])).dtype == nr.int32
    assert nr.ones(3).masked_scatter(nr.zeros(2, 3, dtype=nr.bool), nr.ones(0)).shape == (2, 3)
    assert nr.zeros(3).index_fill(0, nr.tensor([-1]), 7).tolist() == [0, 0, 7]
    assert nr.tensor(3.0).take_along_dim(nr.tensor(0), 0).item() == 3
    assert nr.tensor(3.0).index_copy(0, nr.tensor([0]), nr.tensor([5.0])).item() == 5
    assert nr.cov(nr.ones(1, 4)).shape == () and nr.cdist(nr.ones(2, 3), nr.zeros(2, 3), 0.0).tolist() == [[3, 3], [3, 3]]
    assert nr.trapezoid(nr.ones(2, 3, 4), nr.arange(12.0).reshape(3, 4)).tolist() == [[3, 3, 3], [3, 3, 3]]
    assert F.scaled_dot_product_attention(nr.ones(2, 3), nr.ones(0, 3), nr.ones(0, 4), nr.ones(2, 0, dtype=nr.bool)).tolist() == [[0] * 4] * 2
    y = nr.eye(2)
    for copied in (y.matrix_power(1), y.diff(0), nr.arange(3).nan_to_num()):
        copied.zero_()
    assert y.sum().item() == 2


@pytest.mark.parametrize(
    "call",
    [
        lambda: nr.mvlgamma(nr.ones(2), 2**62),
        lambda: nr.ones(4).tensor_split(2**40),
        lambda: nr.nn.functional.interpolate(nr.ones(1, 1, 2), size=2**31),
        lambda: nr.nn.functional.interpolate(nr.ones(1, 1, 2, dtype=nr.int64), size=4, mode="linear"),
        lambda: nr.bincount(nr.tensor([2**63 - 1])),
        lambda: nr.diag_embed(nr.ones(2), -(2**63)),
        lambda: nr.nn.functional.pad(nr.ones(2), (-(2**63), 0)),
        lambda: nr.polygamma(2**63 - 1, nr.ones(2)),
        lambda: nr.kron(nr.zeros(0, 2**40), nr.zeros(0, 2**40)),
        lambda: nr.ones(2).repeat_interleave(2.5),
        lambda: nr.arange(3).deg2rad_(),
        lambda: nr.tensordot(nr.ones(2, 2), nr.ones(2, 2), 10**12),
    ],
)
def test_what_would_take_too_much_or_is_no_number_is_refused(call):
    with pytest.raises((ValueError, RuntimeError, MemoryError, TypeError)):
        call()


def test_results_in_place_keep_the_shape_and_dtype():
    x = nr.arange(3)
    with pytest.raises(ValueError, match="cannot be written in place"):
        x.lerp_(nr.ones(3), 0.5)
    with pytest.raises(ValueError, match="cannot be written in place"):
        nr.ones(3).addcmul_(nr.ones(2, 3), nr.ones(3))
    y = nr.ones(3, requires_grad=True) * 1
    y.lerp_(nr.zeros(3), 0.25).sum().backward()


def test_limits_of_dtypes():
    for name in ("float16", "bfloat16", "float32", "float64", "complex64"):
        ours, theirs = nr.finfo(getattr(nr, name)), torch.finfo(getattr(torch, name))
        for field in ("bits", "max", "min", "eps", "tiny", "smallest_normal", "resolution"):
            assert getattr(ours, field) == pytest.approx(getattr(theirs, field), rel=1e-12), (name, field)
    assert nr.finfo().dtype == "float32" and "eps=" in repr(nr.finfo())
    for name in ("uint8", "int8", "int16", "int32", "int64"):
        ours, theirs = nr.iinfo(getattr(nr, name)), torch.iinfo(getattr(torch, name))
        assert (ours.bits, ours.min, ours.max, ours.dtype) == (theirs.bits, theirs.min, theirs.max, name)
    for call in (lambda: nr.finfo(nr.int32), lambda: nr.iinfo(nr.float32), lambda: nr.iinfo(nr.bool)):
        with pytest.raises((TypeError, ValueError)):
            call()


def test_operators_on_bits():
    x = nr.tensor([6, -7], dtype=nr.int32)
    assert (x & 3).tolist() == [2, 1] and (x | 1).tolist() == [7, -7] and (5 ^ x).tolist() == [3, -4]
    assert (~x).tolist() == [-7, 6] and (x << 2).tolist() == [24, -28] and (x >> 1).tolist() == [3, -4]
    assert (x << 32).tolist() == [0, 0] and (x << -1).tolist() == [0, 0] and (x >> 32).tolist() == [0, -1]
    for dtype in (nr.int8, nr.int16):
        narrow = nr.tensor([5, -128, 127], dtype=dtype)
        theirs = torch.tensor([5, -128, 127], dtype=getattr(torch, dtype.name))
        for ours, expected in ((~narrow, ~theirs), (narrow & -4, theirs & -4), (narrow >> 1, theirs >> 1), (narrow << 1, theirs << 1)):
            assert ours.dtype == dtype and ours.tolist() == expected.tolist()
    x &= 12
    x <<= 1
    assert x.tolist() == [8, 16]
    mask = nr.tensor([True, False])
    assert (mask & ~mask).tolist() == [False, False] and (mask | True).dtype == nr.bool
    for call in (lambda: nr.ones(2) & 1, lambda: ~nr.ones(2), lambda: mask << 1.5):
        with pytest.raises((TypeError, NotImplementedError)):
            call()


def test_random_in_place():
    x = nr.empty(2000)
    assert set(x.bernoulli_(0.3).tolist()) == {0.0, 1.0} and abs(x.mean().item() - 0.3) < 0.06
    assert set(x.random_(3, 6).tolist()) == {3.0, 4.0, 5.0}
    assert set(nr.empty(500, dtype=nr.int64).random_(2).tolist()) == {0, 1}
    p = nr.tensor([0.0, 1.0, 0.5])
    assert nr.bernoulli(p).tolist()[:2] == [0.0, 1.0]


def test_dropout():
    x = nr.ones(1000)
    y = nr.nn.functional.dropout(x, 0.25)
    assert sorted(set(y.tolist())) == pytest.approx([0, 4 / 3]) and abs(y.mean().item() - 1) < 0.1
    assert nr.nn.functional.dropout(x, 1.0).sum().item() == 0
    assert nr.nn.functional.dropout(x, 0.5, training=False) is x
    with pytest.raises(ValueError, match="probability"):
        nr.nn.functional.dropout(x, 1.5)


@pytest.mark.parametrize("bias", [nr.ones(5), nr.ones(1), nr.ones(2, 1), nr.ones(2, dtype=nr.float64)])
def test_a_transposed_convolution_checks_its_bias(bias):
    with pytest.raises(ValueError, match=r"must be \[2\]"):
        nr.conv_transpose2d(nr.ones(1, 1, 3, 3), nr.ones(1, 2, 2, 2), bias)


def both(array):
    """A tensor of each library."""
    return nr.from_numpy(np.array(array)), torch.from_numpy(np.array(array))


@pytest.mark.parametrize("options", [{}, {"density": True}, {"range": [-1.0, 1.0, 0.0, 2.0]}, {"weight": True}])
def test_histograms_of_points(options):
    points, wanted = both(RANDOM.randn(4, 5, 2))
    mine, theirs = dict(options), dict(options)
    if "weight" in options:
        mine["weight"], theirs["weight"] = both(RANDOM.rand(4, 5))
    edges, their_edges = both([-1.0, 0.0, 2.0])
    for bins, their_bins in ((3, 3), ([2, 3], [2, 3]), ([edges, edges], [their_edges, their_edges])):
        a, b = nr.histogramdd(points, bins, **mine), torch.histogramdd(wanted, their_bins, **theirs)
        assert_same(a.hist, b.hist)
        assert len(a.bin_edges) == 2
        for x, y in zip(a.bin_edges, b.bin_edges):
            assert_same(x, y)
    with pytest.raises(TypeError, match="bins"):
        nr.histogramdd(points, "many")


def test_what_normalizes_gives_its_statistics_natively():
    x, y = both(RANDOM.randn(2, 3, 4))
    w, v = both(RANDOM.rand(3, 4))
    for a, b in zip(nr.native_layer_norm(x, (3, 4), w, w, 1e-5), torch.native_layer_norm(y, (3, 4), v, v, 1e-5)):
        assert_same(a, b)
    for training in (True, False):
        mean, their_mean = both(np.zeros(3))
        var, their_var = both(np.ones(3))
        a = nr.native_batch_norm(x, None, None, mean, var, training, 0.1, 1e-5)
        b = torch.native_batch_norm(y, None, None, their_mean, their_var, training, 0.1, 1e-5)
        for left, right in [*zip(a, b), (mean, their_mean), (var, their_var)]:
            assert_same(left, right)
    assert_same(nr.nn.functional.batch_norm(nr.ones(0), nr.ones(0), nr.ones(0)), torch.ones(0))


def test_upsampling_by_its_older_names():
    x, y = both(RANDOM.randn(1, 2, 3, 4))
    assert_same(nr.nn.functional.upsample_nearest(x, scale_factor=2), F.upsample_nearest(y, scale_factor=2))
    assert_same(nr.nn.functional.upsample_bilinear(x, (5, 7)), F.upsample_bilinear(y, (5, 7)))


@pytest.mark.parametrize("reduction", ["none", "mean", "sum"])
def test_triplets_by_any_distance(reduction):
    (a, x), (p, y), (n, z) = (both(RANDOM.randn(4, 3)) for _ in range(3))
    for swap in (False, True):
        options = {"swap": swap, "reduction": reduction, "margin": 2.0}
        for mine, theirs in ((None, None), (lambda u, v: (u - v).abs().sum(-1),) * 2):
            assert_same(
                nr.nn.functional.triplet_margin_with_distance_loss(a, p, n, distance_function=mine, **options),
                F.triplet_margin_with_distance_loss(x, y, z, distance_function=theirs, **options),
            )


def test_at_least_so_many_dimensions_of_several_tensors():
    number, vector = nr.tensor(2.0), nr.ones(3)
    for function, theirs in ((nr.atleast_1d, torch.atleast_1d), (nr.atleast_2d, torch.atleast_2d), (nr.atleast_3d, torch.atleast_3d)):
        expected = [t.shape for t in theirs(torch.tensor(2.0), torch.ones(3))]
        assert [t.shape for t in function(number, vector)] == [t.shape for t in function([number, vector])] == expected
        assert function(number).shape == expected[0]
        assert isinstance(function([number]), tuple)


def test_random_complex_numbers():
    nr.manual_seed(0)
    x = nr.rand(10000, dtype=nr.complex128)
    for part in (x.real, x.imag):
        assert 0 <= part.min().item() and part.max().item() < 1 and abs(part.mean().item() - 0.5) < 0.02
    z = nr.randn_like(x)
    assert z.dtype is nr.complex128 and abs(z.abs().square().mean().item() - 1) < 0.05
    assert abs((z.real * z.imag).mean().item()) < 0.02 and abs(z.real.std().item() - 0.5**0.5) < 0.02


def test_masks_that_do_not_fit():
    with pytest.raises(ValueError, match=r"masked.sum: the mask bool \[2, 2\] must broadcast to the input float32 \[3\]"):
        nr.masked.sum(nr.ones(3), mask=nr.ones(2, 2, dtype=nr.bool))
    with pytest.raises(ValueError, match="masked.median: no integer"):
        nr.masked.median(nr.arange(3), mask=nr.zeros(3, dtype=nr.bool))
    with pytest.raises(ValueError, match="masked.amax: complex numbers"):
        nr.masked.amax(nr.ones(3, dtype=nr.complex64))


def test_errors():
    with pytest.raises((ValueError, RuntimeError)):
        nr.mm(nr.ones(2), nr.ones(2, 2))
    with pytest.raises((ValueError, RuntimeError)):
        nr.dot(nr.ones(2), nr.ones(3))
    with pytest.raises((ValueError, RuntimeError)):
        nr.ones(2, 3).repeat(2)
    with pytest.raises(ValueError):
        nr.meshgrid(nr.ones(2), indexing="no")
    for classes in ([3], [-1, 0]):
        with pytest.raises(ValueError, match="one_hot: classes must lie in"):
            nr.nn.functional.one_hot(nr.tensor(classes), 2)
    with pytest.raises(ValueError, match="one_hot: classes must lie in"):
        nr.nn.functional.one_hot(nr.tensor([-1, 0]))


def test_bessel_functions_reach_to_the_end_of_the_range():
    x = nr.tensor([float("inf"), -float("inf"), 712.0], dtype=nr.float64)
    assert nr.special.i0(x).tolist()[:2] == [float("inf"), float("inf")]
    assert nr.special.i1(x).tolist()[:2] == [float("inf"), -float("inf")]
    # exp(712) is no double, exp(712) / sqrt(2 pi 712) is one.
    np.testing.assert_allclose(nr.special.i0(x)[2].item(), np.exp(712 - 0.5 * np.log(2 * np.pi * 712)), 1e-3)


def test_incomplete_gamma_of_small_numbers():
    for a in (10.0, 20.0, 50.0):
        x = np.array([1e-16, 1e-10, 1e-5, 0.1])
        ours = nr.special.gammainc(nr.full((4,), a, dtype=nr.float64), nr.tensor(x)).numpy()
        theirs = torch.special.gammainc(torch.full((4,), a, dtype=torch.float64), torch.tensor(x)).numpy()
        np.testing.assert_allclose(ours, theirs, 1e-11, 1e-300)


def test_complex_numbers_are_no_floats():
    with pytest.raises(TypeError, match="complex"):
        float(nr.tensor(1j))


def test_offsets_of_bags_lie_in_the_indices():
    weight = nr.ones(5, 2)
    for offsets in ([0, 5], [0, 2, 1], [0, -1]):
        with pytest.raises(ValueError, match="offsets"):
            nr.nn.functional.embedding_bag(nr.tensor([1, 2]), weight, nr.tensor(offsets))
