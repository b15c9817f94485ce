"""neura.linalg where results are a choice, and where there is none: singular matrices, NaN, no elements."""

import neura as nr
import numpy as np
import pytest
import torch

RANDOM = np.random.RandomState(0)


def both(array):
    ours, theirs = nr.tensor(array), torch.tensor(array)
    ours.requires_grad_()
    theirs.requires_grad_()
    return ours, theirs


def assert_near(ours, theirs, tolerance=1e-9):
    a, b = ours.detach().numpy(), theirs.detach().numpy()
    assert a.shape == b.shape and a.dtype == b.dtype
    np.testing.assert_allclose(a, b, tolerance, tolerance)


def by_vectors(u, s, vh, library):
    """What does not depend on the signs of singular vectors."""
    k = s.shape[-1]
    weights = library.tensor(np.arange(1.0, k + 1))
    return (u[..., :, :k] * weights) @ vh[..., :k, :]


@pytest.mark.parametrize("scale", [1e-300, 1e-170, 1e170, 1e300])
@pytest.mark.parametrize("kind", ["real", "complex"])
def test_numbers_whose_squares_leave_the_range(scale, kind):
    random = np.random.RandomState(3)
    a = random.randn(4, 4) + (1j * random.randn(4, 4) if kind == "complex" else 0)
    x = nr.tensor(a * scale)
    q, r = nr.linalg.qr(x)
    np.testing.assert_allclose((q @ r).numpy() / scale, a, 1e-12, 1e-12)
    reflectors, tau = nr.geqrf(x)
    np.testing.assert_allclose(nr.linalg.householder_product(reflectors.tril(-1), tau).numpy(), q.numpy(), 1e-12, 1e-12)
    np.testing.assert_allclose(reflectors.triu().numpy() / scale, r.numpy() / scale, 1e-12, 1e-12)
    values = np.sort_complex(nr.linalg.eigvals(x).numpy() / scale)
    np.testing.assert_allclose(values, np.sort_complex(np.linalg.eigvals(a)), 1e-10, 1e-10)
    b = random.randn(4)
    solved = nr.linalg.solve(x, nr.tensor(b).to(x.dtype)).numpy()
    np.testing.assert_allclose(a @ (solved * scale), b, 1e-10, 1e-10)


@pytest.mark.parametrize("shape", [(3, 3), (4, 3), (3, 4), (2, 5, 3), (1, 1), (40, 30), (20, 60)])
@pytest.mark.parametrize("full", [False, True])
def test_singular_vectors(shape, full):
    ours, theirs = both(RANDOM.randn(*shape))
    results = []
    for x, library in ((ours, nr), (theirs, torch)):
        u, s, vh = library.linalg.svd(x, full_matrices=full)
        product = by_vectors(u, s, vh, library)
        (product.sin().sum() + s.cos().sum()).backward()
        results.append((s, product, u.shape, vh.shape))
    (s, product, *shapes), (their_s, their_product, *their_shapes) = results
    assert_near(s, their_s)
    assert_near(product, their_product, 1e-7)
    assert [tuple(s) for s in shapes] == [tuple(s) for s in their_shapes]
    assert_near(ours.grad, theirs.grad, 1e-6)
    u, _, vh = nr.linalg.svd(ours.detach(), full_matrices=full)
    np.testing.assert_allclose((u.mT @ u).numpy(), np.broadcast_to(np.eye(u.shape[-1]), (*u.shape[:-2], u.shape[-1], u.shape[-1])), atol=1e-12)
    np.testing.assert_allclose((vh @ vh.mT).numpy(), np.broadcast_to(np.eye(vh.shape[-2]), (*vh.shape[:-2], vh.shape[-2], vh.shape[-2])), atol=1e-12)


def test_svd_as_pytorch_had_it_first():
    a = RANDOM.randn(4, 3)
    u, s, v = nr.svd(nr.tensor(a))
    np.testing.assert_allclose((u * s @ v.mT).numpy(), a, atol=1e-12)
    assert [tuple(x.shape) for x in nr.tensor(a).svd(some=False)] == [(4, 4), (3,), (3, 3)]
    for ours, theirs in zip(nr.svd(nr.tensor(a), compute_uv=False), torch.svd(torch.tensor(a), compute_uv=False)):
        assert_near(ours, theirs)


