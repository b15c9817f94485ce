"""Modules that hold modules."""

import collections
import enum
import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from neura._C import Tensor
from neura.nn.module import Module
from neura.nn.parameter import Parameter


_Self = TypeVar("_Self", bound="_Row")


class _Row(Module):
    """What Sequential and ModuleList have in common: modules in a row, named by their places."""

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._modules.values())

    def _name_of(self, index: int) -> str:
        return list(self._modules)[operator.index(index)]

    def _replace(self, modules: list[Module]) -> None:
        for name in self._modules:
            delattr(self, name)
        self.extend(modules)

    def __setitem__(self, index: int, module: Module) -> None:
        self._set_module(self._name_of(index), module)

    def __delitem__(self, index: Any) -> None:
        modules = list(self)
        del modules[index]
        self._replace(modules)

    def append(self: _Self, module: Module) -> _Self:
        self.add_module(str(len(self)), module)
        return self

    def extend(self: _Self, modules: Iterable[Module]) -> _Self:
        for module in modules:
            self.append(module)
        return self

    def insert(self, index: int, module: Module) -> None:
        modules = list(self)
        modules.insert(index, module)
        self._replace(modules)

    def pop(self, index: int) -> Any:
        module = list(self)[index]
        del self[index]
        return module


class Sequential(_Row):
    """Modules in a row: Sequential(Linear(4, 8), ReLU()), or an ordered dict of them."""

    def __init__(self, *args: Any) -> None:
        super().__init__()
        named = len(args) == 1 and isinstance(args[0], dict)
        for name, module in args[0].items() if named else enumerate(args):
            self.add_module(str(name), module)

    def __call__(self, input: Any) -> Tensor:
        return super().__call__(input)  # type: ignore[no-any-return]

    def forward(self, input: Any) -> Any:
        for module in self.children():
            input = module(input)
        return input

    def __getitem__(self, index: Any) -> Any:
        modules = list(self._modules.items())[index]
        return Sequential(dict(modules)) if isinstance(index, slice) else modules[1]


class ModuleList(_Row):
    """A list of modules."""

    def __init__(self, modules: Iterable[Module] = ()) -> None:
        super().__init__()
        self.extend(modules)

    def __getitem__(self, index: Any) -> Any:
        modules = list(self._modules.values())[index]
        return ModuleList(modules) if isinstance(index, slice) else modules

    def __add__(self, other: Iterable[Module]) -> "ModuleList":
        return ModuleList([*self, *other])


class ModuleDict(Module):
    """A dict of modules."""

    def __init__(self, modules: Mapping[str, Module] | None = None) -> None:
        super().__init__()
        self.update(modules or {})

    def __len__(self) -> int:
        return len(self._modules)

    def __iter__(self) -> Iterator[str]:
        return iter(self._modules)

    def __contains__(self, key: object) -> bool:
        return key in self._modules

    def __getitem__(self, key: str) -> Any:
        return self._modules[key]

    def __setitem__(self, key: str, module: Module) -> None:
        self.add_module(key, module)

    def __delitem__(self, key: str) -> None:
        delattr(self, key)

    def pop(self, key: str) -> Any:
        module = self[key]
        del self[key]
        return module

    def keys(self) -> Any:
        return self._modules.keys()

    def values(self) -> Any:
        return self._modules.values()

    def items(self) -> Any:
        return self._modules.items()

    def update(self, modules: Mapping[str, Module]) -> None:
        for key, module in dict(modules).items():
            self.add_module(key, module)


def _as_member(value: Any) -> Any:
    """A tensor as a parameter; anything else as it is."""
    return Parameter(value) if isinstance(value, Tensor) and not isinstance(value, Parameter) else value


class _Kind(enum.Enum):  # whose members are the same objects after copy and pickle
    PARAMETER = 1


class _Parameters(Module):
    """What ParameterList and ParameterDict have in common: parameters by their names, and beside them whatever else they are given,
    which is no part of the state."""

    _objects: dict[str, Any]  # all of them, in order; _Kind.PARAMETER for what is one of the module's parameters

    def __init__(self) -> None:
        super().__init__()
        object.__setattr__(self, "_objects", {})

    def _get(self, name: str) -> Any:
        value = self._objects[name]
        return self._parameters[name] if value is _Kind.PARAMETER else value

    def _put(self, name: str, value: Any) -> None:
        value = _as_member(value)
        if isinstance(value, Parameter) and "." in name:
            raise KeyError(f'{type(self).__name__}: a name of a parameter cannot contain ".", got "{name}"')
        if isinstance(value, Parameter):
            # A parameter would hide what the container itself has under that name.
            if hasattr(type(self), name):
                raise KeyError(f"attribute '{name}' already exists")
            self._set_parameter(name, value)
        elif self._objects.get(name) is _Kind.PARAMETER:
            self._delete_member(name)
        self._objects[name] = _Kind.PARAMETER if isinstance(value, Parameter) else value

    def _remove(self, name: str) -> None:
        if self._objects.pop(name) is _Kind.PARAMETER:
            self._delete_member(name)

    def __len__(self) -> int:
        return len(self._objects)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(f"{type(self).__name__} should not be called.")

    def extra_repr(self) -> str:
        lines = []
        for name in self._objects:
            value = self._get(name)
            if isinstance(value, Tensor):
                kind = "Parameter" if isinstance(value, Parameter) else "Tensor"
                size = "x".join(map(str, value.shape))
                lines.append(f"  ({name}): {kind} containing: [{value.dtype} of size {size}]")
            else:
                lines.append(f"  ({name}): Object of type: {type(value).__name__}")
        return "\n".join(lines)


