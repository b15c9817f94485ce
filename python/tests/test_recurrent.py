"""Recurrent layers beside PyTorch's, from equal weights: padded and packed sequences, states, gradients, copies."""

import copy
import inspect
import pickle
import warnings

import neura as nr
import numpy as np
import pytest
import torch
from neura import nn
from neura.nn.utils import rnn

from compare import assert_same, both, from_torch

LENGTHS = [3, 5, 1, 4]
CASES = [
    ("RNN", {}),
    ("RNN", {"nonlinearity": "relu", "num_layers": 2, "bias": False}),
    ("RNN", {"bidirectional": True, "batch_first": True}),
    ("LSTM", {}),
    ("LSTM", {"num_layers": 2, "bidirectional": True}),
    ("LSTM", {"proj_size": 2, "batch_first": True, "num_layers": 2, "bidirectional": True}),
    ("LSTM", {"bias": False, "proj_size": 1}),
    ("GRU", {}),
    ("GRU", {"num_layers": 3, "batch_first": True, "bias": False}),
    ("GRU", {"num_layers": 2, "bidirectional": True}),
]
IDS = [f"{name}{kwargs or ''}" for name, kwargs in CASES]


def pair(name, *args, **kwargs):
    """A layer of both libraries with the same weights."""
    theirs = getattr(torch.nn, name)(*args, **kwargs)
    ours = getattr(nn, name)(*args, **kwargs)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict({key: from_torch(value) for key, value in theirs.state_dict().items()})
    return ours, theirs


def random(*shape):
    return np.random.RandomState(sum(shape)).randn(*shape).astype(np.float32)


def states(layer, *batch):
    """Initial states of both libraries."""
    lines = layer.num_layers * (2 if layer.bidirectional else 1)
    sizes = [getattr(layer, "proj_size", 0) or layer.hidden_size, layer.hidden_size]
    made = [both(random(lines, *batch, size), requires_grad=True) for size in sizes]
    if not isinstance(layer, nn.LSTM):
        return made[0]
    return tuple(ours for ours, _ in made), tuple(theirs for _, theirs in made)


def flat(value):
    if isinstance(value, (nr.Tensor, torch.Tensor)):
        return [value]
    return [tensor for part in value if part is not None for tensor in flat(part)]


def compare_runs(ours, theirs, a, b, inputs):
    """Results and all gradients."""
    x, y = ours(*a), theirs(*b)
    assert isinstance(x, tuple) and len(x) == 2
    assert_same(x, y, 1e-5, 1e-5)
    for results in (flat(x), flat(y)):
        sum((part * part).sum() for part in results if part.dtype in (nr.float32, torch.float32)).backward()
    for mine, other in [*inputs, *zip(ours.parameters(), theirs.parameters())]:
        assert_same(mine.grad, other.grad, 1e-4, 1e-5)


@pytest.mark.parametrize("name,kwargs", CASES, ids=IDS)
@pytest.mark.parametrize("training", [True, False])
def test_a_layer_is_that_of_pytorch(name, kwargs, training):
    ours, theirs = pair(name, 3, 4, **kwargs)
    ours.train(training), theirs.train(training)
    x, y = both(random(5, 2, 3), requires_grad=True)
    compare_runs(ours, theirs, [x], [y], [(x, y)])
    batch = 5 if kwargs.get("batch_first") else 2
    h, k = states(ours, batch)
    ours.zero_grad(), theirs.zero_grad()
    x, y = both(random(5, 2, 3), requires_grad=True)
    compare_runs(ours, theirs, [x, h], [y, k], [(x, y), *zip(flat(h), flat(k))])
    # Of one example.
    h, k = states(ours)
    x, y = both(random(6, 3))
    assert_same(ours(x), theirs(y), 1e-5, 1e-5)
    assert_same(ours(x, h), theirs(y, k), 1e-5, 1e-5)
    assert_same(ours(input=x, hx=h), theirs(input=y, hx=k), 1e-5, 1e-5)


