"""Products with Jacobians and Hessians, forward derivatives and transforms of functions, beside PyTorch's."""

import neura as nr
import numpy as np
import pytest
import torch
from compare import assert_same, both

from neura.autograd import forward_ad
from neura.func import (
    functional_call,
    grad,
    grad_and_value,
    hessian,
    jacfwd,
    jacrev,
    jvp,
    linearize,
    stack_module_state,
    vjp,
    vmap,
)


def two_outputs(x, y):
    return (x * x * y).exp() * 0.1, (x * y).sum()


def inputs():
    (a, b), (c, d) = both([0.5, 1.0, -1.5]), both([0.2, 0.3, 0.4])
    return (a, c), (b, d)


def number(x, y):
    return (x * x * y).sum() + (y * y * y).sum()


@pytest.mark.parametrize("name", ["vjp", "jvp", "hvp", "vhp"])
@pytest.mark.parametrize("create_graph", [False, True])
def test_products(name, create_graph):
    ours, theirs = inputs()
    v, u = inputs()
    func = number if name in ("hvp", "vhp") else two_outputs
    if name == "vjp":
        v, u = ((x[0], x[1].sum()) for x in (v, u))
    mine = getattr(nr.autograd.functional, name)(func, ours, v, create_graph=create_graph)
    other = getattr(torch.autograd.functional, name)(func, theirs, u, create_graph=create_graph)
    for a, b in zip(mine, other):
        assert isinstance(a, tuple) == isinstance(b, tuple)
        assert_same(a, b)
    single = getattr(nr.autograd.functional, name)(lambda x: (x * x).sum(), ours[0].sum())
    assert isinstance(single[0], nr.Tensor) and isinstance(single[1], nr.Tensor)


@pytest.mark.parametrize("vectorize", [False, True])
def test_jacobian_and_hessian(vectorize):
    ours, theirs = inputs()
    mine = nr.autograd.functional.jacobian(two_outputs, ours, vectorize=vectorize)
    other = torch.autograd.functional.jacobian(two_outputs, theirs)
    for a, b in zip(mine, other):
        assert_same(a, b)
    mine = nr.autograd.functional.hessian(number, ours, vectorize=vectorize)
    other = torch.autograd.functional.hessian(number, theirs)
    for a, b in zip(mine, other):
        assert_same(a, b)
    forward = nr.autograd.functional.jacobian(two_outputs, ours, vectorize=True, strategy="forward-mode")
    for a, b in zip(forward, torch.autograd.functional.jacobian(two_outputs, theirs)):
        assert_same(a, b)
    assert isinstance(nr.autograd.functional.jacobian(lambda x: x * 2, ours[0]), nr.Tensor)


def test_create_graph_and_strict():
    x = nr.tensor([1.0, 2.0], requires_grad=True)
    jacobian = nr.autograd.functional.jacobian(lambda t: t**3, x, create_graph=True)
    jacobian.sum().backward()
    assert x.grad.tolist() == [6.0, 12.0]
    with pytest.raises((RuntimeError, ValueError), match="depend"):
        nr.autograd.functional.jacobian(lambda a, b: a * 2, (x, x * 1), strict=True)


def test_grad_and_value():
    f = lambda p, x: ((p["w"] * x).sum() ** 2, {"seen": x * 1})  # noqa: E731
    p = {"w": nr.tensor([1.0, 2.0]), "unused": nr.ones(1)}
    (gradient, (value, aux)) = grad_and_value(f, has_aux=True)(p, nr.tensor([3.0, 4.0]))
    assert value.item() == 121.0 and gradient["w"].tolist() == [66.0, 88.0]
    assert gradient["unused"].tolist() == [0.0] and aux["seen"].tolist() == [3.0, 4.0]
    assert not value.requires_grad and not gradient["w"].requires_grad
    both_ = grad(lambda a, b: (a * b).sum(), argnums=(0, 1))(nr.tensor([1.0]), nr.tensor([5.0]))
    assert [g.item() for g in both_] == [5.0, 1.0]
    assert grad(grad(grad(lambda x: x**4)))(nr.tensor(2.0)).item() == 48.0
    with pytest.raises(RuntimeError, match="without dimensions"):
        grad(lambda x: x)(nr.ones(2))


