"""Modules, layers and losses."""

from neura import _C
from neura.nn import functional, init, utils
from neura.nn.containers import ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential
from neura.nn.losses import (
    BCELoss,
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    L1Loss,
    MSELoss,
    NLLLoss,
    SmoothL1Loss,
)
from neura.nn.activations import (
    ELU,
    Hardtanh,
    LeakyReLU,
    LogSigmoid,
    LogSoftmax,
    ReLU6,
    Softmax,
    Softplus,
)
from neura.nn.layers import ConvTranspose2d, Embedding
from neura.nn.module import Module
from neura.nn.parameter import Buffer, Parameter

# Every layer that C++ has bound.
globals().update({name: getattr(_C, name) for scope, name, *_ in _C._bound_classes() if scope == "nn"})
