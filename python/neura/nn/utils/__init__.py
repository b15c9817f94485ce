"""Helpers for training."""

from collections.abc import Iterable

from neura import _C
from neura._C import Tensor
from neura.nn.utils import parametrizations, parametrize, rnn
from neura.nn.utils._weights import remove_spectral_norm, remove_weight_norm, spectral_norm, weight_norm
from neura.nn.utils.fusion import fuse_conv_bn_eval, fuse_conv_bn_weights, fuse_linear_bn_eval, fuse_linear_bn_weights
from neura.nn.utils.init import skip_init


def _listed(parameters: Tensor | Iterable[Tensor]) -> list[Tensor]:
    return [parameters] if isinstance(parameters, _C.Tensor) else list(parameters)


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, norm_type: float = 2.0, error_if_nonfinite: bool = False
) -> Tensor:
    """Scales all gradients so that their common norm is at most max_norm; returns what it was, a tensor."""
    norm = _C.optim.clip_grad_norm(_listed(parameters), max_norm, norm_type, error_if_nonfinite)
    return _C.tensor(norm)


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float) -> None:
    """Brings each element of the gradients into [-clip_value, clip_value]."""
    _C.optim.clip_grad_value(_listed(parameters), clip_value)


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All parameters in one dimension."""
    return _C.cat([parameter.reshape(-1) for parameter in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """The reverse of parameters_to_vector()."""
    start = 0
    for parameter in parameters:
        parameter.data = vec[start : start + parameter.numel()].view_as(parameter)
        start += parameter.numel()
