"""Every layer of C++ beside PyTorch's: arguments, attributes, printing, state, values, gradients, copies."""

import copy
import inspect
import pickle

import neura as nr
import numpy as np
import pytest
import torch
from neura import _C, nn

from compare import assert_same

SERIES, IMAGE, VOLUME = (2, 4, 7), (2, 4, 6, 6), (2, 4, 5, 6, 5)


class Circular(torch.nn.Module):
    dims = 0

    def __init__(self, padding):
        super().__init__()
        self.padding = padding if isinstance(padding, tuple) else (padding,) * (2 * self.dims)

    def forward(self, input):
        return torch.nn.functional.pad(input, self.padding, "circular")


class ZeroPad1d(torch.nn.ConstantPad1d):
    def __init__(self, padding):
        super().__init__(padding, 0.0)


class ZeroPad3d(torch.nn.ConstantPad3d):
    def __init__(self, padding):
        super().__init__(padding, 0.0)


class LPPool3d(torch.nn.Module):
    def __init__(self, norm_type, kernel_size, stride=None, ceil_mode=False):
        super().__init__()
        self.norm_type, self.kernel_size, self.stride, self.ceil_mode = norm_type, kernel_size, stride, ceil_mode

    def forward(self, input):
        means = torch.nn.functional.avg_pool3d(input**self.norm_type, self.kernel_size, self.stride, 0, self.ceil_mode)
        return (means * self.kernel_size**3) ** (1 / self.norm_type)


class RMSNorm(torch.nn.Module):
    def __init__(self, normalized_shape, eps=None, elementwise_affine=True):
        super().__init__()
        self.normalized_shape = normalized_shape if isinstance(normalized_shape, tuple) else (normalized_shape,)
        self.eps, self.elementwise_affine = eps, elementwise_affine
        self.register_parameter("weight", torch.nn.Parameter(torch.ones(self.normalized_shape)) if elementwise_affine else None)

    def forward(self, input):
        dims = tuple(range(-len(self.normalized_shape), 0))
        eps = torch.finfo(input.dtype).eps if self.eps is None else self.eps
        result = input * torch.rsqrt((input**2).mean(dims, keepdim=True) + eps)
        return result if self.weight is None else result * self.weight


