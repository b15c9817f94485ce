"""neura.nn.utils beside PyTorch's: weights made from others, lazy layers, fusion, initial values."""

import copy
import pickle

import neura as nr
import numpy as np
import pytest
import torch
from neura import nn
from neura.nn.utils import parametrizations, parametrize

from compare import assert_same, both, from_torch


def random(*shape, seed=0):
    return np.random.RandomState(seed + sum(shape)).randn(*shape).astype(np.float32)


def same_weights(ours, theirs):
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict({key: from_torch(value) for key, value in theirs.state_dict().items()})
    return ours, theirs


def compare(ours, theirs, *shape):
    """A call and its gradients."""
    double = next(theirs.parameters()).dtype is torch.float64
    x, y = both(random(*shape).astype(np.float64 if double else np.float32), requires_grad=True)
    a, b = ours(x), theirs(y)
    assert_same(a, b, 1e-4, 1e-5)
    ours.zero_grad(), theirs.zero_grad()
    (a * a).sum().backward(), (b * b).sum().backward()
    assert_same(x.grad, y.grad, 1e-3, 1e-4)
    for (name, mine), (other_name, other) in zip(ours.named_parameters(), theirs.named_parameters()):
        assert name == other_name
        assert_same(mine.grad, other.grad, 1e-3, 1e-4)


LAYERS = [("Linear", (4, 3), (5, 4)), ("Conv2d", (2, 3, 3), (1, 2, 5, 5)), ("ConvTranspose2d", (2, 3, 3), (1, 2, 4, 4))]


@pytest.mark.parametrize("name,args,shape", LAYERS, ids=[name for name, *_ in LAYERS])
@pytest.mark.parametrize("dim", [0, 1, None])
def test_weight_norm(name, args, shape, dim):
    ours = nn.utils.weight_norm(getattr(nn, name)(*args), dim=dim)
    theirs = torch.nn.utils.weight_norm(getattr(torch.nn, name)(*args), dim=dim)
    same_weights(ours, theirs)
    compare(ours, theirs, *shape)
    assert repr(ours) == repr(theirs)
    # What training changes is g and v, and the weight follows.
    for module in (ours, theirs):
        for parameter in module.parameters():
            parameter.data = parameter.data * 1.5
    compare(ours, theirs, *shape)
    clone = copy.deepcopy(ours)
    assert clone(nr.ones(*shape)).tolist() == pickle.loads(pickle.dumps(ours))(nr.ones(*shape)).tolist()
    with pytest.raises(RuntimeError, match="two weight_norm hooks"):
        nn.utils.weight_norm(ours)
    nn.utils.remove_weight_norm(ours), torch.nn.utils.remove_weight_norm(theirs)
    assert sorted(ours.state_dict()) == sorted(theirs.state_dict()) and isinstance(ours.weight, nn.Parameter)
    assert_same(ours.weight, theirs.weight, 1e-5, 1e-6)
    x, y = both(random(*shape))
    assert_same(ours(x), theirs(y), 1e-4, 1e-5)
    with pytest.raises(ValueError, match="not found"):
        nn.utils.remove_weight_norm(ours)


def test_weights_of_recurrent_layers():
    ours, theirs = nn.LSTM(3, 4, 2), torch.nn.LSTM(3, 4, 2)
    same_weights(ours, theirs)
    weight = ours.weight_hh_l1.tolist()
    nn.utils.weight_norm(ours, "weight_hh_l1")
    assert "weight_hh_l1_g" in ours.state_dict() and "weight_hh_l1" not in ours.state_dict()
    x, y = both(random(5, 2, 3))
    assert_same(ours(x)[0], theirs(y)[0], 1e-4, 1e-5)
    ours(x)[0].sum().backward()
    assert ours.weight_hh_l1_v.grad is not None and ours.weight_hh_l1_g.grad is not None
    nn.utils.remove_weight_norm(ours, "weight_hh_l1")
    assert np.allclose(ours.weight_hh_l1.tolist(), weight, atol=1e-6)

    class Masked(nn.Module):
        def forward(self, weight):
            return weight.tril()

    parametrize.register_parametrization(ours, "weight_ih_l0", Masked())
    assert isinstance(ours, nn.LSTM) and ours(x)[0].shape == (5, 2, 4)
    expected = nn.LSTM(3, 4, 2)
    expected.load_state_dict({name: getattr(ours, name) for name in expected.state_dict()})
    assert expected(x)[0].tolist() == ours(x)[0].tolist()


