"""Tensors that belong to modules."""

from neura import _C


class Parameter(_C.Tensor):
    """A tensor that training changes; assigned to a module's attribute, it becomes one of its parameters."""

    def __new__(cls, data=None, requires_grad=True):
        tensor = _C.empty(0) if data is None else data.detach()
        if requires_grad:
            tensor.requires_grad_()
        return _C._as_type(cls, tensor)

    def __init__(self, data=None, requires_grad=True):
        pass

    def __repr__(self):
        return f"Parameter containing:\n{_C.Tensor.__repr__(self)}"

    def __reduce__(self):
        return _rebuild_parameter, (_C.Tensor.__reduce__(self.detach()), self.requires_grad)


def _rebuild_parameter(reduced, requires_grad):
    rebuild, args = reduced
    return Parameter(rebuild(*args), requires_grad)


class Buffer(_C.Tensor):
    """A tensor that belongs to a module's state and is not trained."""

    def __new__(cls, data, persistent=True):
        return _C._as_type(cls, data.detach())

    def __init__(self, data, persistent=True):
        pass


_C._set_parameter_type(Parameter)
