"""Initial values: each function overwrites its tensor outside of any graph and returns it."""

from neura import _C
from neura._C import Tensor

calculate_gain = _C.nn_init.calculate_gain
uniform_, normal_, constant_ = _C.nn_init.uniform_, _C.nn_init.normal_, _C.nn_init.constant_
xavier_uniform_, xavier_normal_ = _C.nn_init.xavier_uniform_, _C.nn_init.xavier_normal_
kaiming_uniform_, kaiming_normal_ = _C.nn_init.kaiming_uniform_, _C.nn_init.kaiming_normal_
trunc_normal_, orthogonal_, sparse_ = _C.nn_init.trunc_normal_, _C.nn_init.orthogonal_, _C.nn_init.sparse_
eye_, dirac_ = _C.nn_init.eye_, _C.nn_init.dirac_


def zeros_(tensor: Tensor) -> Tensor:
    """Zeros."""
    return constant_(tensor, 0.0)


def ones_(tensor: Tensor) -> Tensor:
    """Ones."""
    return constant_(tensor, 1.0)
