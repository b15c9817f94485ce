"""Hooks on the way back, state beside tensors, memory and dtypes of modules, summaries: beside PyTorch's."""

import copy
import gc
import pickle
import weakref

import neura as nr
import numpy as np
import pytest
import torch
from neura import nn

from compare import assert_same


def pair():
    """The same two layers in both libraries, in float64, whose digits suffice for any weights."""
    theirs = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.Tanh(), torch.nn.Linear(4, 2)).double()
    ours = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    ours.load_state_dict(theirs.state_dict())
    return ours, theirs


X = np.linspace(-1, 1, 6).reshape(2, 3)


# ---- hooks of gradients ----------------------------------------------------------------------------


@pytest.mark.parametrize("requires_grad", [True, False])
def test_full_backward_hooks_see_what_pytorchs_do(requires_grad):
    seen = []
    for library, model in zip((nr, torch), pair()):
        calls = []

        def hook(module, grad_input, grad_output, calls=calls):
            calls.append((type(module).__name__, grad_input, grad_output))

        for layer in (model[0], model[1], model):
            layer.register_full_backward_hook(hook)
        x = library.tensor(X, requires_grad=requires_grad)
        (model(x) ** 2).sum().backward()
        seen.append((calls, x.grad, model[0].weight.grad))
    (ours, our_x, our_w), (theirs, their_x, their_w) = seen
    assert [c[0] for c in ours] == [c[0] for c in theirs]
    for (_, *a), (_, *b) in zip(ours, theirs):
        for mine, other in zip(a, b):
            assert isinstance(mine, tuple) and len(mine) == len(other)
            for g, h in zip(mine, other):
                assert (g is None) == (h is None)
                if g is not None:
                    assert_same(g, h, 1e-5, 1e-6)
    assert_same(our_w, their_w, 1e-5, 1e-6)
    if requires_grad:
        assert_same(our_x, their_x, 1e-5, 1e-6)


def test_full_backward_hooks_replace_gradients():
    grads = []
    for library, model in zip((nr, torch), pair()):
        model[2].register_full_backward_hook(lambda m, grad_input, grad_output: (grad_input[0] * 3,))
        x = library.tensor(X, requires_grad=True)
        model(x).sum().backward()
        grads.append((x.grad, model[2].weight.grad))
    assert_same(grads[0][0], grads[1][0])
    assert_same(grads[0][1], grads[1][1])


def test_full_backward_pre_hooks_come_first():
    model, _ = pair()
    order = []

    def before(module, grad_output):
        order.append("before")
        assert isinstance(grad_output, tuple) and len(grad_output) == 1
        return grad_output[0] * 2

    handle = model[2].register_full_backward_pre_hook(before)
    model[2].register_full_backward_hook(lambda *_: order.append("after"))
    x = nr.tensor(X, requires_grad=True)
    model(x).sum().backward()
    doubled = x.grad
    assert order == ["before", "after"]
    handle.remove()
    x.grad = None
    model(x).sum().backward()
    assert_same(doubled, (x.grad * 2).numpy())


def test_backward_hooks_of_several_arguments_and_results():
    class Two(nn.Module):
        def forward(self, a, label, b):
            return a * b, "text", a + b

    model, calls = Two(), []
    model.register_full_backward_hook(lambda m, gi, go: calls.append((gi, go)))
    a, b = nr.ones(2, requires_grad=True), nr.full((2,), 3.0)
    first, text, second = model(a, "x", b)
    assert text == "text"
    (first.sum() * 2).backward()
    (grad_input, grad_output), = calls
    assert [g is None for g in grad_input] == [False, True, True]
    assert [g is None for g in grad_output] == [False, True, True]
    assert grad_input[0].tolist() == [6, 6]
    with pytest.raises(RuntimeError, match="invalid number of grad_input, got 2, but expected 3"):
        model.register_full_backward_hook(lambda m, gi, go: (gi[0], gi[0]))
        model(a, "x", b)[0].sum().backward()


def test_backward_hooks_of_an_lstm_and_without_gradients():
    lstm, calls = nn.LSTM(3, 4), []
    lstm.register_full_backward_hook(lambda m, gi, go: calls.append(len(go)))
    output, (h, c) = lstm(nr.randn(5, 2, 3))
    output.sum().backward()
    assert calls == [2]  # of the tuple's parts, one is a tuple itself
    with nr.no_grad():
        lstm(nr.randn(5, 2, 3))
    assert calls == [2]


