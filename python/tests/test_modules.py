"""Modules of Python around layers of C++: members, state, hooks, copies, errors."""

import copy
import gc
import io
import pickle
import subprocess
import sys
import weakref

import neura as nr
import numpy as np
import pytest
import torch
from neura import nn

from compare import assert_same


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(1, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2))
        self.head = nn.Linear(4 * 4 * 4, 3)
        self.scale = nn.Parameter(nr.ones(1))
        self.register_buffer("calls", nr.zeros(1))
        self.note = "text"

    def forward(self, x):
        self.calls += 1
        return self.head(self.features(x).flatten(1)) * self.scale


NAMES = [
    "scale",
    "features.0.weight",
    "features.0.bias",
    "features.1.weight",
    "features.1.bias",
    "head.weight",
    "head.bias",
]


def test_walking_the_tree():
    net = Net()
    assert sorted(n for n, _ in net.named_parameters()) == sorted(NAMES)
    assert {n for n, _ in net.named_buffers()} == {
        "calls",
        "features.1.running_mean",
        "features.1.running_var",
        "features.1.num_batches_tracked",
    }
    assert [n for n, _ in net.named_children()] == ["features", "head"]
    assert [n for n, _ in net.named_modules()] == ["", "features", "features.0", "features.1", "features.2", "features.3", "head"]
    assert net.get_submodule("features.0") is net.features[0]
    assert net.get_parameter("head.weight") is net.head.weight
    assert net.head.weight is net.head.weight
    assert all(isinstance(p, nn.Parameter) and p.requires_grad for p in net.parameters())
    assert net.head.in_features == 64 and net.features[0].kernel_size in (3, (3, 3))
    assert "head" in dir(net) and "weight" in dir(net.head)
    seen = []
    assert net.apply(lambda m: seen.append(type(m).__name__)) is net
    assert seen[-1] == "Net" and len(seen) == 7
    with pytest.raises(AttributeError, match="'Net' object has no attribute 'missing'"):
        net.missing


def test_state_dict_round_trip():
    a, b = Net(), Net()
    x = nr.randn(2, 1, 8, 8)
    a(x)
    state = a.state_dict()
    assert set(NAMES) < set(state) and not any(t.requires_grad for t in state.values())
    result = b.load_state_dict(state)
    assert result.missing_keys == [] and result.unexpected_keys == []
    a.eval(), b.eval()
    assert a(x).tolist() == b(x).tolist()
    assert state["head.weight"].data_ptr() == a.head.weight.data_ptr()
    buffer = io.BytesIO()
    nr.save(state, buffer)
    buffer.seek(0)
    b.load_state_dict(nr.load(buffer))


def test_state_dicts_are_those_of_pytorch():
    def tree(library):
        return library.nn.Sequential(
            library.nn.Conv2d(1, 2, 3, bias=False),
            library.nn.BatchNorm2d(2),
            library.nn.ReLU(),
            library.nn.Flatten(),
            library.nn.Linear(8, 2),
            library.nn.LayerNorm(2),
        )

    ours, theirs = tree(nr), tree(torch)
    assert set(ours.state_dict()) == set(theirs.state_dict())
    ours.load_state_dict({k: nr.tensor(v.numpy()) for k, v in theirs.state_dict().items()})
    x = np.random.RandomState(0).randn(5, 1, 4, 4).astype(np.float32)
    for _ in range(2):
        assert_same(ours(nr.tensor(x)), theirs(torch.tensor(x)), 1e-4, 1e-5)
    ours.eval(), theirs.eval()
    assert_same(ours(nr.tensor(x)), theirs(torch.tensor(x)), 1e-4, 1e-5)
    for name, value in theirs.state_dict().items():
        assert_same(ours.state_dict()[name], value, 1e-4, 1e-5)


