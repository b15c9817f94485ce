"""Products of matrices, and neura.linalg."""

import numpy as np
import torch
import torch.nn.functional as F
from parity_base import RANDOM, REDUCED, Case, add, integers, normal, uniform

RANDOM.seed(5)

# ---- products --------------------------------------------------------------------------------

for _a, _b in [((2, 3), (3, 4)), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((5, 2, 3), (5, 3, 2)), ((2, 1, 2, 3), (4, 3, 2)), ((0, 3), (3, 2)), ((2, 0), (0, 3))]:
    add("matmul", Case([normal(*_a), normal(*_b)]))
add("mm", Case([normal(4, 3), normal(3, 5)]))
add("bmm", Case([normal(2, 4, 3), normal(2, 3, 5)]))
add("mv", Case([normal(4, 3), normal(3)]))
add("dot", Case([normal(4), normal(4)]))
add("outer", Case([normal(4), normal(3)]))
add("addmm", Case([normal(5), normal(4, 3), normal(3, 5)]), Case([normal(4, 5), normal(4, 3), normal(3, 5)], kwargs={"beta": 0.5, "alpha": 2}))
_integers = [integers(0, 5, 4, 5), integers(0, 5, 4, 3), integers(0, 5, 3, 5)]
add("addmm", Case(_integers, kwargs={"beta": 1.6, "alpha": 2.2}, dtypes=("int64", "int32"), gradient=False))
add("addr", Case([integers(0, 2, 2, 3), integers(0, 2, 2), integers(0, 2, 3)], kwargs={"beta": 3, "alpha": 2}, dtypes=("bool",), gradient=False))
add("linear", *(Case(a, reference=F.linear) for a in ([normal(4, 3), normal(5, 3), normal(5)], [normal(2, 4, 3), normal(5, 3)], [normal(3), normal(5, 3)])))
add("bilinear", *(Case(a, reference=F.bilinear) for a in ([normal(4, 3), normal(4, 2), normal(5, 3, 2), normal(5)], [normal(2, 4, 3), normal(2, 4, 2), normal(5, 3, 2)])))

# ---- linalg: "linalg.name" are cases of that namespace alone ---------------------------------

add("linalg.cross", Case([normal(4, 3), normal(1, 3)]), Case([normal(3, 2), normal(3, 2)], kwargs={"dim": 0}))
add("linalg.diagonal", Case([normal(2, 3, 4)]), Case([normal(2, 3, 4)], kwargs={"offset": 1, "dim1": 0, "dim2": 1}))
add("multi_dot", Case([normal(2, 5), normal(5, 3), normal(3, 4)], as_list=True), Case([normal(5), normal(5, 3), normal(3)], as_list=True))
add("linalg.vander", Case([uniform(1, 2, 3)]), Case([uniform(1, 2, 2, 3)], kwargs={"N": 4}))
add("vecdot", Case([normal(2, 3), normal(3)]), Case([normal(2, 3), normal(2, 3)], kwargs={"dim": 0}))
for _ord in (2, 1, 3.5, -2, 0, float("inf"), float("-inf")):
    add("vector_norm", Case([REDUCED], (_ord,), gradient=_ord != 0), Case([REDUCED], (_ord, 1, True), gradient=_ord != 0))
add("vector_norm", Case([REDUCED], kwargs={"dim": (0, 2), "dtype": "float64"}), Case([normal()]))

def definite(*shape):
    x = normal(*shape)
    return x @ np.swapaxes(x, -2, -1) + np.eye(shape[-1])


def factors(a):
    """LU factors and pivots by PyTorch."""
    return [x.numpy() for x in torch.linalg.lu_factor(torch.tensor(a))]


SQUARES = [normal(3, 3), normal(2, 3, 3), normal(1, 1)]
SHAPES = [(4, 3), (3, 4), (2, 3, 3), (1, 1)]
EMPTY = [normal(0, 0), normal(2, 0, 0), normal(0, 3, 3)]
add("det slogdet logdet inv inverse inv_ex", *(Case([a @ a if a.ndim < 3 else a @ np.swapaxes(a, 1, 2)]) for a in SQUARES))
add("det slogdet inv inverse", *(Case([a]) for a in EMPTY))
# The gradient of PyTorch 1.13 is 0 at every singular matrix.
add("det slogdet", Case([np.array([[1.0, 2.0], [2.0, 4.0]])], gradient=False), Case([np.ones((2, 2, 2))], gradient=False))
# PyTorch 1.13 cannot view some strided inputs.
add("matrix_exp", *(Case([a], reference=lambda x: torch.matrix_exp(x.contiguous())) for a in (*SQUARES, *EMPTY, normal(4, 4) * 20, normal(2, 2, 2, 2))))
add("matrix_power", Case([normal(3, 3)], (-2,)), Case([normal(2, 3, 3)], (-1,)))
for _upper in (False, True):
    add("linalg.cholesky cholesky_ex", *(Case([definite(*s)], kwargs={"upper": _upper}) for s in ((3, 3), (2, 4, 4), (1, 1))))
    add("cholesky", Case([definite(2, 3, 3)], (_upper,)))
    # PyTorch gives a gradient to the triangle that is not read, too.
    add("cholesky_solve", Case([normal(3, 2), np.linalg.cholesky(definite(3, 3))], (_upper,), gradient=False))
    add("cholesky_inverse", Case([np.linalg.cholesky(definite(3, 3))], (_upper,), gradient=False))
    for _left in (False, True):
        add("solve_triangular", Case([normal(3, 3) + 3 * np.eye(3), normal(3, 3)], kwargs={"upper": _upper, "left": _left}), Case([normal(2, 3, 3) + 3 * np.eye(3), normal(3, 3)], kwargs={"upper": _upper, "left": _left, "unitriangular": True}))
