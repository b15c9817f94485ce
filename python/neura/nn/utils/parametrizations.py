"""Parametrizations of weights: orthogonal matrices, spectral and weight normalization."""

from typing import Any

from neura import _C
from neura._C import Tensor
from neura.autograd import no_grad
from neura.nn.module import Module
from neura.nn.utils._weights import start_vectors
from neura.nn.utils.parametrize import register_parametrization

_LINALG = _C._namespaces["linalg"]

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


class _WeightNorm(Module):
    def __init__(self, dim: int | None) -> None:
        super().__init__()
        self.dim = None if dim is None or dim == -1 else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Any:
        return _C.nn_weights.weight_norm(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return _C.nn_weights.norm_except_dim(weight, self.dim), weight


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """The weight as original0 * original1 / |original1|, with norms over all dimensions but dim. Salimans and Kingma, 2016
    (arXiv:1602.07868)."""
    return register_parametrization(module, name, _WeightNorm(dim), unsafe=True)


class _SpectralNorm(Module):
    def __init__(self, weight: Tensor, n_power_iterations: int, dim: int, eps: float) -> None:
        super().__init__()
        if not -weight.ndim <= dim < weight.ndim:
            raise IndexError(f"spectral_norm: dim = {dim} is none of the {weight.ndim} dimensions of the weight")
        if n_power_iterations <= 0:
            raise ValueError(f"spectral_norm: n_power_iterations must be positive, not {n_power_iterations}")
        self.dim = dim if dim >= 0 else dim + weight.ndim
        self.n_power_iterations = n_power_iterations
        self.eps = eps
        if weight.ndim > 1:
            u, v = start_vectors(weight.detach(), self.dim, eps)
            self.register_buffer("_u", u)
            self.register_buffer("_v", v)
            with no_grad():
                self._normed(weight.detach(), 15)

    def _normed(self, weight: Tensor, iterations: int) -> Any:
        if weight.ndim == 1:
            return _C.nn_weights.spectral_norm(weight, weight, weight, 0, self.eps)
        return _C.nn_weights.spectral_norm(weight, self._u, self._v, iterations, self.eps, self.dim, True)

    def forward(self, weight: Tensor) -> Any:
        return self._normed(weight, self.n_power_iterations if self.training else 0)

    def right_inverse(self, value: Tensor) -> Tensor:
        return value


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """The weight over its greatest singular value, by the power method. Miyato et al., 2018 (arXiv:1802.05957)."""
    if dim is None:
        dim = 1 if isinstance(module, (_C.ConvTranspose1d, _C.ConvTranspose2d, _C.ConvTranspose3d)) else 0
    parametrization = _SpectralNorm(getattr(module, name), n_power_iterations, dim, eps)
    return register_parametrization(module, name, parametrization)


def _reflections(a: Tensor) -> Tensor:
    """The product of Householder reflections whose vectors stand below the diagonal."""
    tau = 2.0 / (1.0 + (a * a).sum(-2))
    product: Tensor = _LINALG.householder_product(a, tau)
    return product


def _as_reflections(q: Tensor) -> Tensor:
    """The inverse of _reflections(), and on the diagonal the signs of its columns."""
    a, tau = _C.geqrf(q)
    signs = a.diagonal(0, -2, -1).sign()
    # A reflection without a vector turns its column around.
    a = a.tril(-1)
    a.diagonal(0, -2, -1).copy_(_C.where(tau == 0, -signs, signs))
    return a


def _q_factor(a: Tensor) -> Tensor:
    """The orthogonal factor of a QR decomposition whose triangle has a positive diagonal."""
    q, r = _LINALG.qr(a)
    signs = r.diagonal(0, -2, -1).sign()
    return q * (signs + (signs == 0)).unsqueeze(-2)  # type: ignore[no-any-return]


class _Orthogonal(Module):
    """Orthogonal matrices from any ones. Lezcano-Casado and Martinez-Rubio, 2019 (arXiv:1901.08428); with a base, around
    which they turn, Lezcano-Casado, 2019 (arXiv:1909.09501)."""

    def __init__(self, map: str, use_trivialization: bool) -> None:
        super().__init__()
        self.map = map
        if use_trivialization:
            self.register_buffer("base", None)

    def forward(self, X: Tensor) -> Any:
        wide = X.shape[-2] < X.shape[-1]
        x = X.mT if wide else X
        n, k = x.shape[-2:]
        if self.map == "householder":
            q = _reflections(x.tril(-1)) * x.diagonal(0, -2, -1).sign().unsqueeze(-2)
        else:
            low = x.tril()
            if n != k:
                low = _C.cat([low, low.new_zeros(*low.shape[:-2], n, n - k)], -1)
            a = low - low.mT  # skew-symmetric
            if self.map == "matrix_exp":
                q = _LINALG.matrix_exp(a)
            else:
                eye = _C.eye(n, dtype=a.dtype)
                q = _LINALG.solve(eye - 0.5 * a, eye + 0.5 * a)
            q = q[..., :k]
        base = getattr(self, "base", None)
        if base is not None:
            q = base @ q
        return q.mT if wide else q

    @property
    def _turns(self) -> bool:
        return "base" in self._buffers

    def right_inverse(self, Q: Tensor) -> Tensor:
        wide = Q.shape[-2] < Q.shape[-1]
        q = Q.mT if wide else Q
        n, k = q.shape[-2:]
        if not self._turns:
            if self.map != "householder":
                raise NotImplementedError(f"the map '{self.map}' has no inverse without trivialization")
            made = _as_reflections(q)
            return made.mT.contiguous() if wide else made
        # What the base is, is given by the value; the original then stands for no turn.
        if n != k:
            base = _q_factor(_C.cat([q, q.new_empty(*q.shape[:-2], n, n - k).normal_()], -1))
        else:
            eye = _C.eye(n, dtype=q.dtype)
            close = bool(((q.mT @ q - eye).abs() < 10 * n * _C.finfo(q.dtype).eps).all())
            base = q.clone() if close else _q_factor(q)
        self.base = base
        original = _C.zeros_like(q)
        original.diagonal(0, -2, -1).fill_(-1.0)
        return original.mT.contiguous() if wide else original


def orthogonal(
    module: Module, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True
) -> Module:
    """Orthogonal rows or columns, whichever there are fewer of, by the map 'matrix_exp', 'cayley' or 'householder'."""
    weight = getattr(module, name)
    if weight.ndim < 2:
        raise ValueError(f"orthogonal: expected a matrix or a batch of them, got {weight.ndim} dimensions")
    if orthogonal_map is None:
        square = weight.shape[-2] == weight.shape[-1]
        orthogonal_map = "matrix_exp" if square else "householder"
    if orthogonal_map not in ("matrix_exp", "cayley", "householder"):
        raise ValueError(
            f"orthogonal: orthogonal_map must be 'matrix_exp', 'cayley' or 'householder', not '{orthogonal_map}'"
        )
    return register_parametrization(module, name, _Orthogonal(orthogonal_map, use_trivialization), unsafe=True)