@pytest.mark.parametrize("name,kwargs", CASES, ids=IDS)
@pytest.mark.parametrize("enforce_sorted", [True, False])
def test_packed_sequences_are_those_of_pytorch(name, kwargs, enforce_sorted):
    ours, theirs = pair(name, 3, 4, **kwargs)
    lengths = sorted(LENGTHS, reverse=True) if enforce_sorted else LENGTHS
    first = bool(kwargs.get("batch_first"))
    x, y = both(random(*((4, 5) if first else (5, 4)), 3), requires_grad=True)
    a = rnn.pack_padded_sequence(x, lengths, first, enforce_sorted)
    b = torch.nn.utils.rnn.pack_padded_sequence(y, torch.tensor(lengths), first, enforce_sorted)
    h, k = states(ours, 4)
    compare_runs(ours, theirs, [a, h], [b, k], [(x, y), *zip(flat(h), flat(k))])
    result, expected = ours(a)[0], theirs(b)[0]
    assert isinstance(result, rnn.PackedSequence)
    padded = rnn.pad_packed_sequence(result, first, -2.0, 7)
    assert_same(padded, torch.nn.utils.rnn.pad_packed_sequence(expected, first, -2.0, 7), 1e-5, 1e-5)


@pytest.mark.parametrize("name,kwargs", [("RNNCell", {}), ("RNNCell", {"nonlinearity": "relu", "bias": False}), ("LSTMCell", {}), ("LSTMCell", {"bias": False}), ("GRUCell", {}), ("GRUCell", {"bias": False})])
def test_a_cell_is_that_of_pytorch(name, kwargs):
    ours, theirs = pair(name, 3, 4, **kwargs)
    assert repr(ours) == repr(theirs)
    for shape in ((2, 3), (3,)):
        x, y = both(random(*shape), requires_grad=True)
        pairs = [both(random(*shape[:-1], 4) + i, requires_grad=True) for i in range(2)]
        h, k = (tuple(p[i] for p in pairs) if name == "LSTMCell" else pairs[0][i] for i in range(2))
        assert_same(ours(x), theirs(y), 1e-5, 1e-6)
        result, expected = ours(x, h), theirs(y, k)
        assert_same(result, expected, 1e-5, 1e-6)
        ours.zero_grad(), theirs.zero_grad()
        sum((part * part).sum() for part in flat(result)).backward()
        sum((part * part).sum() for part in flat(expected)).backward()
        for mine, other in zip([x, *flat(h), *ours.parameters()], [y, *flat(k), *theirs.parameters()]):
            assert_same(mine.grad, other.grad, 1e-4, 1e-5)


def test_layers_print_and_copy():
    for name, args, kwargs in (("RNN", (3, 4), {}), ("LSTM", (3, 4, 2), {"bias": False, "batch_first": True, "dropout": 0.5, "bidirectional": True}), ("LSTM", (3, 4), {"proj_size": 2}), ("GRU", (3, 4), {"num_layers": 2})):
        ours, theirs = pair(name, *args, **kwargs)
        assert repr(ours) == repr(theirs)
        x = nr.tensor(random(5, 2, 3))
        ours.eval()
        expected = flat(ours(x))
        for clone in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
            assert type(clone) is type(ours)
            for mine, other in zip(flat(clone(x)), expected):
                assert mine.tolist() == other.tolist()
        ours.flatten_parameters()
        assert [len(weights) for weights in ours.all_weights] == [len(weights) for weights in theirs.all_weights]
        assert ours.mode == theirs.mode and ours.hidden_size == 4
    assert list(inspect.signature(nn.LSTM.forward).parameters) == ["self", "input", "hx"]


def test_dropout_is_between_layers():
    with pytest.warns(UserWarning, match="num_layers=1"):
        nn.LSTM(3, 4, dropout=0.5)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer = nn.LSTM(3, 4, 2, dropout=0.5)
    x = nr.ones(5, 2, 3)
    assert layer(x)[0].tolist() != layer(x)[0].tolist()
    layer.eval()
    assert layer(x)[0].tolist() == layer(x)[0].tolist()