@pytest.mark.parametrize("shape", [(3, 3), (2, 4, 4), (1, 1), (50, 50)])
@pytest.mark.parametrize("uplo", ["L", "U"])
def test_eigenvectors(shape, uplo):
    ours, theirs = both(RANDOM.randn(*shape))
    results = []
    for x, library in ((ours, nr), (theirs, torch)):
        w, v = library.linalg.eigh(x + x.mT, UPLO=uplo)
        product = by_vectors(v, w, v.mT, library)
        (product.sin().sum() + w.cos().sum()).backward()
        results.append((w, product))
    for a, b in zip(*results):
        assert_near(a, b, 1e-7)
    assert_near(ours.grad, theirs.grad, 1e-6)


def numbers(*shape):
    return RANDOM.randn(*shape) + 1j * RANDOM.randn(*shape)


@pytest.mark.parametrize("shape", [(3, 3), (4, 3), (3, 4), (2, 5, 3)])
def test_singular_vectors_of_complex_matrices(shape):
    ours, theirs = both(numbers(*shape))
    results = []
    for x, library in ((ours, nr), (theirs, torch)):
        u, s, vh = library.linalg.svd(x, full_matrices=False)
        product = by_vectors(u, s, vh, library)
        ((product * product).real.sum() + s.cos().sum() + u.abs().sum() + vh.abs().sum()).backward()
        results.append((s, product, u.abs(), vh.abs()))
    for a, b in zip(*results):
        assert_near(a, b, 1e-7)
    assert_near(ours.grad, theirs.grad, 1e-6)


def sorted_by_value(w, v, library):
    order = (w.real + 2 * w.imag).argsort(-1)
    return library.take_along_dim(w, order, -1), library.take_along_dim(v, order[..., None, :], -1)


@pytest.mark.parametrize("make", [RANDOM.randn, numbers])
@pytest.mark.parametrize("shape", [(3, 3), (2, 4, 4), (1, 1), (40, 40)])
def test_eigenvectors_of_any_matrix(make, shape):
    ours, theirs = both(make(*shape))
    results = []
    for x, library in ((ours, nr), (theirs, torch)):
        w, v = sorted_by_value(*library.linalg.eig(x), library)
        sizes = v.abs() ** 2
        (w.real.cos().sum() + w.imag.sin().sum() + (sizes * library.tensor(np.arange(1.0, shape[-1] + 1))).sin().sum()).backward()
        results.append((w, sizes))
    for a, b in zip(*results):
        assert_near(a, b, 1e-7)
    assert_near(ours.grad, theirs.grad, 1e-5)
    w, v = nr.linalg.eig(ours.detach())
    np.testing.assert_allclose((ours.detach() @ v).numpy(), (v * w[..., None, :]).numpy(), atol=1e-10)
    np.testing.assert_allclose(v.abs().square().sum(-2).numpy(), 1, atol=1e-12)
    largest = v.gather(-2, v.abs().argmax(-2, keepdim=True))
    assert bool(((largest.imag == 0) & (largest.real > 0)).all())
    values = nr.linalg.eigvals(ours.detach())
    assert values.dtype is w.dtype and tuple(values.shape) == shape[:-1]
    np.testing.assert_allclose(values.sum(-1).numpy(), np.trace(ours.detach().numpy(), axis1=-2, axis2=-1), atol=1e-10)


def test_eigenvalues_of_badly_scaled_matrices():
    a = np.array([[1.0, 1e9, 0.0], [1e-9, 2.0, 3e-9], [0.0, 1e9, 1.5]])
    expected = np.sort(torch.linalg.eigvals(torch.tensor(a)).real.numpy())
    np.testing.assert_allclose(np.sort(nr.linalg.eigvals(nr.tensor(a)).real.numpy()), expected, rtol=1e-12)
    assert np.isfinite(nr.linalg.eigvals(nr.tensor([[1e300, 1.0], [1e300, 1e-300]], dtype=nr.float64)).numpy()).all()


@pytest.mark.parametrize("make", [RANDOM.randn, numbers])
@pytest.mark.parametrize("shape", [(8, 5), (5, 8), (2, 7, 7)])
def test_low_rank(make, shape):
    a = make(*shape[:-1], 2) @ make(*shape[:-2], 2, shape[-1])
    u, s, v = nr.svd_lowrank(nr.tensor(a), q=4)
    assert (u.shape, s.shape, v.shape) == ((*shape[:-1], 4), (*shape[:-2], 4), (*shape[:-2], shape[-1], 4))
    np.testing.assert_allclose(((u * s[..., None, :]) @ v.mH).numpy(), a, atol=1e-9)
    mean = a.mean(-2, keepdims=True)
    for u, s, v in (nr.svd_lowrank(nr.tensor(a), 2, M=nr.tensor(mean)), nr.pca_lowrank(nr.tensor(a), 2)):
        np.testing.assert_allclose(((u * s[..., None, :]) @ v.mH).numpy(), a - mean, atol=1e-9)
    assert nr.pca_lowrank(nr.tensor(a))[1].shape[-1] == min(6, *shape[-2:])
    assert nr.svd_lowrank(nr.tensor(a), 0)[1].shape[-1] == 0
    with pytest.raises(ValueError, match="svd_lowrank: q = 9 of"):
        nr.svd_lowrank(nr.tensor(a), 9)