def _count(module, grad_input, grad_output):
    module.count = getattr(module, "count", 0) + 1


def test_backward_hooks_are_copied():
    layer = nn.Linear(2, 2)
    layer.register_full_backward_hook(_count)
    for again in (copy.deepcopy(layer), pickle.loads(pickle.dumps(layer))):
        again(nr.ones(1, 2)).sum().backward()
        assert again.count == 1
    assert not hasattr(layer, "count")


# ---- state -----------------------------------------------------------------------------------------


def counters(library):
    class Counter(library.nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = library.nn.Parameter(library.ones(2))
            self.seen = 0

        def get_extra_state(self):
            return {"seen": self.seen}

        def set_extra_state(self, state):
            self.seen = state["seen"]

    return library.nn.Sequential(Counter(), library.nn.Linear(2, 2))


def test_extra_state():
    for library in (nr, torch):
        model, other = counters(library), counters(library)
        model[0].seen = 5
        state = model.state_dict()
        assert list(state) == ["0.weight", "0._extra_state", "1.weight", "1.bias"]
        assert state["0._extra_state"] == {"seen": 5}
        other.load_state_dict(state)
        assert other[0].seen == 5
        del state["0._extra_state"]
        with pytest.raises(RuntimeError, match="0._extra_state"):
            other.load_state_dict(state)
        missing, unexpected = other.load_state_dict(state, strict=False)
        assert missing == ["0._extra_state"] and unexpected == []
        state["1._extra_state"] = 3
        _, unexpected = other.load_state_dict(state, strict=False)
        assert unexpected == ["1._extra_state"]
        with pytest.raises(RuntimeError):
            library.nn.Linear(1, 1).get_extra_state()


def test_state_dicts_of_pytorch_are_taken():
    theirs = torch.nn.Linear(3, 2).double()
    ours = nn.Linear(3, 2).double()
    ours.load_state_dict(theirs.state_dict())
    assert_same(ours(nr.tensor(X)), theirs(torch.tensor(X)))


@pytest.mark.parametrize("kind", ["buffer", "parameter", "module"])
def test_names_are_taken_once(kind):
    def register(library, model, name, which=kind):
        value = {
            "buffer": lambda: library.zeros(1),
            "parameter": lambda: library.nn.Parameter(library.zeros(1)),
            "module": lambda: library.nn.Linear(1, 1),
        }[which]()
        (model.add_module if which == "module" else getattr(model, f"register_{which}"))(name, value)

    for library in (nr, torch):
        for name, error in (("0", KeyError), ("a.b", KeyError), ("", KeyError), ("forward", KeyError), (5, TypeError)):
            model = library.nn.Sequential(library.nn.Linear(2, 2))
            if kind == "module" and name == "0":
                register(library, model, name)  # one of the same kind is replaced
                continue
            with pytest.raises(error):
                register(library, model, name)
        for other in {"buffer", "parameter", "module"} - {kind}:
            model = library.nn.Linear(1, 1)
            register(library, model, "x", other)
            with pytest.raises(KeyError, match="attribute 'x' already exists"):
                register(library, model, "x")


def test_wrong_members():
    for library in (nr, torch):
        with pytest.raises(TypeError):
            library.nn.Linear(1, 1).register_buffer("x", 5)
        with pytest.raises(TypeError):
            library.nn.Linear(1, 1).add_module("x", 5)


# ---- memory and dtypes -----------------------------------------------------------------------------


def test_to_empty_and_type():
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    before = net[0].weight.data_ptr()
    assert net.to_empty(device="cpu") is net
    assert net[0].weight.data_ptr() != before
    assert net[0].weight.device.type == "cpu" and net[0].weight.shape == (3, 2) and net[0].weight.requires_grad
    assert isinstance(net[0].weight, nn.Parameter)
    shared = nn.Linear(2, 2)
    shared.other = shared.weight
    shared.to_empty(device="cpu")
    assert shared.other is shared.weight
    for library in (nr, torch):
        model = library.nn.Sequential(library.nn.Linear(2, 3), library.nn.BatchNorm1d(3))
        assert model.type(library.float64) is model
        assert {str(v.dtype).split(".")[-1] for v in model.state_dict().values()} == {"float64"}
        with pytest.raises(TypeError):
            model.to(library.int64)
    with pytest.raises((RuntimeError, ValueError, NotImplementedError), match="cuda|CUDA"):
        nn.Linear(1, 1).cuda()


def test_apply_to_tensors():
    net = nn.Linear(2, 2)
    before = net.weight.detach().clone()
    assert net._apply(lambda t: t * 2) is net
    assert_same(net.weight, (before * 2).numpy())
    assert net.weight.requires_grad


# ---- lazy parameters -------------------------------------------------------------------------------


def test_uninitialized_parameters_refuse_to_be_used():
    for library, kinds in ((nr, ValueError), (torch, (ValueError, RuntimeError))):
        weight = library.nn.LazyLinear(3).weight
        x = library.ones(2, 2)
        for use in (
            lambda: weight + 1,
            lambda: x @ weight,
            lambda: weight.sum(),
            lambda: library.matmul(x, weight),
            lambda: library.nn.functional.linear(x, weight),
            lambda: weight[0],
            lambda: -weight,
        ):
            with pytest.raises(kinds):
                use()
    layer = nn.LazyLinear(3)
    again = copy.deepcopy(layer)
    assert again(nr.ones(1, 2)).shape == (1, 3)
    assert set(layer.state_dict()) == {"weight", "bias"}
    layer(nr.ones(1, 2))
    assert (layer.weight + 1).shape == (3, 2)


# ---- containers of parameters ----------------------------------------------------------------------


def lists(library):
    p = library.nn.ParameterList([library.ones(2), library.nn.Parameter(library.zeros(1)), "text"])
    p.append(library.full((3,), 2.0))
    p.extend([library.nn.Parameter(library.ones(1))])
    p += [library.ones(4)]
    p[1] = library.full((2,), 7.0)
    return p


def test_parameter_lists():
    found = []
    for library in (nr, torch):
        p = lists(library)
        found.append(
            (
                [tuple(v.shape) if not isinstance(v, str) else v for v in p],
                len(p),
                list(p.state_dict()),
                [type(v).__name__ for v in p],
                p[1].tolist(),
                p[-1].tolist(),
                len(p[1:3]),
                type(p[1:3]).__name__,
            )
        )
        with pytest.raises(IndexError):
            p[9]
        with pytest.raises(RuntimeError, match="should not be called"):
            p()
        with pytest.raises(TypeError):
            p.extend(5)
    assert found[0] == found[1]
    again = pickle.loads(pickle.dumps(lists(nr)))
    assert again[2] == "text" and again[0].tolist() == [1, 1]
    assert repr(nn.ParameterList([nr.ones(2, 3)])) == "ParameterList(  (0): Parameter containing: [neura.float32 of size 2x3])"


def test_parameter_dicts():
    found = []
    for library in (nr, torch):
        one = library.ones
        d = library.nn.ParameterDict({"b": one(2), "a": one(1)})
        order = list(d)
        d["c"] = one(3)
        d["text"] = "x"
        d.update([("e", one(4))])
        facts = [order, list(d), list(reversed(d)), len(d), "c" in d, d.get("zz"), tuple(d.get("c").shape)]
        facts += [tuple(d.pop("c").shape), d.popitem()[0], list(d.keys()), [k for k, _ in d.items()]]
        facts += [tuple(d.setdefault("n", one(5)).shape), tuple(d.setdefault("n", one(6)).shape)]
        joined = d | library.nn.ParameterDict({"z": one(1)})
        facts += [sorted(joined.keys()), list(d.copy().keys()), list(d.fromkeys(["p", "q"]).keys())]
        d |= {"y": one(1)}
        facts += [list(d.state_dict())]
        del d["y"]
        d.clear()
        facts += [len(d), list(d.state_dict())]
        found.append(facts)
        with pytest.raises(TypeError):
            d[5] = one(1)
        with pytest.raises(ValueError):
            d.update([(1, 2, 3)])
        with pytest.raises(TypeError):
            d.update(5)
        with pytest.raises(RuntimeError):
            d(1)
    assert found[0] == found[1]


# ---- layers ----------------------------------------------------------------------------------------


def test_adaptive_log_softmax():
    theirs = torch.nn.AdaptiveLogSoftmaxWithLoss(8, 20, [4, 10, 15], div_value=2.0, head_bias=True)
    ours = nn.AdaptiveLogSoftmaxWithLoss(8, 20, [4, 10, 15], div_value=2.0, head_bias=True)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict())
    assert repr(ours) == repr(theirs)
    x = np.random.default_rng(0).standard_normal((12, 8), dtype="float32")
    target = np.array([0, 3, 4, 9, 10, 14, 15, 19, 2, 5, 11, 16])
    grads = []
    for library, model in ((nr, ours), (torch, theirs)):
        inputs = library.tensor(x, requires_grad=True)
        output, loss = model(inputs, library.tensor(target))
        loss.backward()
        grads.append((output, loss, inputs.grad, model.log_prob(inputs), model.predict(inputs), model.tail[2][1].weight.grad))
    for mine, other in zip(*grads):
        assert_same(mine, other)
    one = ours(nr.tensor(x[0]), nr.tensor(17))
    assert_same(one.output, theirs(torch.tensor(x[0]), torch.tensor(17)).output)
    for library in (nr, torch):
        with pytest.raises(ValueError):
            library.nn.AdaptiveLogSoftmaxWithLoss(8, 20, [10, 4])
    with pytest.raises(IndexError, match="target values should be in"):
        ours(nr.tensor(x[:1]), nr.tensor([20]))


