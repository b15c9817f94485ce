"""Tensors that belong to modules."""

from typing import Any

from neura import _C


class Parameter(_C.Tensor):
    """A tensor that training changes; assigned to a module's attribute, it becomes one of its parameters."""

    def __new__(cls, data: _C.Tensor | None = None, requires_grad: bool = True) -> "Parameter":
        if data is not None and not isinstance(data, _C.Tensor):
            raise TypeError(f"Parameter(): argument 'data' must be Tensor, not {type(data).__name__}")
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


class _Uninitialized(_C.Tensor):
    """What a parameter and a buffer have in common that get their shape by the first call of their module."""

    _becomes: Any = None
    _home: tuple[Any, str]  # the module whose call materializes it, and its name there

    @property
    def shape(self) -> Any:
        raise RuntimeError(
            "an uninitialized parameter has no shape yet: call its lazy module once, with an input such as it will get"
        )

    def __deepcopy__(self, memo: Any) -> Any:
        rebuild, arguments = tuple(self.__reduce__())
        return memo.setdefault(id(self), rebuild(*arguments))

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Makes it an ordinary one of this shape, whose elements are not set."""
        home = self.__dict__.pop("_home", None)
        self.__class__ = self._becomes  # from here on it may be used
        trained = self.requires_grad
        self.requires_grad_(False)
        self.data = _C.empty(shape, dtype=self.dtype if dtype is None else dtype)
        self.requires_grad_(trained)
        if home is not None:
            module, name = home
            (module._set_parameter if isinstance(self, Parameter) else module._set_buffer)(name, self)


_C._set_uninitialized_type(_Uninitialized)


def _refuse(self: Any, *others: Any) -> Any:
    raise ValueError(
        "attempted to use an uninitialized parameter: call its lazy module once, with an input such as it will get, before"
        " computing with its parameters"
    )


# Operators do not ask for a type.
for _name in "add sub mul truediv floordiv mod pow matmul and or xor lshift rshift".split():
    for _kind in ("", "r", "i"):
        setattr(_Uninitialized, f"__{_kind}{_name}__", _refuse)
for _name in "neg pos abs invert lt le gt ge len iter getitem setitem float int index bool".split():
    setattr(_Uninitialized, f"__{_name}__", _refuse)


class UninitializedParameter(_Uninitialized, Parameter):
    """A parameter whose shape the first call of its module says."""

    _becomes = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> "UninitializedParameter":
        made = Parameter.__new__(cls, _C.empty(0, dtype=dtype, device="cpu" if device is None else device), requires_grad)
        assert isinstance(made, UninitializedParameter)
        return made

    def __init__(self, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> None:
        pass

    def __repr__(self) -> str:
        return "<UninitializedParameter>"

    def __reduce__(self) -> Any:
        return UninitializedParameter, (self.requires_grad, None, self.dtype)


class UninitializedBuffer(_Uninitialized, Buffer):
    """A buffer whose shape the first call of its module says."""

    _becomes = Buffer

    def __new__(cls, requires_grad: bool = False, device: Any = None, dtype: Any = None) -> "UninitializedBuffer":
        made = Buffer.__new__(cls, _C.empty(0, dtype=dtype, device="cpu" if device is None else device))
        assert isinstance(made, UninitializedBuffer)
        return made

    def __init__(self, requires_grad: bool = False, device: Any = None, dtype: Any = None) -> None:
        pass

    def __repr__(self) -> str:
        return "<UninitializedBuffer>"

    def __reduce__(self) -> Any:
        return UninitializedBuffer, (False, None, self.dtype)
