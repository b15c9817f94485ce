"""Helpers for training."""

from collections.abc import Iterable

from neura import _C
from neura._C import Tensor
from neura.nn.utils import parametrizations, parametrize, rnn
from neura.nn.utils._weights import remove_spectral_norm, remove_weight_norm, spectral_norm, weight_norm
from neura.nn.utils.fusion import fuse_conv_bn_eval, fuse_conv_bn_weights, fuse_linear_bn_eval, fuse_linear_bn_weights
from neura.nn.utils.init import skip_init


def _listed(name: str, tensors: Tensor | Iterable[Tensor]) -> list[Tensor]:
    if isinstance(tensors, _C.Tensor):
        return [tensors]
    if not isinstance(tensors, Iterable):
        advice = "; give its parameters()" if isinstance(tensors, _C.Module) else ""
        raise TypeError(f"{name}() takes a tensor or an iterable of tensors, not {type(tensors).__name__}{advice}")
    listed = list(tensors)
    for tensor in listed:
        if not isinstance(tensor, _C.Tensor):
            raise TypeError(f"{name}() takes tensors, not {type(tensor).__name__}")
    return listed


def get_total_norm(
    tensors: Tensor | Iterable[Tensor], norm_type: float = 2.0, error_if_nonfinite: bool = False, foreach: bool | None = None
) -> Tensor:
    """The norm of all tensors together, of any order, infinity among them."""
    return _C.tensor(_C.optim.get_total_norm(_listed("get_total_norm", tensors), float(norm_type), error_if_nonfinite))


def clip_grads_with_norm_(
    parameters: Tensor | Iterable[Tensor], max_norm: float, total_norm: Tensor | float, foreach: bool | None = None
) -> None:
    """Scales all gradients, whose common norm is known, so that it is at most max_norm."""
    _C.optim.clip_grads_with_norm(_listed("clip_grads_with_norm_", parameters), float(max_norm), float(total_norm))


def clip_grad_norm_(
    parameters: Tensor | Iterable[Tensor],
    max_norm: float,
    norm_type: float = 2.0,
    error_if_nonfinite: bool = False,
    foreach: bool | None = None,
) -> Tensor:
    """Scales all gradients so that their common norm is at most max_norm; returns what it was, a tensor."""
    listed = _listed("clip_grad_norm_", parameters)
    return _C.tensor(_C.optim.clip_grad_norm(listed, float(max_norm), float(norm_type), error_if_nonfinite))


def clip_grad_value_(parameters: Tensor | Iterable[Tensor], clip_value: float, foreach: bool | None = None) -> None:
    """Brings each element of the gradients into [-clip_value, clip_value]."""
    _C.optim.clip_grad_value(_listed("clip_grad_value_", parameters), float(clip_value))


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All parameters in one dimension."""
    return _C.cat([parameter.reshape(-1) for parameter in _listed("parameters_to_vector", parameters)])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """The reverse of parameters_to_vector()."""
    start = 0
    for parameter in _listed("vector_to_parameters", parameters):
        parameter.data = vec[start : start + parameter.numel()].view_as(parameter)
        start += parameter.numel()