def test_sync_batch_norm():
    net = nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2), nn.Sequential(nn.BatchNorm1d(4, affine=False)))
    x = nr.randn(3, 1, 4, 4)
    net[1](net[0](x))
    expected = net[1](net[0](x))
    converted = nn.SyncBatchNorm.convert_sync_batchnorm(copy.deepcopy(net))
    assert type(converted[1]) is nn.SyncBatchNorm and type(converted[2][0]) is nn.SyncBatchNorm
    assert set(converted.state_dict()) == set(net.state_dict())
    assert_same(converted[1](converted[0](x)), expected.detach().numpy())
    alone = nn.SyncBatchNorm(3)
    assert repr(alone) == "SyncBatchNorm(3, eps=1e-05, momentum=0.1, affine=True, track_running_stats=True)"
    assert alone(nr.randn(2, 3)).shape == (2, 3) and alone(nr.randn(2, 3, 2, 2, 2)).shape == (2, 3, 2, 2, 2)
    with pytest.raises(ValueError, match="process group"):
        nn.SyncBatchNorm(3, process_group=object())
    pickle.loads(pickle.dumps(alone))(nr.randn(2, 3))


def test_attention_takes_bool_and_floating_masks_alone():
    attention = nn.MultiheadAttention(4, 2)
    x = nr.randn(3, 2, 4)
    for name, shape in (("attn_mask", (3, 3)), ("key_padding_mask", (2, 3))):
        with pytest.raises(ValueError, match=f"only bool and floating types of {name} are supported, got int64"):
            attention(x, x, x, **{name: nr.zeros(*shape, dtype=nr.int64)})
    with pytest.raises(ValueError, match="only bool and floating"):
        nn.functional.scaled_dot_product_attention(x, x, x, nr.ones(2, 2, dtype=nr.int32))


