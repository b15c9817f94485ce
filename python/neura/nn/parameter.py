"""Tensors that belong to modules."""

from typing import Any

from neura import _C


class Parameter(_C.Tensor):
    """A tensor that training changes; assigned to a module's attribute, it becomes one of its parameters."""

    def __new__(cls, data: _C.Tensor | None = None, requires_grad: bool = True) -> "Parameter":
        tensor = _C.empty(0) if data is None else data.detach()
        if requires_grad:
            tensor.requires_grad_()
        parameter: Parameter = _C._as_type(cls, tensor)
        return parameter

    def __init__(self, data: _C.Tensor | None = None, requires_grad: bool = True) -> None:
        pass

    def __repr__(self) -> str:
        return f"Parameter containing:\n{_C.Tensor.__repr__(self)}"

    def __reduce__(self) -> Any:
        return _rebuild_parameter, (_C.Tensor.__reduce__(self.detach()), self.requires_grad)


def _rebuild_parameter(reduced: Any, requires_grad: bool) -> Parameter:
    rebuild, args = reduced
    return Parameter(rebuild(*args), requires_grad)


class Buffer(_C.Tensor):
    """A tensor that belongs to a module's state and is not trained."""

    def __new__(cls, data: _C.Tensor, persistent: bool = True) -> "Buffer":
        buffer: Buffer = _C._as_type(cls, data.detach())
        return buffer

    def __init__(self, data: _C.Tensor, persistent: bool = True) -> None:
        pass


_C._set_parameter_type(Parameter)