def test_load_state_dict_errors():
    net = nn.Linear(2, 3)
    with pytest.raises((RuntimeError, KeyError, ValueError), match="bias"):
        net.load_state_dict({"weight": nr.ones(3, 2)})
    with pytest.raises((RuntimeError, KeyError, ValueError), match="extra"):
        net.load_state_dict({**net.state_dict(), "extra": nr.ones(1)})
    with pytest.raises((RuntimeError, ValueError), match="weight"):
        net.load_state_dict({**net.state_dict(), "weight": nr.ones(2, 3)})
    result = net.load_state_dict({"weight": nr.ones(3, 2), "extra": nr.ones(1)}, strict=False)
    assert result.missing_keys == ["bias"] and result.unexpected_keys == ["extra"]
    assert net.weight.tolist() == [[1.0, 1.0]] * 3


def test_members_are_replaced_and_deleted():
    net = Net()
    net.head = nn.Identity()
    assert "head.weight" not in net.state_dict() and isinstance(net.head, nn.Identity)
    del net.head
    assert not hasattr(net, "head")
    net.scale = nn.Parameter(nr.zeros(1))
    assert net.state_dict()["scale"].item() == 0.0
    net.scale = None
    assert net.scale is None and "scale" not in net.state_dict()
    net.calls = nr.ones(1)
    assert net.state_dict()["calls"].item() == 1.0
    del net.note
    with pytest.raises(AttributeError):
        del net.note
    layer = nn.Linear(2, 2)
    with pytest.raises(TypeError, match="Parameter"):
        layer.weight = nr.ones(2, 2)
    layer.bias = None
    assert layer(nr.ones(1, 2)).shape == (1, 2) and list(layer.state_dict()) == ["weight"]
    layer.weight = nn.Parameter(nr.ones(2, 2) * 2)
    assert layer(nr.ones(1, 2)).tolist() == [[4.0, 4.0]]