def test_grad_inside_of_a_graph():
    w = nr.tensor(3.0, requires_grad=True)
    g = grad(lambda x: w * x**2)(nr.tensor(2.0))
    g.backward()
    assert w.grad.item() == 4.0
    x = nr.tensor(2.0, requires_grad=True)
    grad(lambda t: t**3)(x).backward()
    assert x.grad.item() == 12.0
    with nr.no_grad():
        assert grad(lambda t: t**3)(x).item() == 12.0


def test_vjp_and_jvp():
    ours, theirs = inputs()
    outputs, product = vjp(two_outputs, *ours)
    expected = torch.autograd.functional.vjp(two_outputs, theirs, (torch.ones(3), torch.tensor(2.0)))
    assert_same(outputs, expected[0])
    assert_same(product((nr.ones(3), nr.tensor(2.0))), expected[1])
    tangents, others = inputs()
    made, expected = jvp(two_outputs, ours, tangents), torch.autograd.functional.jvp(two_outputs, theirs, others)
    assert_same(made[0], expected[0])
    assert_same(made[1], expected[1])
    value, linear = linearize(two_outputs, *ours)
    assert_same(value, expected[0])
    assert_same(linear(*tangents), expected[1])
    # Forward over forward: the second derivative of x^3.
    x, one = nr.tensor(2.0), nr.tensor(1.0)
    second = jvp(lambda t: jvp(lambda s: s**3, (t,), (one,))[1], (x,), (one,))[1]
    assert second.item() == 12.0


def test_jacobians_and_hessians_of_func():
    ours, theirs = inputs()
    expected = torch.autograd.functional.jacobian(two_outputs, theirs)
    for transform in (jacrev, jacfwd):
        for a, b in zip(transform(two_outputs, argnums=(0, 1))(*ours), expected):
            assert_same(a, b)
    assert_same(jacrev(lambda x: x.sin(), chunk_size=2)(ours[0]), torch.diag(theirs[0].cos()))
    made = hessian(number, argnums=(0, 1))(*ours)
    for a, b in zip(made, torch.autograd.functional.hessian(number, theirs)):
        assert_same(a, b)
    for outer in (jacrev, jacfwd):
        for inner in (jacrev, jacfwd):
            assert_same(outer(inner(lambda x: (x**3).sum()))(ours[0]), torch.diag(6 * theirs[0]))


def test_functional_call():
    net = nr.nn.Sequential(nr.nn.Linear(3, 2), nr.nn.Tanh(), nr.nn.Linear(2, 1))
    x = nr.randn(4, 3)
    params = {k: v.detach() * 2 for k, v in net.named_parameters()}
    doubled = functional_call(net, params, (x,))
    expected = (x @ params["0.weight"].T + params["0.bias"]).tanh() @ params["2.weight"].T + params["2.bias"]
    np.testing.assert_allclose(doubled.numpy(), expected.numpy(), rtol=1e-5)
    before = net(x)
    gradient = grad(lambda p: functional_call(net, p, x).sum())(params)
    assert set(gradient) == set(params) and gradient["2.bias"].tolist() == [4.0]
    assert (net(x) == before).all()
    with pytest.raises((KeyError, RuntimeError, ValueError), match="nothing"):
        functional_call(net, {"nothing": x}, x)
    with pytest.raises((RuntimeError, ValueError), match="given"):
        functional_call(net, {"2.bias": nr.zeros(1)}, x, strict=True)


def test_ensembles():
    models = [nr.nn.Linear(3, 2) for _ in range(4)]
    params, buffers = stack_module_state(models)
    assert params["weight"].shape == (4, 2, 3) and buffers == {}
    x = nr.randn(5, 3)
    made = vmap(lambda p: functional_call(models[0], p, x))(params)
    np.testing.assert_allclose(made.detach().numpy(), np.stack([m(x).detach().numpy() for m in models]), rtol=1e-5)


def test_forward_ad():
    x, t = nr.tensor([1.0, 2.0]), nr.tensor([1.0, 10.0])
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(x, t)
        primal, tangent = forward_ad.unpack_dual(dual**2 * 3)
        assert primal.tolist() == [3.0, 12.0] and tangent.tolist() == [6.0, 120.0]
        assert forward_ad.unpack_dual(dual).tangent.tolist() == [1.0, 10.0]
        assert forward_ad.unpack_dual(x).tangent is None
        with pytest.raises(ValueError):
            forward_ad.make_dual(x, nr.ones(3))
    with pytest.raises(RuntimeError):
        forward_ad.make_dual(x, t)
