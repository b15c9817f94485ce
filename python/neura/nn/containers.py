"""Modules that hold modules."""

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


class ParameterList(Module):
    """A list of parameters."""

    def __init__(self, values: Iterable[Tensor] = ()) -> None:
        super().__init__()
        for value in values:
            self.append(value)

    def __len__(self) -> int:
        return len(self._parameters)

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self._parameters.values())

    def __getitem__(self, index: Any) -> Any:
        return list(self._parameters.values())[index]

    def append(self, value: Tensor) -> "ParameterList":
        value = value if isinstance(value, Parameter) else Parameter(value)
        self.register_parameter(str(len(self)), value)
        return self


class ParameterDict(Module):
    """A dict of parameters."""

    def __init__(self, parameters: Mapping[str, Tensor] | None = None) -> None:
        super().__init__()
        for key, value in dict(parameters or {}).items():
            self[key] = value

    def __len__(self) -> int:
        return len(self._parameters)

    def __iter__(self) -> Iterator[str]:
        return iter(self._parameters)

    def __contains__(self, key: object) -> bool:
        return key in self._parameters

    def __getitem__(self, key: str) -> Any:
        return self._parameters[key]

    def __setitem__(self, key: str, value: Tensor) -> None:
        self._set_parameter(key, value if isinstance(value, Parameter) else Parameter(value))

    def keys(self) -> Any:
        return self._parameters.keys()

    def values(self) -> Any:
        return self._parameters.values()

    def items(self) -> Any:
        return self._parameters.items()