class ParameterList(_Parameters):
    """A list of parameters; tensors become parameters, other objects stay what they are."""

    def __init__(self, values: Iterable[Any] | None = None) -> None:
        super().__init__()
        if values is not None:
            self.extend(values)

    def _name_of(self, index: Any) -> str:
        place = operator.index(index)
        if not -len(self) <= place < len(self):
            raise IndexError(f"index {place} is out of range")
        return str(place % len(self))

    def __iter__(self) -> Iterator[Any]:
        return iter([self._get(name) for name in self._objects])

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return type(self)(list(self)[index])
        return self._get(self._name_of(index))

    def __setitem__(self, index: int, value: Any) -> None:
        self._put(self._name_of(index), value)

    def __iadd__(self, values: Iterable[Any]) -> "ParameterList":
        return self.extend(values)

    def append(self, value: Any) -> "ParameterList":
        """Adds a parameter at the end."""
        self._put(str(len(self)), value)
        return self

    def extend(self, values: Iterable[Any]) -> "ParameterList":
        """Adds parameters at the end."""
        if not isinstance(values, Iterable) or isinstance(values, Tensor):
            raise TypeError(f"ParameterList.extend should be called with an iterable, but got {type(values).__name__}")
        for value in values:
            self.append(value)
        return self


class ParameterDict(_Parameters):
    """A dict of parameters, in the order in which they came; tensors become parameters, other objects stay what they are."""

    def __init__(self, parameters: Any = None) -> None:
        super().__init__()
        if parameters is not None:
            self.update(parameters)

    def __iter__(self) -> Iterator[str]:
        return iter(self._objects)

    def __reversed__(self) -> Iterator[str]:
        return reversed(list(self._objects))

    def __contains__(self, key: object) -> bool:
        return key in self._objects

    def __getitem__(self, key: str) -> Any:
        return self._get(key)

    def __setitem__(self, key: str, value: Any) -> None:
        if not isinstance(key, str):
            raise TypeError(
                f"Index given to ParameterDict cannot be used as a key as it is not a string (type is '{type(key).__name__}')"
            )
        self._put(key, value)

    def __delitem__(self, key: str) -> None:
        self._remove(key)

    def keys(self) -> Any:
        return self._objects.keys()

    def values(self) -> Any:
        return [self._get(key) for key in self._objects]

    def items(self) -> Any:
        return [(key, self._get(key)) for key in self._objects]

    def get(self, key: str, default: Any = None) -> Any:
        """The one of a key, else the default."""
        return self[key] if key in self else default

    def setdefault(self, key: str, default: Any = None) -> Any:
        """The one of a key, which is the default where there was none."""
        if key not in self:
            self[key] = default
        return self[key]

    def pop(self, key: str) -> Any:
        """Takes one out."""
        value = self[key]
        del self[key]
        return value

    def popitem(self) -> tuple[str, Any]:
        """Takes the last one out."""
        key = next(reversed(self), None)
        if key is None:
            raise KeyError("popitem(): the ParameterDict is empty")
        return key, self.pop(key)

    def clear(self) -> None:
        """Takes all out."""
        for key in list(self._objects):
            del self[key]

    def copy(self) -> "ParameterDict":
        """Another dict of the same parameters."""
        return ParameterDict(collections.OrderedDict(self.items()))

    def fromkeys(self, keys: Iterable[str], default: Any = None) -> "ParameterDict":
        """A dict with one value under all keys."""
        return ParameterDict([(key, default) for key in keys])

    def update(self, parameters: Any) -> None:
        """Takes those of a mapping, of which one without an order of its own is sorted, or of pairs."""
        if not isinstance(parameters, Iterable):
            raise TypeError(
                f"ParameterDict.update should be called with an iterable of key/value pairs, but got {type(parameters).__name__}"
            )
        if isinstance(parameters, (collections.OrderedDict, ParameterDict)):
            pairs = list(parameters.items())
        elif isinstance(parameters, Mapping):
            pairs = sorted(parameters.items())
        else:
            pairs = list(parameters)
        for place, pair in enumerate(pairs):
            if not isinstance(pair, Iterable):
                raise TypeError(f"ParameterDict update sequence element #{place} should be Iterable; is {type(pair).__name__}")
            parts = list(pair)
            if len(parts) != 2:
                raise ValueError(f"ParameterDict update sequence element #{place} has length {len(parts)}; 2 is required")
            self[parts[0]] = parts[1]

    def __or__(self, other: Any) -> "ParameterDict":
        joined = self.copy()
        joined.update(other)
        return joined

    def __ror__(self, other: Any) -> "ParameterDict":
        joined = ParameterDict(other)
        joined.update(self)
        return joined

    def __ior__(self, other: Any) -> "ParameterDict":
        self.update(other)
        return self