def test_members_before_init():
    class Early(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(1, 1)
            super().__init__()

    with pytest.raises((AttributeError, TypeError, RuntimeError), match="__init__"):
        Early()


def test_registering():
    net = nn.Module()
    net.register_parameter("w", nn.Parameter(nr.ones(1)))
    net.register_parameter("none", None)
    net.register_buffer("b", nr.zeros(2))
    net.register_buffer("hidden", nr.zeros(2), persistent=False)
    net.add_module("m", nn.ReLU())
    net.register_module("m2", nn.ReLU())
    assert list(net.state_dict()) == ["w", "b"]
    assert [n for n, _ in net.named_parameters()] == ["w"]
    for bad in ("", "a.b", 3):
        with pytest.raises((KeyError, TypeError)):
            net.add_module(bad, nn.ReLU())
    with pytest.raises((TypeError, RuntimeError)):
        net.add_module("x", "no module")
    with pytest.raises(TypeError):
        net.register_parameter("p", "text")
    with pytest.raises(TypeError):
        net.register_parameter("p", nr.ones(1))
    with pytest.raises(NotImplementedError, match="forward"):
        net(nr.ones(1))


def test_tied_weights():
    class Tied(nn.Module):
        def __init__(self):
            super().__init__()
            self.a = nn.Linear(3, 3, bias=False)
            self.b = nn.Linear(3, 3, bias=False)
            self.b.weight = self.a.weight

        def forward(self, x):
            return self.b(self.a(x))

    net = Tied()
    assert len(list(net.parameters())) == 1 and len(net.state_dict()) == 2
    assert net.a.weight is net.b.weight
    net(nr.ones(1, 3)).sum().backward()
    assert net.b.weight.grad is not None
    optimizer = nr.optim.SGD(net.parameters(), lr=0.1)
    optimizer.step()
    assert net.a.weight.tolist() == net.b.weight.tolist()
    clone = copy.deepcopy(net)
    assert clone.a.weight is clone.b.weight and clone.a.weight is not net.a.weight
    net.double()
    assert net.a.weight is net.b.weight and net.b.weight.dtype is nr.float64 and len(list(net.parameters())) == 1
    shared = nn.ReLU()
    assert len(list(nn.Sequential(shared, shared).modules())) == 2


@pytest.mark.parametrize("how", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies(how):
    net = Net()
    x = nr.randn(2, 1, 8, 8)
    net(x)
    net.eval()
    net.head.weight.requires_grad_(False)
    state = nr.default_generator.get_state()
    clone = how(net)
    assert nr.default_generator.get_state() == state
    assert type(clone) is Net and clone.note == "text" and not clone.training
    assert clone(x).tolist() == net(x).tolist()
    assert not clone.head.weight.requires_grad and clone.scale.requires_grad
    with nr.no_grad():
        clone.scale.mul_(2)
    assert net.scale.item() == 1.0
    assert [n for n, _ in clone.named_modules()] == [n for n, _ in net.named_modules()]
    layer = how(nn.Conv2d(2, 4, (3, 1), stride=2, padding=(1, 0), groups=2))
    assert layer.stride in (2, (2, 2)) and layer(nr.ones(1, 2, 5, 5)).shape == (1, 4, 3, 3)
    dropout = how(nn.Dropout(0.25))
    assert dropout.p == 0.25


def test_train_and_eval():
    net = nn.Sequential(nn.Dropout(0.5), Net())
    assert net.training and net[1].features[1].training
    assert net.eval() is net
    assert not any(m.training for m in net.modules())
    net.train()
    assert all(m.training for m in net.modules())
    x = nr.ones(1000)
    dropped = nn.Dropout(0.5)(x)
    assert 300 < (dropped == 0).sum().item() < 700 and dropped.max().item() == 2.0
    assert nn.Dropout(0.5).eval()(x).tolist() == x.tolist()

    class Noted(nn.Module):
        def train(self, mode=True):
            self.mode = mode
            return super().train(mode)

    outer = nn.Sequential(Noted())
    outer.eval()
    assert outer[0].mode is False


def test_freezing_and_zero_grad():
    net = nn.Linear(2, 2)
    assert net.requires_grad_(False) is net
    assert not any(p.requires_grad for p in net.parameters())
    net.requires_grad_()
    net(nr.ones(1, 2)).sum().backward()
    net.zero_grad(set_to_none=False)
    assert net.weight.grad.tolist() == [[0.0, 0.0]] * 2
    net.zero_grad()
    assert net.weight.grad is None


def test_dtypes_of_modules():
    net = Net().double()
    assert {t.dtype for t in net.parameters()} == {nr.float64}
    assert net.features[1].num_batches_tracked.dtype is nr.int64
    assert net(nr.ones(2, 1, 8, 8, dtype=nr.float64)).dtype is nr.float64
    assert net.to(nr.float32) is net and net.head.weight.dtype is nr.float32
    assert net.to("cpu") is net and net.cpu() is net
    with pytest.raises((RuntimeError, ValueError)):
        net.to("cuda")
    # What an optimizer holds stays the parameter where nothing has to be converted.
    layer = nn.Linear(2, 2)
    weight = layer.weight
    assert layer.to(nr.float32).weight is weight and layer.float().weight is weight
    layer.weight.requires_grad_(False)
    assert not layer.double().weight.requires_grad and layer.bias.requires_grad


def test_hooks():
    net = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    calls = []
    pre = net[0].register_forward_pre_hook(lambda m, args: calls.append(("pre", type(m).__name__, len(args))))
    post = net.register_forward_hook(lambda m, args, out: out * 0 + 7)
    assert net(nr.ones(1, 2)).tolist() == [[7.0, 7.0]]
    assert calls == [("pre", "Linear", 1)]
    pre.remove(), post.remove()
    pre.remove()
    net(nr.ones(1, 2))
    assert len(calls) == 1
    changed = net[0].register_forward_pre_hook(lambda m, args: args[0] * 0)
    assert net[0](nr.ones(1, 2)).tolist() == [net[0].bias.tolist()]
    changed.remove()

    def fail(module, args, output):
        raise LookupError("from the hook")

    with net.register_forward_hook(fail), pytest.raises(LookupError, match="from the hook"):
        net(nr.ones(1, 2))
    net(nr.ones(1, 2))


def test_hooks_of_children_inside_cpp_calls():
    seen = []

    class Outer(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Sequential(nn.Linear(2, 2), nn.Tanh())

        def forward(self, x, times=1):
            for _ in range(times):
                x = self.inner(x)
            return x

    net = Outer()
    net.inner[1].register_forward_hook(lambda m, a, o: seen.append(tuple(o.shape)))
    assert net(nr.ones(3, 2), times=2).shape == (3, 2)
    assert seen == [(3, 2), (3, 2)]


def test_a_layer_with_another_forward():
    class Doubled(nn.Linear):
        def __init__(self, *args, factor=2.0, **kwargs):
            super().__init__(*args, **kwargs)
            self.factor = factor
            self.extra = nn.Parameter(nr.ones(1))

        def forward(self, x):
            return super().forward(x) * self.factor + self.extra

    layer = Doubled(2, 3, bias=False, factor=3.0)
    plain = nn.functional.linear(nr.ones(1, 2), layer.weight)
    assert_same(layer(nr.ones(1, 2)), torch.tensor((plain * 3 + 1).detach().numpy()))
    assert [n for n, _ in layer.named_parameters()] == ["weight", "extra"]
    assert nn.Sequential(layer)(nr.ones(1, 2)).tolist() == layer(nr.ones(1, 2)).tolist()
    clone = copy.deepcopy(layer)
    assert type(clone) is Doubled and clone.factor == 3.0
    assert clone(nr.ones(1, 2)).tolist() == layer(nr.ones(1, 2)).tolist()


def test_containers():
    layers = nn.ModuleList([nn.Linear(2, 2) for _ in range(3)])
    layers.append(nn.ReLU())
    assert len(layers) == 4 and isinstance(layers[-1], nn.ReLU) and len(layers[1:3]) == 2
    layers[0] = nn.Identity()
    assert isinstance(layers[0], nn.Identity) and len(list(layers.parameters())) == 4
    named = nn.ModuleDict({"a": nn.Linear(1, 1), "b": nn.ReLU()})
    assert "a" in named and list(named) == ["a", "b"] and len(named) == 2
    del named["a"]
    assert list(named.keys()) == ["b"]
    parameters = nn.ParameterList([nr.ones(1), nn.Parameter(nr.zeros(2))])
    assert [p.numel() for p in parameters] == [1, 2] and len(list(parameters.parameters())) == 2
    by_name = nn.ParameterDict({"w": nr.ones(1)})
    assert by_name["w"].requires_grad and list(by_name) == ["w"]
    sequence = nn.Sequential(nn.Linear(1, 2), nn.ReLU(), nn.Linear(2, 1))
    assert len(sequence) == 3 and isinstance(sequence[1], nn.ReLU) and len(sequence[:2]) == 2
    assert sequence[-1] is sequence[2]
    sequence.append(nn.Tanh())
    assert sequence(nr.ones(1, 1)).shape == (1, 1)
    sequence[1] = nn.Identity()
    assert isinstance(sequence[1], nn.Identity)


def test_wrong_arguments():
    with pytest.raises(TypeError, match="out_features"):
        nn.Linear(2)
    with pytest.raises(TypeError, match="unexpected keyword argument 'biass'"):
        nn.Linear(2, 3, biass=False)
    with pytest.raises(TypeError, match="int"):
        nn.Linear("2", 3)
    with pytest.raises((RuntimeError, ValueError), match=r"\[5, 4\]"):
        nn.Linear(2, 3)(nr.ones(5, 4))
    with pytest.raises(TypeError):
        nn.Linear(2, 3)("text")
    with pytest.raises(TypeError):
        nn.Linear(2, 3)(nr.ones(1, 2), nr.ones(1, 2))


def test_options_as_in_pytorch():
    assert nn.ReLU(inplace=True)(nr.tensor([-1.0])).tolist() == [0.0]
    net = nn.Linear(2, 2)
    net.training = False
    assert not net.training
    assert nn.Linear(2, 3, dtype=nr.float64).weight.dtype is nr.float64
    assert nn.Linear(2, 3, device="cpu").weight.shape == (3, 2)


def test_module_trees_are_freed():
    net = Net()
    net.head.register_forward_hook(lambda m, a, o: None)
    references = [weakref.ref(m) for m in (net, net.features, net.features[0], net.head.weight)]
    del net
    gc.collect()
    assert [r() for r in references] == [None] * 4


def test_a_child_outlives_its_parent():
    net = Net()
    head, conv_weight = net.head, net.features[0].weight
    expected = conv_weight.tolist()
    del net
    gc.collect()
    assert head(nr.ones(1, 64)).shape == (1, 3) and conv_weight.tolist() == expected


def test_buffers_that_are_not_saved_stay_as_they_are():
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(2, 2)
            self.register_buffer("table", nr.ones(2), persistent=False)

    a, b = Net(), Net()
    assert list(a.state_dict()) == ["fc.weight", "fc.bias"]
    b.table.fill_(5)
    assert b.load_state_dict(a.state_dict()) == ([], [])
    assert b.table.tolist() == [5.0, 5.0]
    assert b.fc.weight.tolist() == a.fc.weight.tolist()


def test_errors_name_the_class():
    class Narrow(nn.Linear):
        pass

    with pytest.raises(ValueError, match=r"^Narrow: linear\("):
        Narrow(3, 2)(nr.ones(1, 4))


@pytest.mark.parametrize("child, named", [(1, "int"), (nn.Linear, "the class .*Linear"), (abs, "builtin")])
def test_only_modules_are_modules(child, named):
    for container in (lambda: nn.Sequential(child), lambda: nn.ModuleList([child])):
        with pytest.raises(TypeError, match=f"expected a Module, not {named}"):
            container()


def test_errors_name_the_path_of_the_module():
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc1 = nn.Linear(5, 2)

        def forward(self, x):
            return self.fc1(x)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.block = Block()
            self.layers = nn.Sequential(nn.ReLU(), nn.Sequential(nn.Linear(5, 3), nn.Linear(4, 1)))

        def forward(self, x, which="block"):
            if which == "own":
                raise ValueError("of the user's")
            if which == "function":
                return nn.functional.linear(x, nr.ones(2, 7))
            return getattr(self, which)(x)

    def message(*arguments):
        with pytest.raises(ValueError) as error:
            Net()(*arguments)
        return str(error.value)

    assert message(nr.ones(2, 3)).startswith("Net.block.fc1: linear(float32 [2, 3]")
    assert message(nr.ones(2, 5), "layers").startswith("Net.layers.1.1: linear(float32 [2, 3]")
    assert message(nr.ones(2, 5), "function").startswith("Net: linear(float32 [2, 5]")
    assert message(nr.ones(2, 5), "own") == "of the user's"
    with pytest.raises(ValueError, match=r"^Linear: linear\("):
        nn.Linear(5, 2)(nr.ones(2, 3))
    # Caught and dropped, an error says nothing about the next.
    net = Net()
    for _ in range(2):
        with pytest.raises(ValueError, match=r"^Net\.block\.fc1: linear\("):
            net(nr.ones(2, 3))


def test_a_parameter_that_becomes_another_tensor():
    layer = nn.Linear(3, 2)
    weight = layer.weight
    weight.requires_grad_(False)
    weight.data = nr.ones(4)
    del weight
    # The layer keeps what it has, whatever becomes of the object.
    assert layer.weight.shape == (2, 3) and layer(nr.ones(1, 3)).shape == (1, 2)
    assert [p.shape for p in layer.parameters()] == [(2, 3), (2,)]


def test_what_modules_do_not_take():
    with pytest.raises(TypeError, match="Module.__init__.. takes no arguments"):
        nn.Module(3)
    with pytest.raises(TypeError, match="must hold tensors by their names, not 'weight': int"):
        nn.Linear(3, 2).load_state_dict({"weight": 1, "bias": nr.ones(2)})
    with pytest.raises(TypeError, match="expected a dict of tensors, not list"):
        nn.Linear(3, 2).load_state_dict([])


def test_hooks_are_copied(tmp_path):
    layer = nn.utils.weight_norm(nn.Linear(3, 2))
    path = tmp_path / "layer.pickle"
    path.write_bytes(pickle.dumps(layer))
    source = f"""
import pickle, neura as nr
layer = pickle.load(open({str(path)!r}, "rb"))
with nr.no_grad():
    layer.weight_g.zero_()
assert layer(nr.ones(1, 3)).tolist() == [layer.bias.tolist()]
"""
    subprocess.run([sys.executable, "-c", source], check=True)
