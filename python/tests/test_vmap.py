"""Functions of one example, mapped over all of them, against a loop."""

import neura as nr
import numpy as np
import pytest

from neura.autograd import Function
from neura.func import functional_call, grad, jvp, vjp, vmap


def same(a, b, **tolerance):
    np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), **{"rtol": 1e-5, "atol": 1e-6, **tolerance})


def test_dims():
    x, y = nr.randn(3, 4), nr.randn(4)
    same(vmap(nr.dot, in_dims=(0, None))(x, y), x @ y)
    same(vmap(nr.dot, in_dims=(1, 0))(nr.randn(2, 3) * 0 + 1, nr.ones(3, 2)), nr.full((3,), 2.0))
    same(vmap(lambda t: t.sum(0), in_dims=1, out_dims=-1)(x.unsqueeze(0)), x.T)
    made = vmap(lambda d: {"a": d["x"] * d["y"], "b": (d["x"],)}, in_dims=({"x": 0, "y": None},), out_dims={"a": 1, "b": 0})
    result = made({"x": x, "y": y})
    same(result["a"], (x * y).T)
    same(result["b"][0], x)
    same(vmap(lambda t, *, scale: t * scale)(x, scale=nr.arange(3.0)), x * nr.arange(3.0).unsqueeze(1))
    same(vmap(vmap(lambda a, b: a * b, (None, 0)), (0, None))(x[:, 0], y), nr.outer(x[:, 0], y))
    same(vmap(lambda t: (t * t).sum(), chunk_size=2)(x), (x * x).sum(1))
    same(nr.vmap(lambda t: t + 1)(x), x + 1)
    assert vmap(lambda t, n: t * n, in_dims=(0, None))(x, 3).shape == (3, 4)


def test_misuse():
    x = nr.ones(3)
    with pytest.raises(ValueError, match="number of examples"):
        vmap(nr.add)(x, nr.ones(2))
    with pytest.raises(ValueError, match="no dimension"):
        vmap(nr.sum)(nr.tensor(1.0))
    with pytest.raises(ValueError, match="float"):
        vmap(lambda a, b: a)(x, 1.0)
    with pytest.raises(ValueError, match="tensors"):
        vmap(lambda a: 3)(x)
    for look in (lambda t: t.item(), bool, float, lambda t: t.tolist(), lambda t: t.numpy()):
        with pytest.raises(RuntimeError, match="example"):
            vmap(lambda t: t * (1 if look(t) else 2))(x)
    with pytest.raises(ValueError, match="randomness"):
        vmap(lambda t: t, randomness="any")(x)
    shown = []
    vmap(lambda t: shown.append(repr(t)) or t)(x)
    assert shown == ["examples of vmap(tensor([1., 1., 1.]))"]


def test_randomness():
    x = nr.zeros(3)
    with pytest.raises(RuntimeError, match="randomness"):
        vmap(lambda t: t + nr.rand(()))(x)
    assert len(set(vmap(lambda t: t + nr.rand(()), randomness="same")(x).tolist())) == 1
    assert len(set(vmap(lambda t: t + nr.rand(()), randomness="different")(x).tolist())) == 3
    dropped = vmap(lambda t: nr.nn.functional.dropout(t, 0.5), randomness="different")(nr.ones(8, 50))
    assert len({tuple(row) for row in dropped.tolist()}) == 8


def test_gradients_of_each_example():
    net = nr.nn.Sequential(nr.nn.Conv2d(1, 3, 3), nr.nn.ReLU(), nr.nn.Flatten(), nr.nn.Linear(3 * 4 * 4, 5))
    params = {k: v.detach() for k, v in net.named_parameters()}
    x, y = nr.randn(6, 1, 6, 6), nr.randint(0, 5, (6,))

    def loss(p, image, label):
        logits = functional_call(net, p, image.unsqueeze(0))
        return nr.nn.functional.cross_entropy(logits, label.unsqueeze(0))

    made = vmap(grad(loss), in_dims=(None, 0, 0))(params, x, y)
    for i in range(6):
        one = grad(loss)(params, x[i], y[i])
        for name in params:
            same(made[name][i], one[name])


def test_transforms_nest():
    x, w = nr.randn(4, 3), nr.randn(3, requires_grad=True)
    f = lambda t: (t * w).sin().sum()  # noqa: E731
    same(vmap(grad(f))(x), (x * w).cos() * w)
    same(vmap(lambda t: jvp(f, (t,), (nr.ones(3),))[1])(x), ((x * w).cos() * w).sum(1))
    same(vmap(lambda t: vjp(f, t)[1](nr.tensor(2.0)))(x), 2 * (x * w).cos() * w)
    # A penalty of the gradients of each example, trained through.
    (vmap(grad(f))(x) ** 2).sum().backward()
    trained = w.grad.clone()
    w.grad = None
    (((x * w).cos() * w) ** 2).sum().backward()
    same(trained, w.grad, rtol=1e-4, atol=1e-4)
    total = grad(lambda t: vmap(lambda row: (row**3).sum())(t).sum())(x)
    same(total, 3 * x**2, rtol=1e-4)


def test_indexing_and_writing():
    x = nr.randn(5, 4)

    def f(row):
        own = row.clone()
        own[1:3] = 7.0
        own[0] = row[-1] * 2
        own += row
        return own[[3, 0]], own

    picked, own = vmap(f)(x)
    expected = x.clone()
    expected[:, 1:3] = 7.0
    expected[:, 0] = x[:, -1] * 2
    expected += x
    same(own, expected)
    same(picked, expected[:, [3, 0]])
    with pytest.raises(ValueError, match="(?i)clone"):
        vmap(lambda row: x[0].add_(row))(x)


class Double(Function):
    """Twice x, with three times the gradient, to be told from it."""

    @staticmethod
    def forward(x):
        return x * 2

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass

    @staticmethod
    def backward(ctx, grad):
        return grad * 3


class Mapped(Double):
    seen = []

    @staticmethod
    def vmap(info, in_dims, x):
        Mapped.seen.append((info.batch_size, in_dims, tuple(x.shape)))
        return Mapped.apply(x.movedim(in_dims[0], 0)), 0


@pytest.mark.parametrize("function", [Double, Mapped])
def test_functions(function):
    x = nr.randn(3, 2, requires_grad=True)
    f = lambda t: (function.apply(t) ** 2).sum()  # noqa: E731
    made = vmap(f)(x)
    same(made, (4 * x * x).sum(1))
    made.sum().backward()
    same(x.grad, 2 * 2 * x * 3)
    same(vmap(grad(f))(x.detach()), 12 * x)
    if function is Mapped:
        assert Mapped.seen[0] == (3, (0,), (3, 2))