# ---- summaries -------------------------------------------------------------------------------------


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(3, 8, 3)
        self.rnn = nn.LSTM(32, 5)
        self.head = nn.Linear(5, 2)

    def forward(self, x, scale=1):
        output, _ = self.rnn(self.conv(x).flatten(2) * scale)
        return self.head(output)


def test_summary():
    model = Classifier()
    model.conv.weight.requires_grad_(False)
    found = nr.summary(model, nr.ones(2, 3, 6, 10), scale=2)
    assert [layer.name for layer in found.layers] == ["", "conv", "rnn", "head"]
    conv, rnn, head = found.layers[1:]
    assert conv.output_shapes == [(2, 8, 4, 8)] and conv.multiply_adds == 2 * 8 * 4 * 8 * 27
    assert conv.parameters == 224 and conv.trainable == 8
    assert rnn.output_shapes == [(2, 8, 5), (1, 8, 5), (1, 8, 5)]
    assert rnn.multiply_adds == 2 * 8 * 4 * 5 * (32 + 5)
    assert head.multiply_adds == 2 * 8 * 2 * 5 and head.type == "Linear"
    assert found.parameters == sum(p.numel() for p in model.parameters())
    assert found.trainable == found.parameters - 216
    assert found.input_bytes == 2 * 3 * 6 * 10 * 4
    assert "conv (Conv2d)" in repr(found) and "[2, 8, 4, 8]" in repr(found)
    assert model.training and model(nr.ones(1, 3, 6, 10)).requires_grad
    with pytest.raises(TypeError, match="takes a Module"):
        nr.summary(5)


def test_a_summary_that_fails_leaves_no_traces():
    model = nn.Sequential(nn.Linear(3, 2), nn.Dropout())
    with pytest.raises(ValueError, match="last extent") as kept:
        nr.summary(model, nr.ones(1, 4))
    assert kept.value.__traceback__ is not None
    assert nr.is_grad_enabled() and model.training and model(nr.ones(1, 3)).requires_grad


