"""The standard's extension for linear algebra: functions of matrices, or of batches of them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from neura import _C
from neura._C import Tensor
from neura._C import dtype as DType
from neura.array_api import _reductions
from neura.array_api._elementwise import promoted

_linalg: Any = _C._namespaces["linalg"]


class QRResult(NamedTuple):
    Q: Tensor
    R: Tensor


class EighResult(NamedTuple):
    eigenvalues: Tensor
    eigenvectors: Tensor


class SlogdetResult(NamedTuple):
    sign: Tensor
    logabsdet: Tensor


class SVDResult(NamedTuple):
    U: Tensor
    S: Tensor
    Vh: Tensor


def cholesky(x: Tensor, /, *, upper: bool = False) -> Tensor:
    """The triangular factor of a positive definite matrix."""
    result: Tensor = _linalg.cholesky(x, upper=upper)
    return result


def cross(x1: Tensor, x2: Tensor, /, *, axis: int = -1) -> Tensor:
    """Vector products along an axis of extent 3."""
    result: Tensor = _linalg.cross(x1, x2, dim=axis)
    return result


def det(x: Tensor, /) -> Tensor:
    """Determinants."""
    result: Tensor = _linalg.det(x)
    return result


def diagonal(x: Tensor, /, *, offset: int = 0) -> Tensor:
    """The diagonals of matrices."""
    return x.diagonal(offset, -2, -1)


def eigh(x: Tensor, /) -> EighResult:
    """Eigenvalues, ascending, and eigenvectors of a Hermitian matrix."""
    return EighResult(*_linalg.eigh(x))


def eigvalsh(x: Tensor, /) -> Tensor:
    """Eigenvalues of a Hermitian matrix, ascending."""
    result: Tensor = _linalg.eigvalsh(x)
    return result


def inv(x: Tensor, /) -> Tensor:
    """Inverses."""
    result: Tensor = _linalg.inv(x)
    return result


def matmul(x1: Tensor, x2: Tensor, /) -> Tensor:
    """Products of matrices, vectors and batches of matrices."""
    return _C.matmul(x1, x2)


def matrix_norm(x: Tensor, /, *, keepdims: bool = False, ord: Any = "fro") -> Tensor:
    """Norms of matrices: a number, "fro" or "nuc"."""
    result: Tensor = _linalg.matrix_norm(x, ord, keepdim=keepdims)
    return result


def matrix_power(x: Tensor, n: int, /) -> Tensor:
    """The n-th powers of matrices."""
    result: Tensor = _linalg.matrix_power(x, n)
    return result


def matrix_rank(x: Tensor, /, *, rtol: float | Tensor | None = None) -> Tensor:
    """How many singular values are above rtol times the largest."""
    result: Tensor = _linalg.matrix_rank(x, rtol=rtol)
    return result


def matrix_transpose(x: Tensor, /) -> Tensor:
    """Matrices with rows for columns."""
    return x.mT


def outer(x1: Tensor, x2: Tensor, /) -> Tensor:
    """All products of the elements of two vectors."""
    return _C.outer(x1, x2)


def pinv(x: Tensor, /, *, rtol: float | Tensor | None = None) -> Tensor:
    """Pseudo-inverses."""
    result: Tensor = _linalg.pinv(x, rtol=rtol)
    return result


def qr(x: Tensor, /, *, mode: str = "reduced") -> QRResult:
    """Factors with orthonormal columns, and triangular."""
    return QRResult(*_linalg.qr(x, mode))


def slogdet(x: Tensor, /) -> SlogdetResult:
    """Signs and logarithms of the absolute values of determinants."""
    return SlogdetResult(*_linalg.slogdet(x))


def solve(x1: Tensor, x2: Tensor, /) -> Tensor:
    """The solutions y of x1 @ y = x2; a vector x2 is one, whatever x1's batch."""
    x1, x2 = promoted(x1, x2)
    if x2.ndim == 1:
        result: Tensor = _linalg.solve(x1, x2.expand(x1.shape[:-1])[..., None])[..., 0]
        return result
    shape = _C.broadcast_tensors([_C.zeros(()).expand(x1.shape[:-2]), _C.zeros(()).expand(x2.shape[:-2])])[0].shape
    result = _linalg.solve(x1, x2.expand(tuple(shape) + tuple(x2.shape[-2:])))
    return result


def svd(x: Tensor, /, *, full_matrices: bool = True) -> SVDResult:
    """Singular vectors and values."""
    return SVDResult(*_linalg.svd(x, full_matrices=full_matrices))


def svdvals(x: Tensor, /) -> Tensor:
    """Singular values, descending."""
    result: Tensor = _linalg.svdvals(x)
    return result


def tensordot(x1: Tensor, x2: Tensor, /, *, axes: int | tuple[Sequence[int], Sequence[int]] = 2) -> Tensor:
    """Products summed over pairs of axes."""
    return _C.tensordot(x1, x2, axes)


def trace(x: Tensor, /, *, offset: int = 0, dtype: DType | None = None) -> Tensor:
    """Sums of diagonals."""
    return _reductions.sum(diagonal(x, offset=offset), axis=-1, dtype=dtype)


def vecdot(x1: Tensor, x2: Tensor, /, *, axis: int = -1) -> Tensor:
    """Inner products along an axis, of the first vectors conjugated."""
    if x1.shape[axis] != x2.shape[axis]:
        raise ValueError(f"vecdot: {list(x1.shape)} and {list(x2.shape)} differ along axis {axis}")
    result: Tensor = _linalg.vecdot(x1, x2, dim=axis)
    return result


def vector_norm(x: Tensor, /, *, axis: int | Sequence[int] | None = None, keepdims: bool = False, ord: float = 2) -> Tensor:
    """Norms of vectors along axes."""
    if axis is not None and not isinstance(axis, int) and len(axis) == 0:
        return _C.abs(x)
    result: Tensor = _linalg.vector_norm(x, ord, dim=axis, keepdim=keepdims)
    return result
