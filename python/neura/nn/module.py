"""neura.nn.Module: the class of C++, with what Python users expect of it."""

import collections
import itertools

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar

from neura import _C
from neura._C import Tensor
from neura.nn.parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter

Module = _C.Module
Self = TypeVar("Self", bound=Module)
# Where a module keeps its hooks, in its attributes.
_HOOKS = ("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks")


class RemovableHandle:
    """Takes a hook away again: handle.remove()."""

    _ids = itertools.count()

    def __init__(self, hooks: dict[int, Any]) -> None:
        self._hooks = hooks
        self.id = next(RemovableHandle._ids)

    def remove(self) -> None:
        if self._hooks.pop(self.id, None) is not None:
            _C._count_hooks(-1)

    def __enter__(self) -> "RemovableHandle":
        return self

    def __exit__(self, *exception: Any) -> None:
        self.remove()


def _method(function: Callable[..., Any]) -> Callable[..., Any]:
    setattr(Module, function.__name__, function)
    return function


# ---- members ---------------------------------------------------------------------------------


def _of_kind(self: Module, kind: str) -> list[tuple[str, Any]]:
    return [(name, value) for k, name, value in self._members() if k == kind]


@_method
def __setattr__(self: Module, name: str, value: Any) -> None:
    if isinstance(value, Parameter):
        self.__dict__.pop(name, None)
        self._set_parameter(name, value)
    elif isinstance(value, Module):
        self.__dict__.pop(name, None)
        self._set_module(name, value)
    elif isinstance(value, Buffer):
        self.register_buffer(name, value)
    elif value is None or isinstance(value, _C.Tensor):
        kind = next((k for k, n, _ in self._members() if n == name), None)
        if kind == "buffer":
            self._set_buffer(name, value)
        elif kind == "parameter" and value is None:
            self._set_parameter(name, None)
        elif self._put_taken(name, value):
            pass
        elif kind is not None:
            raise TypeError(f"cannot assign a {type(value).__name__} to the {kind} '{name}'; wrap it in nn.Parameter")
        else:
            _set_attribute(self, name, value)
    else:
        _set_attribute(self, name, value)


def _set_attribute(self: Module, name: str, value: Any) -> None:
    # The options of a layer of C++ stay where it reads them.
    if not self._set_option(name, value):
        object.__setattr__(self, name, value)


@_method
def __delattr__(self: Module, name: str) -> None:
    if not self._delete_member(name):
        object.__delattr__(self, name)


@_method
def __dir__(self: Module) -> list[str]:
    return sorted({*object.__dir__(self), *(name for _, name, _ in self._members())})


@_method
def register_parameter(self: Module, name: str, param: Parameter | None) -> None:
    """Adds a parameter; None for one that is absent."""
    _check_name(self, "parameter", name)
    if param is not None and not isinstance(param, Parameter):
        raise TypeError(f"parameter '{name}' must be an nn.Parameter or None, not {type(param).__name__}")
    self._set_parameter(name, param)