class ChannelShuffle(torch.nn.ChannelShuffle):
    def forward(self, input):
        n, c, *space = input.shape
        return input.reshape(n, self.groups, c // self.groups, *space).transpose(1, 2).reshape(input.shape)


# Layers that PyTorch 1.13 does not have yet, or not the gradients of.
PEERS = {c.__name__: c for c in (ZeroPad1d, ZeroPad3d, LPPool3d, RMSNorm, ChannelShuffle)}
PEERS.update({f"CircularPad{d}d": type(f"CircularPad{d}d", (Circular,), {"dims": d}) for d in (1, 2, 3)})


def peer(name):
    return PEERS.get(name) or getattr(torch.nn, name)


# name: [(constructor's arguments, shape of the input, or integers; a list where there are several)]
CASES = {
    "Linear": [((3, 2), {}, (5, 3)), ((3, 2), {"bias": False}, (3,))],
    "Bilinear": [((3, 2, 4), {}, [(5, 3), (5, 2)]), ((3, 2, 4), {"bias": False}, [(2, 5, 3), (2, 5, 2)])],
    "Conv1d": [
        ((4, 6, 3), {}, SERIES),
        ((4, 2, (3,)), {"stride": 2, "padding": (1,), "dilation": (2,), "groups": 2, "bias": False}, SERIES),
        ((4, 2, 3), {}, SERIES[1:]),
        ((4, 2, 3), {"padding": 2, "padding_mode": "circular"}, SERIES),
        ((4, 2, 4, 1, "same", 2, 2, True, "reflect"), {}, SERIES),
    ],
    "Conv2d": [
        ((4, 6, 3), {}, IMAGE),
        ((4, 2, (3, 1)), {"stride": 2, "padding": (1, 0), "dilation": (2, 1), "groups": 2, "bias": False}, IMAGE),
        ((4, 2, 3), {}, IMAGE[1:]),
        ((4, 2, 3, 2), {"padding": (2, 1), "padding_mode": "reflect"}, IMAGE),
        ((4, 2, (3, 2)), {"padding": "same", "dilation": 2}, IMAGE),
    ],
    "Conv3d": [
        ((4, 6, 3), {}, VOLUME),
        ((4, 2, (3, 1, 2)), {"stride": 2, "padding": (1, 0, 1), "dilation": (2, 1, 1), "groups": 2, "bias": False}, VOLUME),
        ((4, 2, 3), {}, VOLUME[1:]),
        ((4, 2, 3), {"padding": 1, "padding_mode": "replicate"}, VOLUME),
        ((4, 2, 2), {"padding": "same"}, VOLUME),
    ],
    "ConvTranspose1d": [
        ((4, 6, 3), {}, SERIES),
        ((4, 2, (3,)), {"stride": 2, "padding": 1, "output_padding": 1, "groups": 2, "dilation": 2}, SERIES),
        ((4, 2, 2, 2, 0, 0, 1, False), {}, SERIES[1:]),
    ],
    "ConvTranspose2d": [
        ((4, 6, 3), {}, IMAGE),
        ((4, 2, (3, 2)), {"stride": 2, "padding": 1, "output_padding": 1, "groups": 2, "dilation": 2}, IMAGE),
        ((4, 2, 2, 2, 0, 0, 1, False), {}, IMAGE[1:]),
    ],
    "ConvTranspose3d": [
        ((4, 6, 3), {}, VOLUME),
        ((4, 2, (3, 2, 2)), {"stride": 2, "padding": 1, "output_padding": 1, "groups": 2, "dilation": 2}, VOLUME),
        ((4, 2, 2, 2, 0, 0, 1, False), {}, VOLUME[1:]),
    ],
    "Embedding": [
        ((5, 3), {}, np.array([[0, 4], [4, 2]])),
        ((5, 3, -1), {"max_norm": 1.0, "norm_type": 1.0}, np.array([[0, 4], [4, 2]])),
        ((5, 3), {"padding_idx": 2, "scale_grad_by_freq": True}, np.array([4, 0, 4, 2])),
    ],
    "EmbeddingBag": [
        ((5, 3), {}, np.array([[0, 4], [4, 2]])),
        ((5, 3), {"mode": "sum", "padding_idx": 4}, [np.array([0, 4, 1, 1, 2]), np.array([0, 2])]),
        ((5, 3), {"mode": "max", "include_last_offset": True}, [np.array([0, 4, 1, 1, 2]), np.array([0, 2, 5])]),
        ((5, 3, 1.0), {"mode": "sum"}, [np.array([0, 4, 1]), np.array([0, 2]), (3,)]),
    ],
    "BatchNorm1d": [((4,), {}, (6, 4)), ((4, 1e-3, None, False), {}, (3, 4, 2))],
    "BatchNorm2d": [((4,), {}, IMAGE), ((4,), {"track_running_stats": False}, IMAGE)],
    "BatchNorm3d": [((4,), {}, VOLUME), ((4,), {"affine": False}, VOLUME)],
    "InstanceNorm1d": [((4,), {}, SERIES), ((4,), {"affine": True, "track_running_stats": True}, SERIES), ((4,), {}, SERIES[1:])],
    "InstanceNorm2d": [((4, 1e-3, 0.2, True), {}, IMAGE), ((4,), {"track_running_stats": True}, IMAGE[1:])],
    "InstanceNorm3d": [((4,), {}, VOLUME), ((4,), {"affine": True, "momentum": 0.5, "track_running_stats": True}, VOLUME)],
    "GroupNorm": [((2, 4), {}, IMAGE), ((4, 4, 1e-3, False), {}, (3, 4))],
    "LayerNorm": [((6,), {}, IMAGE), (((6, 6),), {"eps": 1e-3, "elementwise_affine": False}, IMAGE)],
    "RMSNorm": [((6,), {}, IMAGE), (((6, 6),), {"eps": 1e-3, "elementwise_affine": False}, IMAGE)],
    "LocalResponseNorm": [((2,), {}, IMAGE), ((3, 0.5, 0.6, 2.0), {}, SERIES)],
    "ConstantPad1d": [((2, 3.5), {}, SERIES), (((1, -2), 0), {}, SERIES[1:])],
    "ConstantPad2d": [((1, 3.5), {}, IMAGE), (((1, 0, 2, -1),), {"value": 2}, IMAGE)],
    "ConstantPad3d": [((1, 3.5), {}, VOLUME), (((1, 0, 2, -1, 0, 1), 0.5), {}, VOLUME)],
    "ZeroPad1d": [((2,), {}, SERIES), (((1, -2),), {}, SERIES)],
    "ZeroPad2d": [((2,), {}, IMAGE), (((1, 0, 2, -1),), {}, IMAGE)],
    "ZeroPad3d": [((2,), {}, VOLUME), (((1, 0, 2, -1, 0, 1),), {}, VOLUME)],
    "ReflectionPad1d": [((2,), {}, SERIES), (((1, 3),), {}, SERIES[1:])],
    "ReflectionPad2d": [((2,), {}, IMAGE), (((1, 0, 2, 3),), {}, IMAGE[1:])],
    "ReflectionPad3d": [((2,), {}, VOLUME), (((1, 0, 2, 3, 0, 1),), {}, VOLUME)],
    "ReplicationPad1d": [((2,), {}, SERIES), (((1, 9),), {}, SERIES[1:])],
    "ReplicationPad2d": [((2,), {}, IMAGE), (((1, 0, 2, 9),), {}, IMAGE[1:])],
    "ReplicationPad3d": [((2,), {}, VOLUME), (((1, 0, 2, 7, 0, 1),), {}, VOLUME)],
    "CircularPad1d": [((2,), {}, SERIES), (((1, 7),), {}, SERIES)],
    "CircularPad2d": [((2,), {}, IMAGE), (((1, 0, 2, 3),), {}, IMAGE)],
    "CircularPad3d": [((2,), {}, VOLUME), (((1, 0, 2, 3, 0, 1),), {}, VOLUME)],
    "MaxPool1d": [((2,), {}, SERIES), ((2, 1, 0, 1, True), {}, SERIES), ((3, 2, 1), {"ceil_mode": True}, SERIES), ((2,), {}, SERIES[1:])],
    "MaxPool2d": [((2,), {}, IMAGE), ((2, None, 1, 1, False, True), {}, IMAGE), ((3, 2, 1), {"ceil_mode": True}, IMAGE), ((2,), {}, IMAGE[1:])],
    "MaxPool3d": [((2,), {}, VOLUME), ((2,), {"return_indices": True}, VOLUME), ((3, 2, 1), {"ceil_mode": True}, VOLUME), ((2,), {}, VOLUME[1:])],
    "AvgPool1d": [((2,), {}, SERIES), ((3, 2, 1, True, False), {}, SERIES)],
    "AvgPool2d": [((2,), {}, IMAGE), ((3, 2, 1, True, False), {}, IMAGE), ((2,), {"divisor_override": 3}, IMAGE)],
    "AvgPool3d": [((2,), {}, VOLUME), ((3, 2, 1, True, False), {}, VOLUME), ((2,), {"divisor_override": 3}, VOLUME)],
    "AdaptiveAvgPool1d": [((2,), {}, SERIES), (((3,),), {}, SERIES)],
    "AdaptiveAvgPool2d": [((2,), {}, IMAGE), (((3, 2),), {}, IMAGE), (((None, 2),), {}, IMAGE)],
    "AdaptiveAvgPool3d": [((2,), {}, VOLUME), (((3, 2, 4),), {}, VOLUME)],
    "AdaptiveMaxPool1d": [((2,), {}, SERIES), ((2, True), {}, SERIES), (((3,),), {}, SERIES[1:])],
    "AdaptiveMaxPool2d": [((2,), {}, IMAGE), ((2, True), {}, IMAGE), (((3, 2),), {}, IMAGE), (((None, 2),), {}, IMAGE)],
    "AdaptiveMaxPool3d": [((2,), {}, VOLUME), ((2, True), {}, VOLUME), (((3, 2, 4),), {}, VOLUME[1:])],
    # With as many windows as there are places for, or one, chance has no choice.
    "FractionalMaxPool2d": [((2,), {"output_size": 5}, IMAGE), ((2, None, 0.84), {}, IMAGE[1:]), ((2, [5, 5], None, True), {}, IMAGE), (([2, 2],), {"output_ratio": (0.84, 0.84)}, IMAGE)],
    "FractionalMaxPool3d": [((2, 1), {}, VOLUME), (((2, 3, 4), (1, 1, 1)), {}, VOLUME[1:])],
    "LPPool1d": [((2, 3), {}, SERIES), ((4.0, 2, 3, True), {}, SERIES[1:])],
    "LPPool2d": [((2, 3), {}, IMAGE), ((2, (3, 2), 2), {"ceil_mode": True}, IMAGE)],
    "LPPool3d": [((2, 2), {}, VOLUME), ((2, 2), {"stride": 1}, VOLUME)],
    "MaxUnpool1d": [((2,), {}, [(1, 2, 3), np.array([[[0, 3, 4], [1, 2, 5]]])]), ((3, 2, 1), {}, [(1, 2), np.array([[0, 2]])])],
    "MaxUnpool2d": [((2,), {}, [(1, 1, 2, 2), np.array([[[[1, 2], [12, 15]]]])])],
    "MaxUnpool3d": [((2,), {"stride": 2}, [(1, 2, 1, 1, 2), np.array([[[[[3, 4]]], [[[0, 15]]]]])])],
    "Upsample": [
        ((), {"scale_factor": 2}, SERIES),
        (((3, 5),), {"mode": "bilinear", "align_corners": True}, IMAGE),
        ((7, None, "bicubic", False), {}, IMAGE),
        ((), {"scale_factor": (2, 1.5)}, IMAGE),
        ((None, (1.5, 2.0), "bilinear", True), {}, IMAGE),
        ((), {"scale_factor": 1.5, "mode": "trilinear", "recompute_scale_factor": True}, VOLUME),
    ],
    "UpsamplingNearest2d": [((), {"scale_factor": 2}, IMAGE), (((3, 5),), {}, IMAGE)],
    "UpsamplingBilinear2d": [((), {"scale_factor": 2}, IMAGE), ((9,), {}, IMAGE)],
    "PixelShuffle": [((2,), {}, IMAGE), ((2,), {}, IMAGE[1:])],
    "PixelUnshuffle": [((2,), {}, IMAGE), ((3,), {}, IMAGE[1:])],
    "ChannelShuffle": [((2,), {}, IMAGE)],
    "Unfold": [((3,), {}, IMAGE), (((2, 3), 2, 1, (1, 2)), {}, IMAGE[1:])],
    "Fold": [(((4, 5), 2), {}, (2, 8, 12)), ((5,), {"kernel_size": (2, 3), "padding": 1, "stride": 2}, (12, 9))],
    "CosineSimilarity": [((), {}, [(3, 4), (3, 4)]), ((0, 1e-6), {}, [(3, 4), (3, 4)])],
    "PairwiseDistance": [((), {}, [(3, 4), (3, 4)]), ((3.0,), {"keepdim": True}, [(3, 4), (1, 4)])],
    "Dropout1d": [((0.0,), {}, SERIES), ((), {"p": 0.0, "inplace": False}, SERIES[1:])],
    "Dropout2d": [((0.0,), {}, IMAGE)],
    "Dropout3d": [((0.0,), {}, VOLUME), ((0.0,), {}, VOLUME[1:])],
    "AlphaDropout": [((0.0,), {}, (3, 4))],
    "FeatureAlphaDropout": [((0.0,), {}, IMAGE)],
    "Unflatten": [((1, (2, 2)), {}, IMAGE), ((-1, (-1, 3)), {}, IMAGE)],
    "Dropout": [((0.0,), {}, (3, 4)), ((), {"p": 0.0, "inplace": False}, (3, 4))],
    "Flatten": [((), {}, IMAGE), ((0, 1), {}, IMAGE)],
    "Identity": [((), {}, (3, 4))],
    "ReLU": [((), {}, (3, 4)), ((), {"inplace": False}, (3, 4))],
    "ReLU6": [((), {}, (3, 4))],
    "CELU": [((), {}, (3, 4)), ((0.5, False), {}, (3, 4))],
    "SELU": [((), {}, (3, 4)), ((False,), {}, (3, 4))],
    "Mish": [((), {}, (3, 4))],
    "Hardsigmoid": [((), {}, (3, 4))],
    "Hardswish": [((), {}, (3, 4))],
    "Softsign": [((), {}, (3, 4))],
    "Tanhshrink": [((), {}, (3, 4))],
    "Hardshrink": [((), {}, (3, 4)), ((1.0,), {}, (3, 4))],
    "Softshrink": [((), {}, (3, 4)), ((1.0,), {}, (3, 4))],
    "Threshold": [((0.1, 20), {}, (3, 4)), ((0.5, -1.5, False), {}, (3, 4))],
    "GLU": [((), {}, (3, 4)), ((0,), {}, (4, 3))],
    "PReLU": [((), {}, (3, 4)), ((4,), {"init": 0.5}, IMAGE)],
    "RReLU": [((0.25, 0.25), {}, (3, 4))],
    "Softmin": [((), {"dim": 0}, (3, 4)), ((1,), {}, (3, 4))],
    "Softmax2d": [((), {}, IMAGE), ((), {}, IMAGE[1:])],
    "GELU": [((), {}, (3, 4)), ((), {"approximate": "tanh"}, (3, 4))],
    "SiLU": [((), {}, (3, 4))],
    "Tanh": [((), {}, (3, 4))],
    "Sigmoid": [((), {}, (3, 4))],
    "LogSigmoid": [((), {}, (3, 4))],
    "LeakyReLU": [((), {}, (3, 4)), ((0.2, False), {}, (3, 4))],
    "ELU": [((), {}, (3, 4)), ((0.5,), {}, (3, 4))],
    "Hardtanh": [((), {}, (3, 4)), ((-2, 0.5), {}, (3, 4))],
    "Softplus": [((), {}, (3, 4)), ((2, 1), {}, (3, 4))],
    "Softmax": [((), {"dim": 0}, (3, 4)), ((1,), {}, (3, 4))],
    "LogSoftmax": [((), {"dim": 0}, (3, 4)), ((-1,), {}, (3, 4))],
}
FLAT = [(name, *case) for name, cases in CASES.items() for case in cases]
IDS = [f"{name}{args}{kwargs or ''}" for name, args, kwargs, _ in FLAT]
# What PyTorch 1.13 does not have yet.
NEWER = {("LayerNorm", "bias")}
# Switches whose None is False.
SWITCHES = {"align_corners", "recompute_scale_factor"}


def parameters_of(name):
    return {n: default for n, _, default, *_ in next(p for s, c, p, *_ in _C._bound_classes() if (s, c) == ("nn", name))}


def inputs_of(name):
    return [n for n, *_ in next(call for s, c, _, _, call, _ in _C._bound_classes() if (s, c) == ("nn", name))]


# Layers whose results or peers are others: test_recurrent.py and test_attention.py.
ELSEWHERE = {"RNN", "LSTM", "GRU", "RNNCell", "LSTMCell", "GRUCell", "SyncBatchNorm"}
ELSEWHERE |= {"SinusoidalPositionalEncoding", "LearnedPositionalEmbedding", "RotaryEmbedding"}


def test_every_layer_has_a_case():
    layers = {name for scope, name, *_ in _C._bound_classes() if scope == "nn" and not name.endswith("Loss")}
    assert layers == set(CASES) | ELSEWHERE


@pytest.mark.parametrize("name", CASES)
def test_arguments_are_those_of_pytorch(name):
    ours = parameters_of(name)
    theirs = inspect.signature(peer(name).__init__).parameters
    if name == "Identity":  # takes anything
        return
    names = [n for n in ours if (name, n) not in NEWER]
    assert names == [n for n in theirs if n in ours]
    called = list(inspect.signature(peer(name).forward).parameters)[1:]
    assert inputs_of(name) == called[: len(inputs_of(name))]
    for n in names:
        default = False if n in SWITCHES else theirs[n].default
        assert (ours[n] is None) == (default is inspect.Parameter.empty)
        assert ours[n] is None or eval(ours[n]) == default


def first(result):
    return result[0] if isinstance(result, tuple) else result


@pytest.mark.parametrize("name,args,kwargs,shape", FLAT, ids=IDS)
def test_a_layer_is_that_of_pytorch(name, args, kwargs, shape):
    ours, theirs = getattr(nn, name)(*args, **kwargs), peer(name)(*args, **kwargs)
    for option in parameters_of(name):
        # A bias is a parameter, and PyTorch's pools replace a stride that is not given.
        value = getattr(ours, option)
        if hasattr(theirs, option) and option != "bias" and not (option == "stride" and value is None):
            expected = getattr(theirs, option)
            expected = bool(expected) if option in SWITCHES else expected
            assert expected in (value, (value,), (value, value), (value, value, value))
    text = repr(ours)
    assert text == repr(theirs) or repr(eval(f"nn.{text}")) == text
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict({k: nr.tensor(v.numpy()) for k, v in theirs.state_dict().items()})

    random = np.random.RandomState(0)
    a, b = [], []
    for given in shape if isinstance(shape, list) else [shape]:
        integers = isinstance(given, np.ndarray)
        values = given if integers else random.randn(*given).astype(np.float32) * 3
        a.append(nr.tensor(values, requires_grad=not integers))
        b.append(torch.tensor(values, requires_grad=not integers))
    for training in (True, False):
        ours.train(training), theirs.train(training)
        y, expected = ours(*a), theirs(*b)
        assert_same(y, expected, 1e-4, 1e-4)
        if isinstance(expected, tuple):  # with indices
            y, expected = y[0], expected[0]
        if y.requires_grad:
            (y * y).sum().backward(), (expected * expected).sum().backward()
        assert first(ours(**dict(zip(inputs_of(name), a)))).shape == y.shape and first(ours.forward(*a)).shape == y.shape
        theirs(*b), theirs(*b)  # running statistics
    for mine, other in zip([*a, *ours.parameters()], [*b, *theirs.parameters()]):
        if other.grad is not None:
            assert_same(mine.grad, other.grad, 1e-3, 1e-3)

    for clone in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        assert type(clone) is type(ours) and repr(clone) == text and not clone.training
        assert first(clone(*a)).tolist() == first(ours(*a)).tolist()


def test_options_can_be_changed():
    x = nr.tensor([-1.0, 2.0])
    layer = nn.LeakyReLU(0.5)
    layer.negative_slope = 0.25
    assert layer(x).tolist() == [-0.25, 2.0] and repr(layer) == "LeakyReLU(negative_slope=0.25)"
    assert copy.deepcopy(layer).negative_slope == 0.25
    with pytest.raises(TypeError, match="LeakyReLU.negative_slope must be float, not str"):
        layer.negative_slope = "steep"
    norm = nn.BatchNorm1d(2)
    norm.momentum = None
    assert norm.momentum is None
    with pytest.raises(TypeError):
        norm.momentum = "none"
    assert norm.momentum is None
    layer.note = "text"
    assert layer.note == "text"
    dropout = nn.Dropout(0.5)
    dropout.p = 1.0
    assert dropout(x).tolist() == [0.0, 0.0]


def test_calls_take_what_forward_takes():
    layer = nn.Linear(2, 3)
    with pytest.raises(TypeError, match=r"Linear.forward\(\): argument 'input' must be Tensor, not str"):
        layer("text")
    with pytest.raises(TypeError, match="unexpected keyword argument 'x'"):
        layer(x=nr.ones(1, 2))
    with pytest.raises(TypeError, match="missing the argument 'input'"):
        layer()
    with pytest.raises(TypeError, match="must be Linear"):
        nn.Linear.forward(nn.ReLU(), nr.ones(1, 2))
    assert str(inspect.signature(nn.Linear.forward)) == "(self: 'Linear', input: 'Tensor') -> 'Tensor'"
    with pytest.raises(TypeError, match="inplace"):
        nn.ReLU("yes")
    with pytest.raises((AttributeError, TypeError), match="__init__"):
        nn.Linear.forward(nn.Linear.__new__(nn.Linear), nr.ones(1, 2))


def test_padding_by_its_name():
    layer = nn.Conv2d(1, 2, 3, padding="same")
    assert layer.padding == "same" and "padding=same" in repr(layer) and layer(nr.ones(1, 1, 5, 4)).shape == (1, 2, 5, 4)
    layer.padding = "valid"
    assert layer(nr.ones(1, 1, 5, 4)).shape == (1, 2, 3, 2)
    assert nn.Conv1d(1, 2, 3, 1, "valid").padding == (0,)
    with pytest.raises(ValueError, match="Conv2d: Invalid padding string 'full', should be one of {'same', 'valid'}"):
        nn.Conv2d(1, 2, 3, padding="full")
    with pytest.raises(TypeError, match="'kernel_size'"):
        nn.Conv2d(1, 2, "same")
    with pytest.raises(ValueError, match="padding='same' is not supported for strided convolutions"):
        nn.Conv2d(1, 2, 3, 2, padding="same")
    for padding in (-1, (None, None)):
        with pytest.raises(ValueError, match="must not be negative"):
            nn.Conv2d(1, 2, 3, padding=padding)
    with pytest.raises(ValueError, match="padding_mode"):
        nn.Conv2d(1, 2, 3, padding_mode="edge")


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_an_unpool_takes_the_size_that_a_pool_had(dims):
    x = nr.randn(2, 3, *(6, 6, 7)[-dims:])
    values, indices = getattr(nn.functional, f"max_pool{dims}d")(x, 2, return_indices=True)
    layer = getattr(nn, f"MaxUnpool{dims}d")(2)
    assert layer(values, indices, x.shape).shape == x.shape
    assert layer(values, indices, output_size=x.shape[2:]).shape == x.shape
    theirs = getattr(torch.nn, f"MaxUnpool{dims}d")(2)(torch.tensor(values.numpy()), torch.tensor(indices.numpy()), x.shape)
    assert_same(layer(values, indices, x.shape), theirs, 0, 0)


def test_an_embedding_of_given_vectors():
    vectors = nr.arange(6.0).reshape(3, 2)
    layer = nn.Embedding.from_pretrained(vectors)
    assert layer(nr.tensor([2, 0])).tolist() == [[4.0, 5.0], [0.0, 1.0]]
    assert not layer.weight.requires_grad and (layer.num_embeddings, layer.embedding_dim) == (3, 2)
    assert nn.Embedding.from_pretrained(vectors, freeze=False).weight.requires_grad
    padded = nn.Embedding.from_pretrained(vectors, True, -1, max_norm=1.0)
    assert padded.padding_idx == 2 and padded.max_norm == 1.0 and padded.weight.tolist() == vectors.tolist()
    bags = nn.EmbeddingBag.from_pretrained(vectors, freeze=False, mode="sum")
    assert bags(nr.tensor([[0, 2]])).tolist() == [[4.0, 6.0]] and bags.mode == "sum" and bags.weight.requires_grad


def test_what_cannot_be_is_said_at_once():
    for make, message in (
        (lambda: nn.Conv2d(1, 2, 3, stride=0), "stride = 0 must be at least 1"),
        (lambda: nn.Conv1d(1, 2, 3, dilation=0), "dilation = 0"),
        (lambda: nn.ConvTranspose2d(1, 2, 3, padding=-1), r"padding = .-1, -1. must be at least 0"),
        (lambda: nn.ConvTranspose2d(1, 2, 3, padding_mode="circular"), "padding_mode = 'circular' must be one of 'zeros'"),
        (lambda: nn.MaxPool2d(0), "kernel_size = 0"),
        (lambda: nn.AvgPool1d(2, stride=0), "stride = 0"),
        (lambda: nn.Upsample(scale_factor=2, mode="cubic"), "mode = 'cubic' must be one of"),
        (lambda: nn.EmbeddingBag(3, 2, mode="median"), "mode = 'median'"),
        (lambda: nn.GELU(approximate="exact"), "approximate = 'exact'"),
        (lambda: nn.Unfold(2, stride=0), "stride = 0"),
        (lambda: nn.FractionalMaxPool2d(2, output_ratio=(0.5, 1.5)), "output_ratio"),
    ):
        with pytest.raises(ValueError, match=message):
            make()


@pytest.mark.parametrize("name,shape", [("dropout1d", (4, 7)), ("dropout3d", (4, 2, 3, 3))])
def test_channel_dropout_of_one_example(name, shape):
    nr.manual_seed(0)
    result = getattr(nn.functional, name)(nr.ones(*shape))
    channels = result.reshape(4, -1)
    assert result.shape == shape and all(len(set(channel)) == 1 for channel in channels.tolist())
    assert set(channels[:, 0].tolist()) <= {0.0, 2.0}


def test_instance_norm_without_momentum():
    layer = nn.InstanceNorm1d(3, momentum=None, track_running_stats=True)
    layer(nr.randn(2, 3, 5))
    assert layer.momentum is None and layer.running_mean.tolist() == [0, 0, 0]
    assert repr(layer) == "InstanceNorm1d(3, eps=1e-05, momentum=None, affine=False, track_running_stats=True)"


# ---- layers of size 0 ------------------------------------------------------------------------

# Made of a library, and the shapes of the inputs; float64 unless they are integers.
OF_SIZE_0 = {
    "linear_out": (lambda nn: nn.Linear(3, 0), [(2, 3)]),
    "linear_in": (lambda nn: nn.Linear(0, 3), [(2, 0)]),
    "linear_without_bias": (lambda nn: nn.Linear(0, 0, bias=False), [(2, 0)]),
    "bilinear": (lambda nn: nn.Bilinear(3, 2, 0), [(4, 3), (4, 2)]),
    "lazy_linear": (lambda nn: nn.LazyLinear(3), [(2, 0)]),
    "rnn_cell": (lambda nn: nn.RNNCell(0, 3), [(2, 0)]),
    "rnn_cell_out": (lambda nn: nn.RNNCell(3, 0), [(2, 3)]),
    "lstm_cell": (lambda nn: nn.LSTMCell(0, 3), [(2, 0)]),
    "gru_cell": (lambda nn: nn.GRUCell(0, 3), [(2, 0)]),
    "prelu": (lambda nn: nn.PReLU(0), [(2, 0, 4)]),
    "batch_norm": (lambda nn: nn.BatchNorm2d(0, affine=False, track_running_stats=False), [(2, 0, 3, 3)]),
    "instance_norm": (lambda nn: nn.InstanceNorm1d(0), [(2, 0, 4)]),
    "attention": (lambda nn: nn.MultiheadAttention(4, 2, kdim=0, vdim=3), [(4, 2, 4), (4, 2, 0), (4, 2, 3)]),
    "encoder_layer": (lambda nn: nn.TransformerEncoderLayer(4, 2, 0, dropout=0.0), [(4, 2, 4)]),
    "no_rows": (lambda nn: nn.Embedding(0, 3), [((0,), "int64")]),
    "no_columns": (lambda nn: nn.Embedding(3, 0, padding_idx=0, max_norm=1.0), [((2,), "int64")]),
    "bags": (lambda nn: nn.EmbeddingBag(3, 0, mode="max"), [((2, 2), "int64")]),
    "adaptive": (lambda nn: nn.AdaptiveLogSoftmaxWithLoss(8, 10, [3, 5], div_value=100.0), [(2, 8), ((2,), "int64")]),
    "adaptive_wide": (lambda nn: nn.AdaptiveLogSoftmaxWithLoss(4, 10, [3, 5], div_value=0.5), [(2, 4), ((2,), "int64")]),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", OF_SIZE_0)
def test_sizes_of_zero(name, tmp_path):
    make, shapes = OF_SIZE_0[name]
    found = []
    state = None
    for library in (torch, nr):
        layer = make(library.nn)
        inputs = []
        for shape in shapes:
            integers = shape[-1] == "int64"
            made = library.zeros(shape[0], dtype=library.int64) if integers else library.ones(shape).requires_grad_()
            inputs.append(made)
        layer(*inputs)  # lazy ones become ordinary
        if state is None:
            state = {key: value.clone() for key, value in layer.state_dict().items()}
        else:
            layer.load_state_dict(state)
        output = layer(*inputs)
        while isinstance(output, tuple):
            output = output[0]
        output.sum().backward()
        parameters = list(layer.parameters())
        if parameters:
            for kind in ("SGD", "Adam", "Adagrad"):
                getattr(library.optim, kind)(parameters, lr=0.1).step()
            library.nn.utils.clip_grad_norm_(parameters, 1.0)
            library.save(layer.state_dict(), tmp_path / "state.pt")
            layer.load_state_dict(library.load(tmp_path / "state.pt"))
            copy.deepcopy(layer)
        found.append((repr(layer), output, [p.grad for p in parameters]))
    (their_text, their_output, their_grads), (text, output, grads) = found
    # PyTorch shows the mode of bags without quotation marks.
    text = text.replace("mode='max'", "mode=max")
    assert text.replace("NonDynamicallyQuantizableLinear", "Linear") == their_text.replace("NonDynamicallyQuantizableLinear", "Linear")
    assert_same(output, their_output, 1e-4, 1e-5)
    for mine, theirs in zip(grads, their_grads):
        assert (mine is None) == (theirs is None)
        if mine is not None:
            assert_same(mine, theirs, 1e-4, 1e-5)


def test_sizes_that_mean_nothing():
    for make in (
        lambda nn: nn.Bilinear(0, 2, 3),
        lambda nn: nn.RNN(3, 0),
        lambda nn: nn.Linear(-1, 3),
        lambda nn: nn.Embedding(3, -1),
        lambda nn: nn.Conv2d(3, 0, 1)(torch.zeros(1, 3, 4, 4) if nn is torch.nn else nr.zeros(1, 3, 4, 4)),
    ):
        for nn_ in (torch.nn, nn):
            with pytest.raises((ValueError, RuntimeError, ZeroDivisionError)):
                make(nn_)
    # PyTorch gives a convolution of no channels no results; here they are what the bias is.
    layer = nn.Conv2d(0, 3, 2)
    layer.bias.data.fill_(2)
    assert layer(nr.ones(1, 0, 3, 3)).tolist() == nr.full((1, 3, 2, 2), 2.0).tolist()
    with pytest.warns(UserWarning, match="Initializing zero-element tensors is a no-op"):
        nn.init.kaiming_uniform_(nr.zeros(3, 0))
