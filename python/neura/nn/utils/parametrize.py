"""Parameters that modules make from others: module.weight is parametrization(original).

What the weight is made from stands in module.parametrizations.weight, as `original`, or `original0`, `original1`... where a
parametrization takes several tensors; so it is in state dicts.
"""

import contextlib
import copy

from collections.abc import Iterator, Sequence
from typing import Any

from neura import _C
from neura._C import Tensor
from neura.autograd import no_grad
from neura.nn.containers import ModuleDict, ModuleList
from neura.nn.module import Module
from neura.nn.parameter import Parameter

_cached = 0  # cached() scopes that are open
_cache: dict[tuple[int, str], Any] = {}


@contextlib.contextmanager
def cached() -> Iterator[None]:
    """While it is open, each parametrized tensor is made once."""
    global _cached
    _cached += 1
    try:
        yield
    finally:
        _cached -= 1
        if _cached == 0:
            _cache.clear()


def _add(module: Module, name: str, tensor: Tensor) -> None:
    if isinstance(tensor, Parameter):
        module.register_parameter(name, tensor)
    else:
        module.register_buffer(name, tensor)


def _as_member(tensor: Tensor, like: Tensor) -> Tensor:
    return Parameter(tensor.detach(), like.requires_grad) if isinstance(like, Parameter) else tensor.detach()


class ParametrizationList(ModuleList):
    """Parametrizations, of which each takes what the one before gives, and the tensors that the first one takes."""

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        if len(modules) == 0:
            raise ValueError("ParametrizationList needs one module or more")
        super().__init__(modules)
        self.unsafe = unsafe
        with no_grad():
            start = self._inverse(original)
        self.is_tensor = isinstance(start, Tensor)
        if isinstance(start, Tensor):
            if start.dtype is not original.dtype:
                raise ValueError(
                    f"right_inverse must keep the dtype of the tensor, {original.dtype!r}, but gives {start.dtype!r}"
                )
            _add(self, "original", original if start is original else _as_member(start, original))
        else:
            if not isinstance(start, Sequence) or not all(isinstance(part, Tensor) for part in start):
                raise ValueError("right_inverse must give a Tensor or a sequence of them")
            self.ntensors = len(start)
            for i, part in enumerate(start):
                _add(self, f"original{i}", _as_member(part, original))
        if not unsafe:
            made = self()
            if not isinstance(made, Tensor):
                raise ValueError(f"a parametrization must give a Tensor, not {type(made).__name__}")
            if made.dtype is not original.dtype or made.shape != original.shape:
                raise ValueError(
                    f"a parametrization must keep dtype and shape, {original.dtype!r} {tuple(original.shape)}, but gives"
                    f" {made.dtype!r} {tuple(made.shape)}; unsafe=True allows that"
                )

    def _inverse(self, value: Any) -> Any:
        for module in reversed(list(self)):
            if not hasattr(module, "right_inverse"):
                continue
            try:
                value = module.right_inverse(value)
            except NotImplementedError:
                pass
        return value

    def _originals(self) -> list[Tensor]:
        if self.is_tensor:
            return [self.original]
        return [getattr(self, f"original{i}") for i in range(self.ntensors)]

    def right_inverse(self, value: Tensor) -> None:
        """Changes the originals so that the parametrized tensor becomes `value`."""
        with no_grad():
            for module in self:
                if not hasattr(module, "right_inverse"):
                    raise RuntimeError(
                        f"{type(module).__name__} has no right_inverse(), so the parametrized tensor cannot be assigned"
                    )
            parts = self._inverse(value)
            for original, part in zip(self._originals(), [parts] if self.is_tensor else parts):
                if part.shape != original.shape:
                    raise ValueError(f"right_inverse gives {tuple(part.shape)} for an original {tuple(original.shape)}")
                original.copy_(part)

    def forward(self) -> Any:
        first, *rest = self
        value = first(*self._originals())
        for module in rest:
            value = module(value)
        return value


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether the module, or that tensor of it, has parametrizations."""
    parametrizations = module._modules.get("parametrizations")
    if not isinstance(parametrizations, ModuleDict):
        return False
    return len(parametrizations) > 0 if tensor_name is None else tensor_name in parametrizations


def type_before_parametrizations(module: Module) -> type[Module]:
    """The class that the module had."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def _made(module: Any, name: str) -> Any:
    if not _cached:
        return module.parametrizations[name]()
    key = (id(module), name)
    if key not in _cache:
        _cache[key] = module.parametrizations[name]()
    return _cache[key]


