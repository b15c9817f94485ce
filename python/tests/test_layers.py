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

# name: [(constructor's arguments, shape of the input, or integers; a list where there are several)]
CASES = {
    "Linear": [((3, 2), {}, (5, 3)), ((3, 2), {"bias": False}, (3,))],
    "Bilinear": [((3, 2, 4), {}, [(5, 3), (5, 2)]), ((3, 2, 4), {"bias": False}, [(2, 5, 3), (2, 5, 2)])],
    "Conv1d": [
        ((4, 6, 3), {}, SERIES),
        ((4, 2, (3,)), {"stride": 2, "padding": (1,), "dilation": (2,), "groups": 2, "bias": False}, SERIES),
        ((4, 2, 3), {}, SERIES[1:]),
    ],
    "Conv2d": [
        ((4, 6, 3), {}, IMAGE),
        ((4, 2, (3, 1)), {"stride": 2, "padding": (1, 0), "dilation": (2, 1), "groups": 2, "bias": False}, IMAGE),
        ((4, 2, 3), {}, IMAGE[1:]),
    ],
    "Conv3d": [
        ((4, 6, 3), {}, VOLUME),
        ((4, 2, (3, 1, 2)), {"stride": 2, "padding": (1, 0, 1), "dilation": (2, 1, 1), "groups": 2, "bias": False}, VOLUME),
        ((4, 2, 3), {}, VOLUME[1:]),
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
    "Embedding": [((5, 3), {}, np.array([[0, 4], [4, 2]]))],
    "BatchNorm1d": [((4,), {}, (6, 4)), ((4, 1e-3, None, False), {}, (3, 4, 2))],
    "BatchNorm2d": [((4,), {}, IMAGE), ((4,), {"track_running_stats": False}, IMAGE)],
    "LayerNorm": [((6,), {}, IMAGE), (((6, 6),), {"eps": 1e-3, "elementwise_affine": False}, IMAGE)],
    "MaxPool1d": [((2,), {}, SERIES), ((3, 2, 1), {"ceil_mode": True}, SERIES), ((2,), {}, SERIES[1:])],
    "MaxPool2d": [((2,), {}, IMAGE), ((3, 2, 1), {"ceil_mode": True}, IMAGE), ((2,), {}, IMAGE[1:])],
    "MaxPool3d": [((2,), {}, VOLUME), ((3, 2, 1), {"ceil_mode": True}, VOLUME), ((2,), {}, VOLUME[1:])],
    "AvgPool1d": [((2,), {}, SERIES), ((3, 2, 1, True, False), {}, SERIES)],
    "AvgPool2d": [((2,), {}, IMAGE), ((3, 2, 1, True, False), {}, IMAGE), ((2,), {"divisor_override": 3}, IMAGE)],
    "AvgPool3d": [((2,), {}, VOLUME), ((3, 2, 1, True, False), {}, VOLUME), ((2,), {"divisor_override": 3}, VOLUME)],
    "AdaptiveAvgPool1d": [((2,), {}, SERIES), (((3,),), {}, SERIES)],
    "AdaptiveAvgPool2d": [((2,), {}, IMAGE), (((3, 2),), {}, IMAGE), (((None, 2),), {}, IMAGE)],
    "AdaptiveAvgPool3d": [((2,), {}, VOLUME), (((3, 2, 4),), {}, VOLUME)],
    "Dropout": [((0.0,), {}, (3, 4)), ((), {"p": 0.0, "inplace": False}, (3, 4))],
    "Flatten": [((), {}, IMAGE), ((0, 1), {}, IMAGE)],
    "Identity": [((), {}, (3, 4))],
    "ReLU": [((), {}, (3, 4)), ((), {"inplace": False}, (3, 4))],
    "ReLU6": [((), {}, (3, 4))],
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


def parameters_of(name):
    return {n: default for n, _, default, *_ in next(p for s, c, p, _, _ in _C._bound_classes() if (s, c) == ("nn", name))}


def inputs_of(name):
    return [n for n, *_ in next(call for s, c, _, _, call in _C._bound_classes() if (s, c) == ("nn", name))]


def test_every_layer_has_a_case():
    layers = {name for scope, name, *_ in _C._bound_classes() if scope == "nn" and not name.endswith("Loss")}
    assert layers == set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_arguments_are_those_of_pytorch(name):
    ours = parameters_of(name)
    theirs = inspect.signature(getattr(torch.nn, name).__init__).parameters
    if name == "Identity":  # takes anything
        return
    names = [n for n in ours if (name, n) not in NEWER]
    assert names == [n for n in theirs if n in ours]
    called = list(inspect.signature(getattr(torch.nn, name).forward).parameters)[1:]
    assert inputs_of(name) == called[: len(inputs_of(name))]
    for n in names:
        default = theirs[n].default
        assert (ours[n] is None) == (default is inspect.Parameter.empty)
        assert ours[n] is None or eval(ours[n]) == default


@pytest.mark.parametrize("name,args,kwargs,shape", FLAT, ids=IDS)
def test_a_layer_is_that_of_pytorch(name, args, kwargs, shape):
    ours, theirs = getattr(nn, name)(*args, **kwargs), getattr(torch.nn, name)(*args, **kwargs)
    for option in parameters_of(name):
        # A bias is a parameter, and PyTorch's pools replace a stride that is not given.
        value = getattr(ours, option)
        if hasattr(theirs, option) and option != "bias" and not (option == "stride" and value is None):
            assert getattr(theirs, option) in (value, (value,), (value, value), (value, value, value))
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
        assert ours(**dict(zip(inputs_of(name), a))).shape == y.shape and ours.forward(*a).shape == y.shape
        theirs(*b), theirs(*b)  # running statistics
        if y.requires_grad:
            (y * y).sum().backward(), (expected * expected).sum().backward()
    for mine, other in zip([*a, *ours.parameters()], [*b, *theirs.parameters()]):
        if other.grad is not None:
            assert_same(mine.grad, other.grad, 1e-3, 1e-3)

    for clone in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        assert type(clone) is type(ours) and repr(clone) == text and not clone.training
        assert clone(*a).tolist() == ours(*a).tolist()


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


def test_an_embedding_of_given_vectors():
    vectors = nr.arange(6.0).reshape(3, 2)
    layer = nn.Embedding.from_pretrained(vectors)
    assert layer(nr.tensor([2, 0])).tolist() == [[4.0, 5.0], [0.0, 1.0]]
    assert not layer.weight.requires_grad and (layer.num_embeddings, layer.embedding_dim) == (3, 2)
    assert nn.Embedding.from_pretrained(vectors, freeze=False).weight.requires_grad