def test_exponentials_of_huge_numbers():
    huge = nr.tensor([[-1.7e308, 0.0], [0.0, -1e300]], dtype=nr.float64)
    assert nr.linalg.matrix_exp(huge).tolist() == [[0, 0], [0, 0]]
    assert not np.isfinite(nr.linalg.matrix_exp(huge * 0 + 1.7e308).numpy()).any()
    assert not np.isfinite(nr.linalg.matrix_exp(nr.tensor([[1.7e308 + 1.7e308j]])).numpy()).any()


def test_a_number_is_its_own_transpose():
    for x in (nr.tensor(2.0), nr.tensor(1 + 2j)):
        assert x.mT.item() == x.item() and x.H.item() == x.mH.item() == np.conj(x.item())


def test_one_triangle_is_read():
    a = RANDOM.randn(3, 3)
    for function in ("eigvalsh", "cholesky"):
        for library, tensor in ((nr, nr.tensor), (torch, torch.tensor)):
            lower = getattr(library.linalg, function)(tensor(np.tril(a @ a.T + np.eye(3))))
            whole = getattr(library.linalg, function)(tensor(a @ a.T + np.eye(3)))
            np.testing.assert_allclose(lower.numpy(), whole.numpy(), atol=1e-12)


def test_a_result_has_names():
    result = nr.linalg.svd(nr.eye(2))
    assert result.S.tolist() == [1, 1] and tuple(result) == (result.U, result.S, result.Vh)
    assert nr.linalg.slogdet(nr.eye(2)).logabsdet.item() == 0
    assert nr.linalg.lu_factor(nr.eye(2)).pivots.dtype == nr.int32


SINGULAR = nr.tensor([[1.0, 2.0], [2.0, 4.0]])


def test_singular_matrices_are_errors():
    assert issubclass(nr.linalg.LinAlgError, RuntimeError)
    batch = nr.stack([nr.eye(2), SINGULAR])
    with pytest.raises(nr.linalg.LinAlgError, match="singular: pivot 2"):
        nr.linalg.solve(SINGULAR, nr.ones(2))
    with pytest.raises(nr.linalg.LinAlgError, match=r"\(Batch element 1\): the matrix is singular"):
        nr.linalg.inv(batch)
    with pytest.raises(nr.linalg.LinAlgError, match=r"\(Batch element 1\): the matrix is not positive-definite: its leading minor of order 2"):
        nr.linalg.cholesky(nr.stack([nr.eye(2), -SINGULAR + 4 * nr.eye(2)]))
    for function in (nr.linalg.lu_factor, nr.lu):
        with pytest.raises(nr.linalg.LinAlgError, match=r"U\[2, 2\] is zero"):
            function(SINGULAR)
    with pytest.raises(nr.linalg.LinAlgError, match=r"D\[2, 2\] is zero"):
        nr.linalg.ldl_factor(nr.tensor([[1.0, 0.0], [0.0, 0.0]]))
    assert nr.linalg.inv_ex(batch).info.tolist() == [0, 2]
    assert nr.linalg.solve_ex(SINGULAR, nr.ones(2)).info.item() == 2
    assert nr.linalg.cholesky_ex(-nr.eye(3)).info.item() == 1
    assert nr.linalg.det(SINGULAR).item() == 0
    assert nr.linalg.slogdet(SINGULAR).logabsdet.item() == -np.inf