@_method
def register_buffer(self: Module, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
    """Adds a tensor that belongs to the state and is not trained."""
    _check_name(self, "buffer", name)
    if tensor is not None and not isinstance(tensor, Tensor):
        raise TypeError(f"buffer '{name}' must be a Tensor or None, not {type(tensor).__name__}")
    self._set_buffer(name, tensor)
    if not persistent:
        self.__dict__.setdefault("_non_persistent", set()).add(name)


@_method
def add_module(self: Module, name: str, module: Module) -> None:
    """Adds a child module."""
    _check_name(self, "module", name)
    self._set_module(name, module)


def _check_name(self: Module, kind: str, name: str) -> None:
    """That a member of a kind may have a name: one of its own kind is replaced, nothing else."""
    if not isinstance(name, str):
        raise TypeError(f"{kind} name should be a string, not {type(name).__name__}")
    if "." in name:
        raise KeyError(f"{kind} name can't contain \".\", got {name!r}")
    if name == "":
        raise KeyError(f'{kind} name can\'t be empty string ""')
    # What was taken from a layer of C++ may come back.
    if hasattr(self, name) and name not in (n for k, n, _ in self._members() if k == kind) and name not in self._taken():
        raise KeyError(f"attribute '{name}' already exists")


class _Members(dict[str, Any]):
    """The members of one kind; changes are those of the module."""

    def __init__(self, owner: Module, kind: str) -> None:
        super().__init__(_of_kind(owner, kind))
        self._owner, self._kind = owner, kind

    def __setitem__(self, name: str, value: Any) -> None:
        getattr(self._owner, f"_set_{self._kind}")(name, value)
        super().__setitem__(name, value)

    def __delitem__(self, name: str) -> None:
        super().__delitem__(name)
        self._owner._delete_member(name)

    def pop(self, name: str, *default: Any) -> Any:
        if name not in self:
            return super().pop(name, *default)
        value = self[name]
        del self[name]
        return value


setattr(Module, "register_module", add_module)
setattr(Module, "_parameters", property(lambda self: _Members(self, "parameter")))
setattr(Module, "_buffers", property(lambda self: _Members(self, "buffer")))
setattr(Module, "_modules", property(lambda self: _Members(self, "module")))


# ---- walking ---------------------------------------------------------------------------------


@_method
def named_children(self: Module) -> Iterator[tuple[str, Module]]:
    """(name, module) of the direct children."""
    yield from _of_kind(self, "module")


@_method
def children(self: Module) -> Iterator[Module]:
    """The direct children."""
    return (module for _, module in self.named_children())


def _walk(self: Module, prefix: str = "", memo: set[int] | None = None) -> Iterator[tuple[int, str, Module]]:
    """(depth, name, module) of this module and all below, parents first; with a memo, each once.

    Without recursion, however deep they are nested.
    """
    levels: list[tuple[Module, int, Iterator[tuple[str, Module]]]] = []  # module, length of its name, children
    inside: set[int] = set()  # the modules of `levels`
    name, module = prefix, self
    while True:
        if memo is None and id(module) in inside:
            raise RecursionError(f"{module._get_name()} contains itself, as '{name}'")
        if memo is None or id(module) not in memo:
            if memo is not None:
                memo.add(id(module))
            yield len(levels), name, module
            inside.add(id(module))
            levels.append((module, len(name), module.named_children()))
        following = None
        while levels and (following := next(levels[-1][2], None)) is None:
            inside.discard(id(levels.pop()[0]))
        if following is None:
            return
        length, (own, module) = levels[-1][1], following
        name = f"{name[:length]}.{own}" if length else own


@_method
def named_modules(
    self: Module, memo: set[int] | None = None, prefix: str = "", remove_duplicate: bool = True
) -> Iterator[tuple[str, Module]]:
    """(name, module) of this module and all below, each once."""
    memo = set() if memo is None else memo
    return ((name, module) for _, name, module in _walk(self, prefix, memo if remove_duplicate else None))


@_method
def modules(self: Module) -> Iterator[Module]:
    """This module and all below, each once."""
    return (module for _, module in self.named_modules())


def _named_tensors(
    self: Module, kind: str, prefix: str, recurse: bool, remove_duplicate: bool
) -> Iterator[tuple[str, Any]]:
    seen = set()
    for path, module in self.named_modules(prefix=prefix) if recurse else [(prefix, self)]:
        for name, tensor in _of_kind(module, kind):
            if tensor is None or (remove_duplicate and tensor in seen):
                continue
            seen.add(tensor)
            yield (f"{path}.{name}" if path else name), tensor


@_method
def named_parameters(
    self: Module, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
) -> Iterator[tuple[str, Parameter]]:
    """(name, parameter), each once: "fc.weight", ..."""
    return _named_tensors(self, "parameter", prefix, recurse, remove_duplicate)


@_method
def parameters(self: Module, recurse: bool = True) -> Iterator[Parameter]:
    """The parameters, each once."""
    return (parameter for _, parameter in self.named_parameters(recurse=recurse))


@_method
def named_buffers(
    self: Module, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
) -> Iterator[tuple[str, Tensor]]:
    """(name, buffer), each once."""
    return _named_tensors(self, "buffer", prefix, recurse, remove_duplicate)


@_method
def buffers(self: Module, recurse: bool = True) -> Iterator[Tensor]:
    """The buffers, each once."""
    return (buffer for _, buffer in self.named_buffers(recurse=recurse))


def _get(self: Module, path: str) -> Any:
    value = self
    for part in path.split(".") if path else ():
        value = getattr(value, part)
    return value


@_method
def get_submodule(self: Module, target: str) -> Module:
    """The module of a path such as "encoder.layers.2"."""
    module = _get(self, target)
    if not isinstance(module, Module):
        raise AttributeError(f"'{target}' is no module")
    return module


@_method
def get_parameter(self: Module, target: str) -> Parameter:
    """The parameter of a path such as "fc.weight"."""
    parameter: Parameter = _get(self, target)
    return parameter


@_method
def get_buffer(self: Module, target: str) -> Tensor:
    """The buffer of a path such as "norm.running_mean"."""
    buffer: Tensor = _get(self, target)
    return buffer


@_method
def apply(self: Self, fn: Callable[[Module], Any]) -> Self:
    """Calls fn with this module and all below, children first; returns the module."""
    open_: list[Module] = []  # whose children have not all been seen
    for depth, _, module in _walk(self):
        while len(open_) > depth:
            fn(open_.pop())
        open_.append(module)
    while open_:
        fn(open_.pop())
    return self


# ---- state -----------------------------------------------------------------------------------

class IncompatibleKeys(collections.namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])):
    """What load_state_dict() did not find, and did not know."""

    __slots__ = ()

    def __repr__(self) -> str:
        return super().__repr__() if any(self) else "<All keys matched successfully>"

    __str__ = __repr__