def test_weight_norm_of_a_module_of_python():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.weight = nn.Parameter(nr.tensor(random(3, 4)))

        def forward(self, x):
            return x @ self.weight.T

    layer = Own()
    x = nr.ones(2, 4)
    before = layer(x).tolist()
    nn.utils.weight_norm(layer)
    assert list(layer.state_dict()) == ["weight_g", "weight_v"]
    assert np.allclose(layer(x).tolist(), before, atol=1e-6)
    nn.utils.remove_weight_norm(layer)
    assert list(layer.state_dict()) == ["weight"] and np.allclose(layer(x).tolist(), before, atol=1e-6)


@pytest.mark.parametrize("name,args,shape", LAYERS, ids=[name for name, *_ in LAYERS])
def test_spectral_norm(name, args, shape):
    ours = nn.utils.spectral_norm(getattr(nn, name)(*args), n_power_iterations=2)
    theirs = torch.nn.utils.spectral_norm(getattr(torch.nn, name)(*args), n_power_iterations=2)
    same_weights(ours, theirs)
    for _ in range(3):
        compare(ours, theirs, *shape)
    assert_same(ours.weight_u, theirs.weight_u, 1e-4, 1e-5)
    ours.eval(), theirs.eval()
    u = ours.weight_u.tolist()
    compare(ours, theirs, *shape)
    assert ours.weight_u.tolist() == u
    nn.utils.remove_spectral_norm(ours), torch.nn.utils.remove_spectral_norm(theirs)
    assert_same(ours.weight, theirs.weight, 1e-4, 1e-5)
    assert sorted(ours.state_dict()) == ["bias", "weight"]


@pytest.mark.parametrize("name,args,shape", LAYERS, ids=[name for name, *_ in LAYERS])
def test_parametrized_spectral_norm(name, args, shape):
    ours = parametrizations.spectral_norm(getattr(nn, name)(*args))
    theirs = torch.nn.utils.parametrizations.spectral_norm(getattr(torch.nn, name)(*args))
    same_weights(ours, theirs)
    assert repr(ours) == repr(theirs)
    for _ in range(2):
        compare(ours, theirs, *shape)
    ours.eval(), theirs.eval()
    compare(ours, theirs, *shape)
    weight = ours.weight.tolist()
    parametrize.remove_parametrizations(ours, "weight")
    assert type(ours) is getattr(nn, name) and ours.weight.tolist() == weight
    assert sorted(ours.state_dict()) == ["bias", "weight"] and isinstance(ours.weight, nn.Parameter)


def test_parametrized_weight_norm():
    layer = nn.Linear(4, 3)
    x = nr.tensor(random(2, 4))
    before = layer(x).tolist()
    parametrizations.weight_norm(layer)
    assert list(layer.state_dict()) == ["bias", "parametrizations.weight.original0", "parametrizations.weight.original1"]
    assert np.allclose(layer(x).tolist(), before, atol=1e-6)
    with nr.no_grad():
        layer.parametrizations.weight.original0.mul_(2)
    layer.bias = None
    assert np.allclose(layer(x).tolist(), (x @ layer.weight.T).tolist(), atol=1e-6)
    layer.weight = nr.ones(3, 4)
    assert np.allclose(layer.weight.tolist(), 1, atol=1e-6)


