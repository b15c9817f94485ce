"""Decompositions of matrices, of complex numbers, too, and what stands on them."""

import numpy as np
import torch
from parity_base import COMPLEX, FLOATS, RANDOM, REDUCED, Case, add, integers, normal, numbers, uniform
from parity_products import SHAPES

RANDOM.seed(8)


def mirrored(*shape, complex=False, hermitian=False):
    x = numbers(*shape) if complex else normal(*shape)
    return x + np.swapaxes(x.conj() if hermitian else x, -2, -1)


def reflections(a):
    return [x.numpy() for x in torch.geqrf(torch.tensor(a))]


add("det slogdet logdet inv inverse inv_ex matrix_exp svdvals cond", *(Case([numbers(*s)], dtypes=COMPLEX) for s in ((3, 3), (2, 3, 3), (1, 1), (0, 0))))
add("solve solve_ex", *(Case([numbers(*s) for s in shapes], dtypes=COMPLEX) for shapes in (((3, 3), (3, 2)), ((2, 3, 3), (2, 3)))))
# Of a gradient of complex numbers on the diagonal of the factor, which is real, PyTorch keeps the imaginary part.
add("linalg.cholesky cholesky_ex", *(Case([x @ x.conj().T + np.eye(3)], kwargs={"upper": u}, dtypes=COMPLEX, gradient=False) for x in (numbers(3, 3),) for u in (False, True)))
add("lu_factor lu_factor_ex linalg.lu", *(Case([numbers(*s)], dtypes=COMPLEX) for s in SHAPES))
# PyTorch asks for a loss that does not depend on phases.
add("linalg.qr", *(Case([numbers(*s)], dtypes=COMPLEX, gradient=False) for s in SHAPES))
add("pinv pinverse", *(Case([numbers(*s)], dtypes=COMPLEX) for s in SHAPES))
add("pinv", Case([normal(2, 4, 3)], kwargs={"rtol": np.array([0.5, 0.0])}), Case([normal(2, 4, 3)], kwargs={"atol": np.array([[0.5]])[0], "rtol": np.array(0.1)}))
add("eigvalsh", Case([mirrored(3, 3, complex=True, hermitian=True)], dtypes=COMPLEX))
add("linalg.matrix_norm", *(Case([numbers(2, 3, 4)], (_ord,), dtypes=COMPLEX) for _ord in ("fro", "nuc", 1, -1, 2, -2)))
add("linalg.matrix_rank", Case([numbers(4, 3)], dtypes=COMPLEX))
add("solve_triangular", Case([numbers(3, 3) + 3 * np.eye(3), numbers(3, 3)], kwargs={"upper": True}, dtypes=COMPLEX))
add("householder_product orgqr", Case([numbers(4, 3), numbers(2)], dtypes=COMPLEX))
for _dtypes, _make in ((FLOATS, normal), (COMPLEX, numbers)):
    add("geqrf", *(Case([_make(*s)], dtypes=_dtypes, gradient=False) for s in (*SHAPES, (0, 3))))
    _both = reflections(_make(4, 3))
    for _transpose in (False, True):
        add("ormqr", Case([*_both, _make(4, 2)], (True, _transpose), dtypes=_dtypes, gradient=False), Case([*_both, _make(2, 4)], (False, _transpose), dtypes=_dtypes, gradient=False))
for _kwargs in ({}, {"complex": True}, {"complex": True, "hermitian": True}):
    _dtypes = COMPLEX if _kwargs else FLOATS
    _hermitian = {"hermitian": "hermitian" in _kwargs}
    add("ldl_factor ldl_factor_ex", *(Case([mirrored(*s, **_kwargs)], kwargs=_hermitian, dtypes=_dtypes, gradient=False) for s in ((5, 5), (2, 4, 4), (1, 1), (0, 0))))
    _both = [x.numpy() for x in torch.linalg.ldl_factor(torch.tensor(mirrored(5, 5, **_kwargs)), **_hermitian)]
    add("ldl_solve", Case([*_both, (numbers if _kwargs else normal)(2, 5, 3)], kwargs=_hermitian, dtypes=_dtypes, gradient=False))
add("ldl_factor_ex", Case([np.zeros((2, 2))], gradient=False))
add("frobenius_norm", Case([normal(3, 4)], (1,)), Case([REDUCED], ((0, 2), True)), Case([numbers(3, 4)], (1,), dtypes=COMPLEX))
add("nuclear_norm", Case([normal(3, 4)]), Case([REDUCED], ((0, 1), True)))
add("renorm", Case([numbers(3, 4)], (2, 0, 1.0), dtypes=COMPLEX))
add("corrcoef", Case([numbers(3, 5)], dtypes=COMPLEX))
for _x, _dtypes in ((normal(2, 5), FLOATS), (numbers(2, 5), COMPLEX)):
    for _weights in ({"fweights": integers(1, 4, 5)}, {"aweights": uniform(1, 2, 5)}, {"fweights": integers(1, 4, 5), "aweights": uniform(1, 2, 5)}):
        add("cov", Case([_x], kwargs=_weights, dtypes=_dtypes), Case([_x], kwargs={"correction": 0, **_weights}, dtypes=_dtypes))
add("normalize", *(Case([normal(3, 4)], kwargs={"p": p}) for p in (-1.0, 0.5, float("inf"))))