def test_errors_say_what_does_not_fit():
    for make, message in (
        (lambda: nn.LSTM(3, 4, proj_size=4), "proj_size = 4"),
        (lambda: nn.GRU(3, 0), "hidden_size = 0"),
        (lambda: nn.RNN(3, 4, nonlinearity="gelu"), "'tanh', 'relu'"),
        (lambda: nn.GRU(3, 4, dropout=1.5), "dropout = 1.5"),
        (lambda: nn.GRU(3, 4)(nr.ones(5, 2, 2)), "input_size = 3"),
        (lambda: nn.GRU(3, 4)(nr.ones(5, 2, 3), nr.ones(1, 3, 4)), r"state h to be float32 \[1, 2, 4\]"),
        (lambda: nn.LSTM(3, 4)(nr.ones(5, 2, 3), (nr.ones(1, 2, 4), nr.ones(1, 2, 3))), "state c"),
        (lambda: rnn.pack_padded_sequence(nr.ones(3, 2), [1, 3]), "enforce_sorted"),
        (lambda: rnn.pack_padded_sequence(nr.ones(3, 2), [3, 0]), "length is 0"),
    ):
        with pytest.raises(ValueError, match=message):
            make()
    with pytest.raises(TypeError, match=r"argument 'hx' must be tuple\[Tensor, Tensor\] . None"):
        nn.LSTM(3, 4)(nr.ones(5, 2, 3), nr.ones(1, 2, 4))
    with pytest.raises(TypeError, match="argument 'input' must be Tensor . PackedSequence"):
        nn.LSTM(3, 4)([1])


def test_sequences_are_those_of_pytorch():
    sequences = [both(random(n, 2), requires_grad=True) for n in (2, 4, 1)]
    ours, theirs = [list(part) for part in zip(*sequences)]
    for kwargs in ({}, {"batch_first": True, "padding_value": 2.5}):
        a, b = rnn.pad_sequence(ours, **kwargs), torch.nn.utils.rnn.pad_sequence(theirs, **kwargs)
        assert_same(a, b)
        (a * a).sum().backward(), (b * b).sum().backward()
        lengths = nr.tensor([2, 4, 1])
        assert_same(rnn.unpad_sequence(a, lengths, **{k: v for k, v in kwargs.items() if k == "batch_first"}), [t for t in theirs])
    for mine, other in sequences:
        assert_same(mine.grad, other.grad)
    a, b = rnn.pack_sequence(ours, enforce_sorted=False), torch.nn.utils.rnn.pack_sequence(theirs, enforce_sorted=False)
    assert_same(tuple(a), tuple(b))
    assert_same(rnn.unpack_sequence(a), theirs)
    assert a.data is a[0] and a.batch_sizes.tolist() == [3, 2, 1, 1] and not a.is_cuda
    assert a.double().data.dtype is nr.float64 and a.to(nr.float32) is a
    again = rnn.PackedSequence(a.data, a.batch_sizes, a.sorted_indices)
    assert again.unsorted_indices.tolist() == a.unsorted_indices.tolist()
    assert rnn.invert_permutation(None) is None and rnn.invert_permutation(nr.tensor([2, 0, 1])).tolist() == [1, 2, 0]
    plain = rnn.PackedSequence(a.data.detach(), *a[1:])
    assert pickle.loads(pickle.dumps(plain)).batch_sizes.tolist() == [3, 2, 1, 1]
    integers = rnn.pad_sequence([nr.tensor([1, 2]), nr.tensor([3])], padding_value=-1)
    assert integers.tolist() == [[1, 3], [2, -1]] and integers.dtype is nr.int64


def test_places_that_no_sequence_has():
    packed = rnn.PackedSequence(nr.arange(3.0), nr.tensor([2, 1]), None, nr.zeros(4, dtype=nr.int64))
    with pytest.raises(ValueError, match="unsorted_indices must be the places of 2 sequences"):
        rnn.pad_packed_sequence(packed)
    packed = rnn.PackedSequence(nr.arange(3.0), nr.tensor([2, 1]), None, nr.tensor([0, -1]))
    with pytest.raises(ValueError, match="unsorted_indices"):
        rnn.pad_packed_sequence(packed)