add("linalg.cholesky", *(Case([a]) for a in EMPTY))
add("linalg.lu", *(Case([normal(*s)]) for s in SHAPES))
add("lu", Case([normal(3, 3)]), Case([normal(2, 3, 3)], (True, True)))
add("lu_factor lu_factor_ex", *(Case([normal(*s)]) for s in SHAPES), *(Case([a]) for a in EMPTY))
LU = factors(normal(2, 3, 3))
add("linalg.lu_solve", *(Case([*LU, normal(2, 3, 3)], kwargs={"left": left, "adjoint": adjoint}) for left in (True, False) for adjoint in (True, False)))
add("lu_solve", Case([normal(2, 3, 2), *LU]))
add("lu_unpack", Case(LU), Case(factors(normal(4, 3))))
add("linalg.qr", *(Case([normal(*s)]) for s in SHAPES), *(Case([normal(*s)], ("complete",), gradient=s[-2] <= s[-1]) for s in SHAPES), Case([normal(4, 3)], ("r",), gradient=False), *(Case([a]) for a in EMPTY), Case([normal(3, 0)], ("complete",), gradient=False))
add("qr", Case([normal(4, 3)]), Case([normal(3, 3)], (False,)))
for _shapes in [((3, 3), (3, 2)), ((2, 3, 3), (2, 3, 2)), ((3, 3), (3,)), ((2, 3, 3), (2, 3)), ((0, 0), (0, 2)), ((2, 0, 0), (2, 0, 3)), ((0, 3, 3), (0, 3, 1))]:
    add("solve solve_ex", Case([normal(*s) for s in _shapes]))
add("solve", Case([normal(3, 3), normal(2, 3)], kwargs={"left": False}), Case([normal(2, 1, 3, 3), normal(4, 3, 2)]))
add("triangular_solve", Case([normal(3, 2), normal(3, 3)]), Case([normal(3, 2), normal(3, 3)], (False, True, True)))
add("pinv pinverse", *(Case([normal(*s)]) for s in SHAPES), Case([normal(3, 0)]))
add("pinv", Case([np.ones((2, 2))]), Case([definite(3, 3)], kwargs={"hermitian": True}), Case([normal(4, 3)], kwargs={"rtol": 0.5}), Case([normal(4, 3)], kwargs={"atol": 0.5}))
for _driver in ("gels", "gelsy", "gelsd", "gelss"):
    for _s in ((4, 3), (3, 4), (2, 4, 3), (3, 3)):
        add("lstsq", Case([normal(*_s), normal(*_s[:-1], 2)], kwargs={"driver": _driver}, gradient=False))
add("lstsq", Case([normal(2, 4, 3), normal(2, 4)], gradient=False))
add("tensorinv", Case([normal(2, 3, 6)]), Case([normal(6, 2, 3)], (1,)))
add("tensorsolve", Case([normal(2, 3, 6), normal(2, 3)]), Case([normal(2, 6, 3), normal(2, 3)], kwargs={"dims": (1,)}))
add("householder_product orgqr", Case([normal(4, 3), normal(2)]), Case([normal(2, 3, 3), normal(2, 3)]))
for _ord in ("fro", "nuc", 1, -1, 2, -2, float("inf"), float("-inf")):
    add("matrix_norm", Case([REDUCED], (_ord,)), Case([REDUCED], (_ord, (0, 2), True)))
    add("linalg.norm", Case([normal(3, 4)], (_ord,)), Case([REDUCED], (_ord, (1, 0))))
    # PyTorch 1.13 overwrites the inverse that its gradient needs.
    add("cond", Case([normal(2, 3, 3)], (_ord,), gradient=_ord in (2, -2)))
add("linalg.norm", Case([REDUCED]), Case([normal(4)], (3,)), Case([REDUCED], (0.5, 1, True)), Case([REDUCED], kwargs={"dim": 1}), Case([normal(3, 4)], kwargs={"dtype": "float64"}))
add("cond", Case([normal(4, 3)]), Case([np.array([[1.0, 2.0], [2.0, 4.0]])], ("fro",), gradient=False))
add("norm", Case([normal(3, 4)], ("nuc",)), Case([REDUCED], ("fro", (0, 1))), Case([REDUCED], ("nuc", (0, 1), True)), Case([REDUCED], (-1, 1)), Case([REDUCED], (0, 1), gradient=False))
add("linalg.matrix_rank", Case([normal(4, 3)]), Case([np.ones((2, 3, 3))]), Case([definite(3, 3)], kwargs={"hermitian": True}), Case([np.diag([1.0, 0.1, 1e-3])], kwargs={"atol": 0.01}), Case([np.diag([1.0, 0.1, 1e-3])], kwargs={"rtol": 0.2}), Case([np.diag([1.0, 0.1, 1e-3])], (0.01,)), Case([normal(2, 0, 3)], gradient=False))
add("svdvals", *(Case([normal(*s)]) for s in SHAPES), Case([normal(2, 0, 3)]))
add("eigvalsh", Case([definite(3, 3)]), Case([definite(2, 4, 4)], ("U",)), Case([normal(0, 0)]))
add("renorm", Case([normal(3, 4)], (2, 0, 1.0)), Case([normal(2, 3, 4)], (1, 1, 2.5)))
add("dist", Case([normal(3, 4), normal(3, 4)]), Case([normal(3, 4), normal(4)], (1,)))
add("vdot", Case([normal(4), normal(4)]))
add("chain_matmul", Case([normal(2, 5), normal(5, 3), normal(3, 4)]))