def test_what_is_not_finite():
    bad = nr.tensor([[1.0, np.nan], [0.0, 1.0]])
    batch = nr.stack([nr.eye(2), nr.eye(2) * np.inf])
    for function in (nr.linalg.svd, nr.linalg.svdvals, nr.linalg.eigh, nr.linalg.eigvalsh, nr.linalg.eig, nr.linalg.pinv):
        with pytest.raises(nr.linalg.LinAlgError, match="not finite"):
            function(bad)
        with pytest.raises(nr.linalg.LinAlgError, match="Batch element 1"):
            function(batch)
    for name in ("det", "qr", "matrix_exp"):
        ours, theirs = (getattr(l.linalg, name)(l.tensor(bad.numpy())) for l in (nr, torch))
        ours, theirs = ([*r] if isinstance(r, tuple) else [r] for r in (ours, theirs))
        assert [tuple(x.shape) for x in ours] == [tuple(x.shape) for x in theirs]
        assert any(x.isnan().any() for x in ours)
    assert nr.linalg.solve(bad, nr.ones(2)).isnan().any()
    with pytest.raises(nr.linalg.LinAlgError):
        nr.linalg.cholesky(bad * -1)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r"linalg.inv: expected square matrices, got float32 \[2, 3\]"):
        nr.linalg.inv(nr.ones(2, 3))
    with pytest.raises(ValueError, match="linalg.det: expected matrices, of at least 2 dimensions"):
        nr.linalg.det(nr.ones(3))
    with pytest.raises(ValueError, match=r"linalg.solve: float32 \[2, 2\] @ X cannot be float32 \[3, 1\]"):
        nr.linalg.solve(nr.eye(2), nr.ones(3, 1))
    with pytest.raises(ValueError, match="expected a floating point or complex dtype, got int64"):
        nr.linalg.svd(nr.ones(2, 2, dtype=nr.int64))
    with pytest.raises(ValueError, match="A and B must have one dtype"):
        nr.linalg.solve(nr.eye(2), nr.ones(2, dtype=nr.float64))
    with pytest.raises(ValueError, match="mode must be"):
        nr.linalg.qr(nr.eye(2), "thin")
    with pytest.raises(ValueError, match="UPLO"):
        nr.linalg.eigh(nr.eye(2), "X")
    with pytest.raises(ValueError, match='ord must be "fro"'):
        nr.linalg.matrix_norm(nr.eye(2), 3)
    with pytest.raises(IndexError, match="pivot 5 is no row from 1 to 2"):
        nr.linalg.lu_solve(nr.eye(2), nr.tensor([1, 5], dtype=nr.int32), nr.ones(2, 1))
    with pytest.raises(IndexError, match="pivot -1 of row 2 is none of factors of 2 rows"):
        nr.linalg.ldl_solve(nr.eye(2), nr.tensor([1, -1], dtype=nr.int32), nr.ones(2, 1))
    with pytest.raises(ValueError, match="pivots must be int32, one for each row"):
        nr.linalg.ldl_solve(nr.eye(2), nr.tensor([1, 2]), nr.ones(2, 1))
    with pytest.raises(ValueError, match=r"ormqr: expected \[..., m, n\]"):
        nr.ormqr(nr.eye(2), nr.ones(3), nr.ones(2, 1))
    with pytest.raises(ValueError, match="cov: fweights must be 2 integers"):
        nr.cov(nr.eye(2), fweights=nr.ones(2))
    with pytest.raises(NotImplementedError, match="complete"):
        q = nr.linalg.qr(nr.ones(3, 2, requires_grad=True), "complete").Q
        q.sum().backward()


def test_strided_and_expanded_inputs():
    a = RANDOM.randn(6, 6) + 6 * np.eye(6)
    x, y = nr.tensor(a), torch.tensor(a)
    for view in (lambda t: t.T, lambda t: t[::2, ::2], lambda t: t[None].expand(3, 6, 6), lambda t: t[:4, 1:5]):
        for function in ("inv", "det", "svdvals", "matrix_exp", "cond"):
            assert_near(getattr(nr.linalg, function)(view(x)), getattr(torch.linalg, function)(view(y)))


def test_halves_are_computed_in_float32():
    a = nr.tensor(RANDOM.randn(3, 3), dtype=nr.float32).half()
    assert nr.linalg.inv(a).dtype == nr.float16
    assert bool((nr.linalg.det(a) == nr.linalg.det(a.float()).half()).item())


def test_large_matrices():
    a = RANDOM.randn(300, 300)
    b = RANDOM.randn(300, 5)
    np.testing.assert_allclose(nr.linalg.solve(nr.tensor(a), nr.tensor(b)).numpy(), np.linalg.solve(a, b), rtol=1e-8)
    np.testing.assert_allclose(nr.linalg.svdvals(nr.tensor(a)).numpy(), np.linalg.svd(a, compute_uv=False), atol=1e-10)
    np.testing.assert_allclose(nr.linalg.eigvalsh(nr.tensor(a + a.T)).numpy(), np.linalg.eigvalsh(a + a.T), atol=1e-10)


def test_the_gradient_of_eigh_is_symmetric():
    ours, theirs = both(np.array([[2.0, 1.0, 0.5], [1.0, 3.0, 0.2], [0.5, 0.2, 1.0]]))
    for x, library in ((ours, nr), (theirs, torch)):
        _, vectors = library.linalg.eigh(x)
        (vectors**2)[:, 0].mul(library.tensor([1.0, 2.0, 3.0], dtype=library.float64)).sum().backward()
    assert_near(ours.grad, theirs.grad)