@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (5, 3)])
@pytest.mark.parametrize("orthogonal_map", ["matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("use_trivialization", [True, False])
def test_orthogonal(shape, orthogonal_map, use_trivialization):
    layer = nn.Linear(*shape[::-1]).double()
    parametrizations.orthogonal(layer, orthogonal_map=orthogonal_map, use_trivialization=use_trivialization)
    eye = np.eye(min(shape))

    def check():
        weight = layer.weight.detach().numpy()
        product = weight @ weight.T if shape[0] < shape[1] else weight.T @ weight
        np.testing.assert_allclose(product, eye, atol=1e-5)

    check()
    theirs = torch.nn.Linear(*shape[::-1]).double()
    torch.nn.utils.parametrizations.orthogonal(theirs, orthogonal_map=orthogonal_map, use_trivialization=use_trivialization)
    assert list(layer.state_dict()) == list(theirs.state_dict())
    layer.load_state_dict({key: from_torch(value) for key, value in theirs.state_dict().items()})
    assert_same(layer.weight, theirs.weight, 1e-4, 1e-5)
    compare(layer, theirs, 2, shape[1])
    optimizers = nr.optim.SGD(layer.parameters(), 0.1), torch.optim.SGD(theirs.parameters(), 0.1)
    for _ in range(3):
        compare(layer, theirs, 2, shape[1])
        for optimizer in optimizers:
            optimizer.step()
    check()
    assert_same(layer.weight, theirs.weight, 1e-3, 1e-4)


def test_parametrizations():
    class Symmetric(nn.Module):
        def forward(self, x):
            return x.triu() + x.triu(1).T

        def right_inverse(self, x):
            return x.triu()

    class Twice(nn.Module):
        def forward(self, x):
            return 2 * x

    layer = nn.Linear(3, 3)
    assert not parametrize.is_parametrized(layer)
    parametrize.register_parametrization(layer, "weight", Symmetric())
    assert type(layer).__name__ == "ParametrizedLinear" and isinstance(layer, nn.Linear)
    assert parametrize.is_parametrized(layer) and parametrize.is_parametrized(layer, "weight")
    assert not parametrize.is_parametrized(layer, "bias")
    assert parametrize.type_before_parametrizations(layer) is nn.Linear
    assert layer.weight.tolist() == layer.weight.T.tolist()
    x = nr.tensor(random(2, 3))
    assert np.allclose(layer(x).tolist(), (x @ layer.weight.T + layer.bias).tolist(), atol=1e-6)
    layer(x).sum().backward()
    grad = layer.parametrizations.weight.original.grad
    assert grad is not None and grad[1, 0] == 0
    assert [n for n, _ in layer.named_parameters()] == ["bias", "parametrizations.weight.original"]
    layer.weight = nr.ones(3, 3)
    assert layer.weight.tolist() == nr.ones(3, 3).tolist()
    parametrize.register_parametrization(layer, "weight", Twice())
    assert layer.weight.tolist() == (2 * nr.ones(3, 3)).tolist()
    with pytest.raises(RuntimeError, match="Twice has no right_inverse"):
        layer.weight = nr.ones(3, 3)
    with parametrize.cached():
        assert layer.weight is layer.weight
    assert layer.weight is not layer.weight
    clone = copy.deepcopy(layer)
    assert clone(x).tolist() == layer(x).tolist() and clone.parametrizations is not layer.parametrizations
    with pytest.raises(RuntimeError, match="state_dict"):
        pickle.dumps(layer)
    with pytest.raises(ValueError, match="no parameter or buffer 'scale'"):
        parametrize.register_parametrization(layer, "scale", Twice())
    parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    assert type(layer) is nn.Linear and layer.weight.tolist() == nr.ones(3, 3).triu().tolist()
    assert "parametrizations" not in dict(layer.named_modules()) and layer(x).shape == (2, 3)

    class Narrow(nn.Module):
        def forward(self, x):
            return x[:2]

    with pytest.raises(ValueError, match="keep dtype and shape"):
        parametrize.register_parametrization(nn.Linear(3, 3), "weight", Narrow())
    norm = parametrize.register_parametrization(nn.BatchNorm1d(3), "running_mean", Twice())
    assert norm.eval()(x).shape == (2, 3)


LAZY = [
    ("LazyLinear", (3,), {}, (5, 4)),
    ("LazyConv1d", (4, 2), {}, (2, 3, 6)),
    ("LazyConv2d", (4, 2), {"groups": 2, "bias": False}, (2, 4, 6, 6)),
    ("LazyConv3d", (4, 2), {}, (3, 4, 4, 4)),
    ("LazyConvTranspose1d", (4, 2), {}, (2, 3, 6)),
    ("LazyConvTranspose2d", (4, 2), {"groups": 2}, (2, 4, 6, 6)),
    ("LazyConvTranspose3d", (4, 2), {}, (2, 3, 4, 4, 4)),
    ("LazyBatchNorm1d", (), {}, (5, 4)),
    ("LazyBatchNorm2d", (1e-3,), {}, (2, 4, 3, 3)),
    ("LazyBatchNorm3d", (), {"affine": False}, (2, 4, 3, 3, 3)),
    ("LazyInstanceNorm1d", (), {"affine": True}, (2, 4, 3)),
    ("LazyInstanceNorm2d", (), {"affine": True, "track_running_stats": True}, (2, 4, 3, 3)),
    ("LazyInstanceNorm3d", (), {"track_running_stats": True}, (2, 4, 3, 3, 3)),
]


@pytest.mark.parametrize("name,args,kwargs,shape", LAZY, ids=[name for name, *_ in LAZY])
def test_a_lazy_layer_becomes_that_of_pytorch(name, args, kwargs, shape):
    ours, theirs = getattr(nn, name)(*args, **kwargs), getattr(torch.nn, name)(*args, **kwargs)
    assert repr(ours) == repr(theirs)
    assert [n for n, _ in ours.named_parameters()] == [n for n, _ in theirs.named_parameters()]
    assert ours.has_uninitialized_params() and all(isinstance(p, nn.UninitializedParameter) for p in ours.parameters())
    for parameter in ours.parameters():
        with pytest.raises(RuntimeError, match="uninitialized"):
            parameter.shape
    theirs(torch.tensor(random(*shape)))
    ours(nr.tensor(random(*shape)))
    assert type(ours).__name__ == type(theirs).__name__ == name[4:] and repr(ours) == repr(theirs)
    same_weights(ours, theirs)
    if list(ours.parameters()):
        compare(ours, theirs, *shape)
    state = {k: v.clone() for k, v in ours.state_dict().items()}
    again = getattr(nn, name)(*args, **kwargs)
    again.load_state_dict(state)
    assert type(again) is type(ours) and all(again.state_dict()[k].tolist() == v.tolist() for k, v in state.items())


def test_lazy_layers_in_networks():
    net = nn.Sequential(nn.LazyConv2d(4, 3), nn.ReLU(), nn.Flatten(), nn.LazyLinear(2)).double()
    copied = copy.deepcopy(net)
    assert net(nr.ones(1, 3, 5, 5, dtype=nr.float64)).shape == (1, 2)
    assert {p.dtype for p in net.parameters()} == {nr.float64} and isinstance(net[3], nn.Linear)
    assert net[0].in_channels == 3 and net[3].in_features == 36
    assert copied(nr.ones(1, 1, 4, 4, dtype=nr.float64)).shape == (1, 2)
    net(nr.ones(1, 3, 5, 5, dtype=nr.float64)).sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    with pytest.raises(RuntimeError, match="LazyConv2d: expected an input of 3 or 4 dimensions"):
        nn.LazyConv2d(4, 3)(nr.ones(5, 5))

    class Own(nn.lazy.LazyModuleMixin, nn.Module):
        def __init__(self):
            super().__init__()
            self.scale = nn.UninitializedParameter()

        def initialize_parameters(self, x):
            self.scale.materialize(x.shape[-1:])
            nn.init.ones_(self.scale)

        def forward(self, x):
            return x * self.scale

    own = Own()
    assert own(nr.ones(2, 3)).tolist() == nr.ones(2, 3).tolist()
    assert not own.has_uninitialized_params() and own.scale.shape == (3,) and own.scale.requires_grad


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("affine", [True, False])
def test_fusion(bias, affine):
    x = nr.tensor(random(4, 2, 6, 6))
    for conv, transpose in ((nn.Conv2d(2, 3, 3, bias=bias), False), (nn.ConvTranspose2d(2, 3, 3, bias=bias), True)):
        norm = nn.BatchNorm2d(3, affine=affine)
        for _ in range(3):
            norm(conv(x))
        with pytest.raises(ValueError, match="eval"):
            nn.utils.fuse_conv_bn_eval(conv, norm)
        conv.eval(), norm.eval()
        fused = nn.utils.fuse_conv_bn_eval(conv, norm, transpose)
        assert type(fused) is type(conv) and fused.weight.requires_grad
        assert_same(fused(x).detach().numpy(), norm(conv(x)).detach().numpy(), 1e-4, 1e-5)
    linear, norm = nn.Linear(6, 3, bias=bias), nn.BatchNorm1d(3, affine=affine)
    y = nr.tensor(random(5, 6))
    norm(linear(y))
    linear.eval(), norm.eval()
    fused = nn.utils.fuse_linear_bn_eval(linear, norm)
    assert_same(fused(y).detach().numpy(), norm(linear(y)).detach().numpy(), 1e-4, 1e-5)


def test_skip_init_leaves_the_generator():
    nr.manual_seed(3)
    expected = nr.rand(2).tolist()
    nr.manual_seed(3)
    layer = nn.utils.skip_init(nn.Linear, 4, 3, bias=False, dtype=nr.float64)
    assert nr.rand(2).tolist() == expected and layer.weight.shape == (3, 4) and layer.weight.dtype is nr.float64
    with pytest.raises(RuntimeError, match="class of modules"):
        nn.utils.skip_init(int)


def test_resets():
    for make in (lambda: nn.Linear(40, 30), lambda: nn.LSTM(4, 30), lambda: nn.Conv2d(3, 10, 3)):
        layer = make()
        weight = next(layer.parameters())
        with nr.no_grad():
            weight.fill_(7)
        layer.reset_parameters()
        assert next(layer.parameters()) is weight and 0 < float(weight.abs().max()) < 1
    norm = nn.BatchNorm1d(3)
    norm(nr.randn(5, 3))
    with nr.no_grad():
        norm.weight.fill_(5)
    norm.reset_running_stats()
    assert norm.running_mean.tolist() == [0, 0, 0] and int(norm.num_batches_tracked) == 0 and norm.weight.tolist() == [5, 5, 5]
    norm.reset_parameters()
    assert norm.weight.tolist() == [1, 1, 1]
    assert not hasattr(nn.ReLU(), "reset_parameters") and not hasattr(nn.Sequential(), "reset_parameters")


def test_members_are_changed_through_their_dicts():
    layer = nn.Linear(3, 2)
    weight = layer.weight
    del layer._parameters["weight"]
    assert [n for n, _ in layer.named_parameters()] == ["bias"]
    layer.weight = weight.detach() * 2
    assert np.allclose(layer(nr.ones(1, 3)).tolist(), (2 * weight.sum(1) + layer.bias).tolist(), atol=1e-6)
    assert "weight" not in layer.state_dict()
    layer.register_parameter("weight", weight)
    assert sorted(layer.state_dict()) == ["bias", "weight"] and layer.weight is weight
    net = nn.Sequential(nn.ReLU())
    net._modules["0"] = nn.Tanh()
    assert isinstance(net[0], nn.Tanh)
