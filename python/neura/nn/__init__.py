"""Modules, layers and losses."""

from neura import _C
from neura.nn import functional, init, module_hooks, utils
from neura.nn.adaptive import AdaptiveLogSoftmaxWithLoss
from neura.nn.attention import MultiheadAttention
from neura.nn.containers import ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential
from neura.nn.module import Module
from neura.nn.parameter import Buffer, Parameter, UninitializedBuffer, UninitializedParameter
from neura.nn.transformer import (
    Transformer,
    TransformerDecoder,
    TransformerDecoderLayer,
    TransformerEncoder,
    TransformerEncoderLayer,
)

# Every layer and loss that C++ has bound, but for those that Python adds to.
globals().update({name: getattr(_C, name) for scope, name, *_ in _C._bound_classes() if scope == "nn"})
from neura.nn.batchnorm import SyncBatchNorm  # noqa: E402
from neura.nn.embedding import Embedding, EmbeddingBag  # noqa: E402
from neura.nn.images import Upsample  # noqa: E402
from neura.nn.lazy import (  # noqa: E402
    LazyBatchNorm1d,
    LazyBatchNorm2d,
    LazyBatchNorm3d,
    LazyConv1d,
    LazyConv2d,
    LazyConv3d,
    LazyConvTranspose1d,
    LazyConvTranspose2d,
    LazyConvTranspose3d,
    LazyInstanceNorm1d,
    LazyInstanceNorm2d,
    LazyInstanceNorm3d,
    LazyLinear,
)
from neura.nn.losses import CTCLoss, TripletMarginWithDistanceLoss  # noqa: E402
from neura.nn.pooling import FractionalMaxPool2d, FractionalMaxPool3d  # noqa: E402
from neura.nn.recurrent import GRU, LSTM, RNN, RNNBase  # noqa: E402