def _subclass(cls: Any) -> type[Module]:
    """The class of a parametrized module: properties are added to it."""

    def set_attribute(self: Module, name: str, value: Any) -> None:
        if isinstance(value, Tensor) and is_parametrized(self, name):
            self.parametrizations[name].right_inverse(value)
        else:
            cls.__setattr__(self, name, value)

    def forward(self: Module, *args: Any, **kwargs: Any) -> Any:
        for name in self._taken():  # what the layer of C++ reads
            self._put_taken(name, getattr(self, name))
        return cls.forward(self, *args, **kwargs)

    def deep_copy(self: Module, memo: dict[int, Any]) -> Module:
        rebuild, parts = Module.__reduce__(self)
        made: Module = rebuild(*copy.deepcopy(parts, memo))
        return made

    def reduce(self: Module) -> Any:
        raise RuntimeError("a parametrized module is saved by its state_dict() only")

    members = {"__setattr__": set_attribute, "__deepcopy__": deep_copy, "__reduce__": reduce, "__module__": __name__}
    if issubclass(cls, tuple(_LAYERS)):
        members["forward"] = forward
    return type(f"Parametrized{cls.__name__}", (cls,), members)


_LAYERS = [getattr(_C, name) for scope, name, *_ in _C._bound_classes() if scope == "nn"]


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Makes a parameter or buffer what `parametrization` makes of it. Where the parametrization has a right_inverse(), the
    value stays and the tensor becomes what that gives; with `unsafe`, shape and dtype may change."""
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        listed = module.parametrizations[tensor_name]
        value = getattr(module, tensor_name)
        made = parametrization(value)
        if not unsafe and (made.shape != value.shape or made.dtype is not value.dtype):
            raise ValueError(
                f"a parametrization must keep dtype and shape, {value.dtype!r} {tuple(value.shape)}, but gives"
                f" {made.dtype!r} {tuple(made.shape)}; unsafe=True allows that"
            )
        if hasattr(parametrization, "right_inverse"):
            with no_grad():
                parts = parametrization.right_inverse(value)
            if not isinstance(parts, Tensor):
                raise ValueError("a right_inverse() of several tensors is for the first parametrization")
            listed.right_inverse(parts)
        listed.append(parametrization)
        listed.unsafe |= unsafe
    elif tensor_name in module._parameters or tensor_name in module._buffers:
        original = getattr(module, tensor_name)
        listed = ParametrizationList([parametrization], original, unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            module.__class__ = _subclass(type(module))
            module.parametrizations = ModuleDict()
        setattr(type(module), tensor_name, property(lambda self: _made(self, tensor_name)))
        module.parametrizations[tensor_name] = listed
    else:
        raise ValueError(f"module {module!r} has no parameter or buffer '{tensor_name}'")
    return module


def remove_parametrizations(module: Module, tensor_name: str, leave_parametrized: bool = True) -> Module:
    """Makes the tensor a plain member again, with the value that it has, or else the original's."""
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"module {module!r} has no parametrization of '{tensor_name}'")
    listed = module.parametrizations[tensor_name]
    originals = listed._originals()
    if not leave_parametrized and not listed.is_tensor:
        raise ValueError("leave_parametrized=False is for a parametrization of one tensor")
    with no_grad():
        value = getattr(module, tensor_name) if leave_parametrized else originals[0]
    member = originals[0]
    if leave_parametrized:
        if member.shape == value.shape and member.dtype is value.dtype and listed.is_tensor:
            with no_grad():
                member.copy_(value)
        else:
            member = _as_member(value, member)
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    if not is_parametrized(module):
        delattr(module, "parametrizations")
        module.__class__ = type(module).__bases__[0]
    _add(module, tensor_name, member)
    return module
