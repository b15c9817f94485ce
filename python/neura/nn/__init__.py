"""Modules, layers and losses."""

from neura import _C
from neura.nn import functional, init, utils
from neura.nn.containers import ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential
from neura.nn.module import Module
from neura.nn.parameter import Buffer, Parameter

# Every layer and loss that C++ has bound, but for those that Python adds to.
globals().update({name: getattr(_C, name) for scope, name, *_ in _C._bound_classes() if scope == "nn"})
from neura.nn.embedding import Embedding, EmbeddingBag  # noqa: E402
