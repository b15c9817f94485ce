"""Helpers for training."""

from neura import _C


def _with_grads(parameters):
    return [parameters] if isinstance(parameters, _C.Tensor) else list(parameters)


def clip_grad_norm_(parameters, max_norm, norm_type=2.0, error_if_nonfinite=False):
    """Scales all gradients so that their common norm is at most max_norm; returns what it was, a tensor."""
    norm = _C.optim.clip_grad_norm(_with_grads(parameters), max_norm, norm_type, error_if_nonfinite)
    return _C.tensor(norm)


def clip_grad_value_(parameters, clip_value):
    """Brings each element of the gradients into [-clip_value, clip_value]."""
    _C.optim.clip_grad_value(_with_grads(parameters), clip_value)


def parameters_to_vector(parameters):
    """All parameters in one dimension."""
    return _C.cat([parameter.reshape(-1) for parameter in parameters])


def vector_to_parameters(vec, parameters):
    """The reverse of parameters_to_vector()."""
    start = 0
    for parameter in parameters:
        parameter.data = vec[start : start + parameter.numel()].view_as(parameter)
        start += parameter.numel()