@pytest.mark.parametrize("result", [dict, list])
def test_backward_hooks_follow_results_of_tensors(result):
    class Parts(nn.Module):
        def forward(self, x):
            return {"a": 2 * x, "b": 3 * x} if result is dict else [2 * x, 3 * x]

    seen = []
    module = Parts()
    module.register_full_backward_hook(lambda m, grad_input, grad_output: seen.append((grad_input, grad_output)))
    x = nr.ones(2, requires_grad=True)
    parts = module(x)
    first, second = parts.values() if result is dict else parts
    (first + 5 * second).sum().backward()
    (((grad_input,), grad_output),) = seen
    assert grad_input.tolist() == [17.0, 17.0] and [g.tolist() for g in grad_output] == [[1.0, 1.0], [5.0, 5.0]]


def test_backward_hooks_say_what_they_cannot_follow():
    class Text(nn.Module):
        def forward(self, x):
            return str(x.shape)

    module = Text()
    module.register_full_backward_hook(lambda m, grad_input, grad_output: grad_output[0])
    with pytest.warns(UserWarning, match="backward hooks of Text are not called: .* but str"):
        module(nr.ones(2, requires_grad=True))


def test_parameter_lists_hold_no_old_tensors():
    parameters = nn.ParameterList([nr.ones(2), "parameter"])
    old = weakref.ref(parameters[0])
    parameters.to(nr.float64)
    gc.collect()
    assert parameters[0].dtype == nr.float64 and parameters[1] == "parameter" and old() in (None, parameters[0])
    copied = pickle.loads(pickle.dumps(copy.deepcopy(parameters)))
    assert copied[0].tolist() == [1.0, 1.0] and len(list(copied.parameters())) == 1


def test_adaptive_log_softmax_refuses_values_that_divide_nothing():
    for value in (0, -1, nr.nan, nr.inf):
        with pytest.raises(ValueError, match="div_value must be finite and positive"):
            nn.AdaptiveLogSoftmaxWithLoss(4, 10, [2], div_value=value)
    with pytest.raises(ValueError, match="cluster 0 would have .* hidden features"):
        nn.AdaptiveLogSoftmaxWithLoss(4, 10, [2], div_value=1e-300)


def test_wrong_words_of_hooks_names_and_summaries():
    layer = nn.Linear(3, 2)
    layer.register_full_backward_hook(lambda m, grad_input, grad_output: 3)
    with pytest.raises(TypeError, match="a full backward hook returns None, or a Tensor or a tuple of them .* not 3"):
        layer(nr.ones(2, 3, requires_grad=True)).sum().backward()
    with pytest.raises(KeyError, match="cannot contain"):
        nn.ParameterDict({"a.b": nr.ones(1)})
    with pytest.raises(TypeError, match="takes the inputs themselves"):
        nr.summary(nn.Linear(3, 2), (1, 3))


def test_regular_backward_hooks():
    for library in (nr, torch):
        found = []
        module, x = library.nn.ReLU(), library.ones(3, 2, requires_grad=True)
        handle = module.register_backward_hook(lambda m, given, out: (found.append((m, out[0].shape)), (given[0] * 3,))[1])
        module(x).sum().backward()
        assert x.grad.tolist() == [[3.0, 3.0]] * 3 and found[0][0] is module and tuple(found[0][1]) == (3, 2)
        with pytest.raises(RuntimeError, match="Cannot use both regular backward hooks and full backward hooks"):
            module.register_full_backward_hook(lambda m, given, out: None)
        handle.remove()
        x.grad = None
        module(x).sum().backward()
        assert x.grad.tolist() == [[1.0, 1.0]] * 3
        other = library.nn.ReLU()
        other.register_full_backward_hook(lambda m, given, out: None)
        with pytest.raises(RuntimeError, match="Cannot use both"):
            other.register_backward_hook(lambda m, given, out: None)


def test_parameter_dicts_keep_their_methods():
    for library in (nr, torch):
        made = library.nn.ParameterDict()
        for name in ("keys", "items", "train"):
            with pytest.raises(KeyError, match="already exists"):
                made[name] = library.nn.Parameter(library.zeros(1))
        made = library.nn.ParameterDict({"a": library.nn.Parameter(library.zeros(1))})
        made["a"] = library.nn.Parameter(library.ones(1))
        assert list(made.keys()) == ["a"] and made["a"].item() == 1
