"""neura.array_api beside NumPy, which follows the same standard."""

import numpy as np
import pytest

import neura as nr
from neura import array_api as xp


def same(ours, theirs):
    a, b = ours.detach().numpy(), np.asarray(theirs)
    assert a.shape == b.shape and a.dtype == b.dtype
    np.testing.assert_allclose(a, b, 1e-6, 1e-6)


def test_a_tensor_leads_to_the_namespace():
    x = nr.ones(2)
    assert x.__array_namespace__() is xp and x.__array_namespace__(api_version="2024.12") is xp
    with pytest.raises(ValueError, match="1999.01"):
        x.__array_namespace__(api_version="1999.01")
    assert x.to_device("cpu").data_ptr() == x.data_ptr()


def test_code_for_the_standard_runs_and_records_gradients():
    def standardize(x):
        space = x.__array_namespace__()
        return (x - space.mean(x, axis=0)) / space.std(x, axis=0)

    x = nr.arange(6.0, dtype=nr.float64).reshape(3, 2).requires_grad_()
    values = x.detach().numpy()
    y = standardize(x)
    same(y, (values - values.mean(0)) / values.std(0))
    (y * y * y).sum().backward()
    np.testing.assert_allclose(x.grad.numpy().sum(0), 0, atol=1e-12)


def test_promotion_counts_tensors_without_dimensions_as_others():
    one, two = xp.asarray(1.0, dtype=xp.float64), xp.ones(2, dtype=xp.float32)
    assert (one + two).dtype == xp.float32  # PyTorch's rule, for operators
    assert xp.add(one, two).dtype == xp.float64
    with xp.standard_operators():
        assert (one + two).dtype == (2 * one - two).dtype == xp.float64 and (one < two).dtype == xp.bool
        assert np.ones(2) is not None and not (one == None)  # noqa: E711
    assert (one + two).dtype == xp.float32
    assert xp.result_type(one, two, 1) == xp.float64
    assert xp.add(xp.ones(2, dtype=xp.uint8), xp.ones(2, dtype=xp.int8)).dtype == xp.int16


def test_whole_quotients_of_infinities():
    x = xp.asarray([xp.inf, -xp.inf, 7.0, -7.0, xp.inf])
    by = xp.asarray([2.0, 2.0, -xp.inf, 2.0, xp.inf])
    expected = [xp.inf, -xp.inf, -0.0, -4.0, xp.nan]
    np.testing.assert_array_equal(xp.floor_divide(x, by).numpy(), expected)
    assert xp.isnan(x // by).tolist() == [True, True, False, False, True]  # Python's rule
    with xp.standard_operators():
        np.testing.assert_array_equal((x // by).numpy(), expected)
        x //= by
    np.testing.assert_array_equal(x.numpy(), expected)


def test_integers_have_no_negative_powers():
    with xp.standard_operators():
        for call in (lambda: nr.tensor([1, 2]) ** -1, lambda: xp.pow(nr.tensor([1, 2]), -1)):
            with pytest.raises(ValueError, match="negative powers"):
                call()
        assert (nr.tensor([2.0]) ** -1).tolist() == [0.5]


def test_blocks_with_standard_operators_may_overlap():
    first, second, before = xp.standard_operators(), xp.standard_operators(), nr.Tensor.__add__
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert nr.Tensor.__add__ is not before
    second.__exit__(None, None, None)
    assert nr.Tensor.__add__ is before


def test_sums_and_scans_are_wide():
    x = xp.asarray([200, 100], dtype=xp.uint8)
    assert xp.sum(x).dtype == xp.uint64 and int(xp.sum(x)) == 300
    assert xp.cumulative_sum(x, include_initial=True).tolist() == [0, 200, 300]
    same(xp.var(xp.asarray([1.0, 2.0, 4.0], dtype=xp.float64), correction=0.5), np.float64(14 / 3 / 2.5))


def test_shapes():
    x = xp.reshape(xp.arange(6), (2, 3))
    values = np.arange(6).reshape(2, 3)
    same(xp.concat([x, x], axis=None), np.concatenate([values, values], None))
    same(xp.permute_dims(x, (1, 0)), values.T)
    same(xp.roll(x, 1, axis=1), np.roll(values, 1, 1))
    same(xp.repeat(x, 2, axis=0), np.repeat(values, 2, 0))
    same(xp.unstack(x, axis=1)[2], values[:, 2])
    with pytest.raises(ValueError, match="axis 1"):
        xp.squeeze(x, 1)


def test_unique():
    x = xp.asarray([3, 1, 3, 2])
    values, indices, inverse, counts = xp.unique_all(x)
    expected = np.unique(x.numpy(), True, True, True)
    for ours, theirs in zip((values, indices, inverse, counts), expected):
        assert ours.tolist() == theirs.tolist()


def test_dtypes():
    assert xp.isdtype(xp.int8, "signed integer") and not xp.isdtype(xp.bool, "numeric")
    assert xp.isdtype(xp.float32, ("bool", "real floating"))
    assert xp.finfo(xp.complex64).dtype == xp.float32 and xp.iinfo(xp.uint16).max == 65535
    with pytest.raises(TypeError, match="complex"):
        xp.astype(xp.ones(1, dtype=xp.complex64), xp.float32)
    with pytest.raises(ValueError, match="kind"):
        xp.isdtype(xp.int8, "whole")
    info = xp.__array_namespace_info__()
    assert info.default_dtypes()["indexing"] == xp.int64 and "uint64" in info.dtypes(kind="integral")


def test_copies_are_made_as_said():
    x = xp.ones(3)
    assert xp.asarray(x) is x or xp.asarray(x).data_ptr() == x.data_ptr()
    assert xp.asarray(x, copy=True).data_ptr() != x.data_ptr()
    with pytest.raises(ValueError, match="copy"):
        xp.asarray(x, dtype=xp.float64, copy=False)
    with pytest.raises(ValueError, match="memory to share"):
        xp.asarray([1, 2], copy=False)


def test_slices_that_go_backwards():
    values = np.arange(12.0).reshape(3, 4)
    x = nr.tensor(values)
    for index in (np.s_[::-1], np.s_[:, ::-2], np.s_[2:0:-1, 3], np.s_[0:2:-1], np.s_[..., None, ::-3], np.s_[::-1, [0, 2]]):
        same(x[index], values[index])
    values[::-1, ::-2] = [[1, 2], [3, 4], [5, 6]]
    x[::-1, ::-2] = nr.tensor([[1, 2], [3, 4], [5, 6]])
    same(x, values)
    y = nr.ones(4, requires_grad=True)
    (y[::-1] * nr.arange(4.0)).sum().backward()
    assert y.grad.tolist() == [3, 2, 1, 0]


def test_bools_are_nothing_else():
    array = np.array([0, 1, 2, 255], np.uint8).view(np.bool_)
    for make in (nr.from_numpy, nr.tensor):
        with pytest.raises(ValueError, match="neither 0 nor 1"):
            make(array)
    # What the owner of shared memory writes later is not checked, but reads stay inside of it.
    array = np.ones(64, bool)
    shared = nr.from_numpy(array)
    array.view(np.uint8)[:] = 200
    assert nr.nonzero(shared).shape == (64, 1) and nr.arange(64)[shared].tolist() == list(range(64))
    assert repr(shared).count("True") == 64
    assert repr(nr.empty(64, dtype=nr.bool)).count("False") == 64
    assert nr.empty_like(nr.empty_strided((3,), (2,), dtype=nr.bool)).sum() == 0
