"""Modules that hold modules."""

import operator

from neura.nn.module import Module
from neura.nn.parameter import Parameter


class _Row(Module):
    """What Sequential and ModuleList have in common: modules in a row, named by their places."""

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules.values())

    def _name_of(self, index):
        return list(self._modules)[operator.index(index)]

    def _replace(self, modules):
        for name in self._modules:
            delattr(self, name)
        self.extend(modules)

    def __setitem__(self, index, module):
        self._set_module(self._name_of(index), module)

    def __delitem__(self, index):
        modules = list(self)
        del modules[index]
        self._replace(modules)

    def append(self, module):
        self.add_module(str(len(self)), module)
        return self

    def extend(self, modules):
        for module in modules:
            self.append(module)
        return self

    def insert(self, index, module):
        modules = list(self)
        modules.insert(index, module)
        self._replace(modules)

    def pop(self, index):
        module = self[index]
        del self[index]
        return module


class Sequential(_Row):
    """Modules in a row: Sequential(Linear(4, 8), ReLU()), or an ordered dict of them."""

    def __init__(self, *args):
        super().__init__()
        if len(args) == 1 and isinstance(args[0], dict):
            items = args[0].items()
        else:
            items = ((str(i), module) for i, module in enumerate(args))
        for name, module in items:
            self.add_module(name, module)

    def forward(self, input):
        for module in self.children():
            input = module(input)
        return input

    def __getitem__(self, index):
        modules = list(self._modules.items())[index]
        return Sequential(dict(modules)) if isinstance(index, slice) else modules[1]


class ModuleList(_Row):
    """A list of modules."""

    def __init__(self, modules=()):
        super().__init__()
        self.extend(modules)

    def __getitem__(self, index):
        modules = list(self._modules.values())[index]
        return ModuleList(modules) if isinstance(index, slice) else modules

    def __add__(self, other):
        return ModuleList([*self, *other])


class ModuleDict(Module):
    """A dict of modules."""

    def __init__(self, modules=None):
        super().__init__()
        self.update(modules or {})

    def __len__(self):
        return len(self._modules)

    def __iter__(self):
        return iter(self._modules)

    def __contains__(self, key):
        return key in self._modules

    def __getitem__(self, key):
        return self._modules[key]

    def __setitem__(self, key, module):
        self.add_module(key, module)

    def __delitem__(self, key):
        delattr(self, key)

    def pop(self, key):
        module = self[key]
        del self[key]
        return module

    def keys(self):
        return self._modules.keys()

    def values(self):
        return self._modules.values()

    def items(self):
        return self._modules.items()

    def update(self, modules):
        for key, module in dict(modules).items():
            self.add_module(key, module)


class ParameterList(Module):
    """A list of parameters."""

    def __init__(self, values=()):
        super().__init__()
        for value in values:
            self.append(value)

    def __len__(self):
        return len(self._parameters)

    def __iter__(self):
        return iter(self._parameters.values())

    def __getitem__(self, index):
        return list(self._parameters.values())[index]

    def append(self, value):
        value = value if isinstance(value, Parameter) else Parameter(value)
        self.register_parameter(str(len(self)), value)
        return self


class ParameterDict(Module):
    """A dict of parameters."""

    def __init__(self, parameters=None):
        super().__init__()
        for key, value in dict(parameters or {}).items():
            self[key] = value

    def __len__(self):
        return len(self._parameters)

    def __iter__(self):
        return iter(self._parameters)

    def __contains__(self, key):
        return key in self._parameters

    def __getitem__(self, key):
        return self._parameters[key]

    def __setitem__(self, key, value):
        self._set_parameter(key, value if isinstance(value, Parameter) else Parameter(value))

    def keys(self):
        return self._parameters.keys()

    def values(self):
        return self._parameters.values()

    def items(self):
        return self._parameters.items()