_EXTRA = "_extra_state"


@_method
def get_extra_state(self: Module) -> Any:
    """What a state dict holds of a module beside its tensors, under "_extra_state"; a class that has this has set_extra_state(), too."""
    raise RuntimeError(f"{type(self).__name__} has no get_extra_state()")


@_method
def set_extra_state(self: Module, state: Any) -> None:
    """Takes what get_extra_state() gave; called by load_state_dict()."""
    raise RuntimeError(f"{type(self).__name__} has no set_extra_state()")


def _has_own(module: Module, method: str) -> bool:
    return getattr(type(module), method) is not getattr(Module, method)


@_method
def state_dict(self: Module, prefix: str = "", keep_vars: bool = False) -> dict[str, Any]:
    """Parameters and buffers by their paths, which share memory with the module, and what get_extra_state() gives."""
    state: dict[str, Any] = collections.OrderedDict()
    for path, module in self.named_modules(prefix=prefix.rstrip("."), remove_duplicate=False):
        start = f"{path}." if path else ""
        hidden = module.__dict__.get("_non_persistent", ())
        for kind, name, value in module._members():
            if kind != "module" and value is not None and name not in hidden:
                as_it_is = keep_vars or isinstance(value, (UninitializedParameter, UninitializedBuffer))
                state[start + name] = value if as_it_is else value.detach()
        if _has_own(module, "get_extra_state"):
            state[start + _EXTRA] = module.get_extra_state()
    return state


@_method
def load_state_dict(self: Module, state_dict: Mapping[str, Any], strict: bool = True) -> Any:
    """Copies values into the module; with strict, every name must have its counterpart. Tensors of other libraries that speak
    DLPack, such as PyTorch's, are taken, too."""
    if not isinstance(state_dict, Mapping):
        raise TypeError(f"load_state_dict(): expected a dict of tensors, not {type(state_dict).__name__}")
    given = dict(state_dict)
    extra: list[tuple[Module, Any]] = []
    missing_extra: list[str] = []
    for path, module in self.named_modules(remove_duplicate=False):
        start = f"{path}." if path else ""
        if _has_own(module, "set_extra_state"):
            if start + _EXTRA in given:
                extra.append((module, given.pop(start + _EXTRA)))
            else:
                missing_extra.append(start + _EXTRA)
        if hasattr(module, "_start_for"):  # a lazy one
            module._start_for(given, start)
        for name in module.__dict__.get("_non_persistent", ()):
            # What is not saved stays as it is.
            given.setdefault(start + name, getattr(module, name))
    for name, value in given.items():
        if not isinstance(value, Tensor) and hasattr(value, "__dlpack__"):
            given[name] = _C.from_dlpack(value.detach() if hasattr(value, "detach") else value)
    # Something that no module takes is unexpected, whatever it is.
    others = [name for name in given if name.rpartition(".")[2] == _EXTRA]
    for name in others:
        del given[name]
    if strict and (missing_extra or others):
        told = [f"missing: {', '.join(missing_extra)}"] if missing_extra else []
        told += [f"unexpected: {', '.join(others)}"] if others else []
        raise RuntimeError(f"load_state_dict(): the state dict does not fit {type(self).__name__}: {'; '.join(told)}")
    missing, unexpected = self._load_state_dict(given, strict)
    for module, state in extra:
        module.set_extra_state(state)
    return IncompatibleKeys(missing + missing_extra, unexpected + others)


@_method
def train(self: Self, mode: bool = True) -> Self:
    """Training behaviour, here and in all modules below; returns the module."""
    waiting: list[Module] = [self]
    seen = {id(self)}
    while waiting:
        module = waiting.pop()
        if module is not self and type(module).train is not train:
            module.train(mode)
            continue
        module.training = bool(mode)
        for child in module.children():
            if id(child) not in seen:
                seen.add(id(child))
                waiting.append(child)
    return self


@_method
def eval(self: Self) -> Self:
    """Evaluation behaviour, here and in all modules below; returns the module."""
    self.train(False)
    return self


@_method
def requires_grad_(self: Self, requires_grad: bool = True) -> Self:
    """Freezes or thaws all parameters; returns the module."""
    for parameter in self.parameters():
        parameter.requires_grad_(requires_grad)
    return self


