"""Initial values beside PyTorch's: what they are exactly, or how they are distributed."""

import inspect
import math

import neura as nr
import numpy as np
import pytest
import torch
from neura import nn

from compare import assert_same

NAMES = [n for n in dir(torch.nn.init) if n.endswith("_") and not n.startswith("_")]


@pytest.mark.parametrize("name", [*NAMES, "calculate_gain"])
def test_arguments_are_those_of_pytorch(name):
    ours = list(inspect.signature(getattr(nn.init, name)).parameters.values())
    theirs = list(inspect.signature(getattr(torch.nn.init, name)).parameters.values())
    assert [p.name for p in ours if p.name != "generator"] == [p.name for p in theirs]
    for mine, other in zip(ours, theirs):
        assert mine.default == other.default


def test_gains_are_those_of_pytorch():
    linear = ["linear", "sigmoid", *(f"conv{t}{d}d" for t in ("", "_transpose") for d in (1, 2, 3))]
    for name in (*linear, "tanh", "relu", "leaky_relu", "selu"):
        assert nn.init.calculate_gain(name) == torch.nn.init.calculate_gain(name)
    for param in (0, 0.3, -1.0, None):
        assert nn.init.calculate_gain("leaky_relu", param) == torch.nn.init.calculate_gain("leaky_relu", param)
    with pytest.raises(ValueError, match="gelu"):
        nn.init.calculate_gain("gelu")


@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4, 4), (0, 3)])
def test_eye(shape):
    x = nr.full(shape, 7.0)
    assert nn.init.eye_(x) is x
    assert_same(x, torch.nn.init.eye_(torch.full(shape, 7.0)), 0, 0)
    with pytest.raises(ValueError):
        nn.init.eye_(nr.ones(3))


@pytest.mark.parametrize("shape", [(3, 5, 4), (6, 2, 3, 2), (4, 4, 1, 2, 3)])
@pytest.mark.parametrize("groups", [1, 2])
def test_dirac(shape, groups):
    x = nr.full(shape, 7.0)
    if shape[0] % groups:
        with pytest.raises(ValueError, match="groups"):
            nn.init.dirac_(x, groups)
        return
    assert nn.init.dirac_(x, groups) is x
    assert_same(x, torch.nn.init.dirac_(torch.full(shape, 7.0), groups), 0, 0)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5), (3, 2, 2, 2), (0, 4)])
def test_orthogonal(shape):
    x, y = nr.empty(*shape), torch.empty(*shape)
    assert nn.init.orthogonal_(x, gain=1.5) is x
    torch.nn.init.orthogonal_(y, gain=1.5)
    if not x.numel():
        return
    for matrix in (x.numpy().reshape(shape[0], -1), y.numpy().reshape(shape[0], -1)):
        rows = min(matrix.shape)
        product = matrix @ matrix.T if matrix.shape[0] == rows else matrix.T @ matrix
        np.testing.assert_allclose(product, 2.25 * np.eye(rows), atol=1e-5)


def test_sparse():
    for module, x in ((nn, nr.empty(10, 400)), (torch.nn, torch.empty(10, 400))):
        module.init.sparse_(x, 0.15, std=0.5)
        values = x.numpy()
        assert ((values == 0).sum(0) == 2).all()
        assert abs((values == 0).sum(1) - 80).max() < 40
        assert abs(values[values != 0].std() - 0.5) < 0.03


@pytest.mark.parametrize("mean,std,a,b", [(0.0, 1.0, -2.0, 2.0), (1.0, 0.5, 0.5, 3.0), (0.0, 2.0, 1.0, 2.0)])
def test_trunc_normal(mean, std, a, b):
    ours = nn.init.trunc_normal_(nr.empty(300, 200), mean, std, a, b).numpy()
    theirs = torch.nn.init.trunc_normal_(torch.empty(300, 200), mean, std, a, b).numpy()
    assert a <= ours.min() and ours.max() <= b
    assert abs(ours.mean() - theirs.mean()) < 0.02 and abs(ours.std() - theirs.std()) < 0.02
    quantiles = np.linspace(0.05, 0.95, 7)
    np.testing.assert_allclose(np.quantile(ours, quantiles), np.quantile(theirs, quantiles), atol=0.04)


def test_draws_follow_a_generator():
    for fill in (nn.init.trunc_normal_, nn.init.orthogonal_, lambda x, generator: nn.init.sparse_(x, 0.5, generator=generator)):
        first, second = (fill(nr.empty(4, 6), generator=nr.Generator().manual_seed(3)) for _ in range(2))
        assert first.tolist() == second.tolist()


def test_what_requires_a_gradient_is_overwritten_outside_of_graphs():
    weight = nn.Linear(4, 3).weight
    for fill in (nn.init.trunc_normal_, nn.init.orthogonal_, nn.init.eye_):
        assert fill(weight) is weight and weight.is_leaf and weight.requires_grad
    assert math.isclose(weight.sum().item(), 3.0)