def zeroed(grad: Tensor) -> Tensor:
    """A gradient that is set to 0 in its memory; one without values in the place of a sparse one."""
    if grad.is_sparse:
        return _C.sparse_coo_tensor(grad._indices()[:, :0], grad._values()[:0], grad.shape)
    return grad.detach().zero_()


@_method
def zero_grad(self: Module, set_to_none: bool = True) -> None:
    """Clears the gradients of all parameters."""
    for parameter in self.parameters():
        if set_to_none or parameter.grad is None:
            parameter.grad = None
        else:
            parameter.grad = zeroed(parameter.grad)


@_method
def to(self: Self, *args: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False, memory_format: Any = None) -> Self:
    """to(device), to(dtype), to(device, dtype) or to(tensor), whose device and dtype are taken: moves parameters and buffers, and
    converts those of floating point; returns the module."""
    for arg in args:
        if isinstance(arg, _C.dtype):
            dtype = arg
        elif isinstance(arg, Tensor):
            dtype, device = arg.dtype, arg.device
        elif not isinstance(arg, bool) and arg is not None:
            device = arg
    if dtype is not None and not dtype.is_floating_point:
        raise TypeError(f"Module.to() only accepts floating point dtypes, but got desired dtype={dtype}")
    if device is not None:
        self._to_device(device)
    if dtype is not None:
        self._to_dtype(dtype)
    return self


@_method
def _apply(self: Self, fn: Callable[[Tensor], Tensor]) -> Self:
    """Puts fn(tensor) in the place of each parameter and buffer; what shares a tensor shares the result."""
    self._convert(fn)
    return self


@_method
def to_empty(self: Self, *, device: Any) -> Self:
    """Gives parameters and buffers new memory on a device, whose elements are not set."""
    self._convert(lambda tensor: _C.empty(tensor.shape, dtype=tensor.dtype, device=device))
    return self


def _type(self: Self, dst_type: Any) -> Self:
    """Converts all parameters and buffers, those of integers, too, to a dtype; returns the module."""
    self._convert(lambda tensor: tensor.type(dst_type))
    return self


# By its name here it would stand in the way of Python's own.
_type.__name__ = "type"
_method(_type)


@_method
def cuda(self: Self, device: Any = None) -> Self:
    """Moves to a GPU; an error where there is none."""
    if device is None or isinstance(device, int):
        device = "cuda" if device is None else f"cuda:{device}"
    return self.to(device)


@_method
def float(self: Self) -> Self:
    """Converts to float32."""
    self.to(_C.float32)
    return self


@_method
def double(self: Self) -> Self:
    """Converts to float64."""
    self.to(_C.float64)
    return self


@_method
def half(self: Self) -> Self:
    """Converts to float16."""
    self.to(_C.float16)
    return self


@_method
def bfloat16(self: Self) -> Self:
    """Converts to bfloat16."""
    self.to(_C.bfloat16)
    return self


@_method
def cpu(self: Self) -> Self:
    """Moves to the CPU."""
    return self.to("cpu")


# ---- printing and copying --------------------------------------------------------------------


@_method
def extra_repr(self: Module) -> str:
    """What stands in the brackets after the type's name."""
    shown: str = self._shown_options()
    return shown


@_method
def _get_name(self: Module) -> str:
    return type(self).__name__


@_method
def __repr__(self: Module) -> str:
    lines = [line for line in self.extra_repr().split("\n") if line]
    children = []
    for name, child in self.named_children():
        children.append(f"({name}): " + repr(child).replace("\n", "\n  "))
    if not children and len(lines) <= 1:
        return f"{self._get_name()}({''.join(lines)})"
    return "\n  ".join([f"{self._get_name()}(", *lines, *children]) + "\n)"


def _rebuild(
    cls: type[Module],
    options: dict[str, Any],
    attributes: dict[str, Any],
    members: list[Any],
    training: bool,
    taken: Mapping[str, Any] = {},
) -> Module:
    """A module from its parts; the generator is left as it was."""
    module = cls.__new__(cls)
    base = next(c for c in cls.__mro__ if c.__module__ == Module.__module__)
    state = _C.default_generator.get_state()
    base.__init__(module, **options)  # type: ignore[misc]
    _C.default_generator.set_state(state)
    module.__dict__.update(attributes)
    _C._count_hooks(sum(len(attributes.get(kind, ())) for kind in _HOOKS))
    for name, value in taken.items():
        module._delete_member(name)
        module._put_taken(name, value)
    for kind, name, value in members:
        getattr(module, f"_set_{kind}")(name, value)
    module.training = training
    return module


@_method
def __reduce__(self: Module) -> Any:
    taken = {name: None if value is None else value.detach() for name, value in self._taken().items()}
    return _rebuild, (type(self), self._options(), dict(self.__dict__), self._members(), self.training, taken)
