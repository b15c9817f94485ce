"""What graphs keep, checkpoints, anomalies, hooks, and Functions in full."""

import gc
import weakref

import neura as nr
import numpy as np
import pytest
import torch
from compare import assert_same, both

from neura.autograd import Function, graph, once_differentiable
from neura.utils.checkpoint import checkpoint, checkpoint_sequential


def test_saved_tensors_hooks():
    x = nr.tensor([1.0, 2.0], requires_grad=True)
    kept = []

    def pack(tensor):
        kept.append(tensor.shape)
        return len(kept), tensor * 2

    with graph.saved_tensors_hooks(pack, lambda packed: packed[1] / 2):
        y = (x * x * x.exp()).sum()
    assert len(kept) > 3
    y.backward(create_graph=True)
    t = torch.tensor([1.0, 2.0], requires_grad=True)
    (t * t * t.exp()).sum().backward()
    assert_same(x.grad, t.grad)
    with graph.save_on_cpu():
        z = (x.detach().requires_grad_() ** 2).sum()
    z.backward()
    with graph.saved_tensors_hooks(lambda t: t, lambda t: "text"):
        y = (x * x).sum()
    with pytest.raises(TypeError, match="unpack"):
        y.backward()


def test_saved_tensors_hooks_may_be_refused():
    with nr.autograd.graph.disable_saved_tensors_hooks("not here"):
        with pytest.raises(RuntimeError, match="not here"):
            with nr.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
                pass
    with nr.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
        pass


def test_hooks_of_several_tensors():
    x, y, z = (nr.ones(2, requires_grad=True) for _ in range(3))
    product = x * y
    seen = []
    handle = nr.autograd.graph.register_multi_grad_hook([x, product, z], seen.append)
    product.sum().backward(retain_graph=True)
    (grads,) = seen
    assert grads[0].tolist() == [1, 1] == grads[1].tolist() and grads[2] is None
    (x.sum() + z.sum()).backward()
    assert seen[1][0] is not None and seen[1][1] is None and seen[1][2].tolist() == [1, 1]
    handle.remove()
    product.sum().backward()
    assert len(seen) == 2


def test_checkpoint():
    runs = []

    class Block(nr.nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nr.nn.Linear(4, 4)

        def forward(self, x, scale=1.0):
            runs.append(1)
            return {"y": nr.nn.functional.dropout(self.fc(x).tanh(), 0.5) * scale}

    block, x = Block(), nr.randn(3, 4, requires_grad=True)
    results = []
    for run in (lambda: block(x, scale=2.0), lambda: checkpoint(block, x, scale=2.0, use_reentrant=False)):
        nr.manual_seed(5)
        x.grad = block.fc.weight.grad = None
        run()["y"].square().sum().backward()
        results.append((x.grad.tolist(), block.fc.weight.grad.tolist()))
    assert results[0] == results[1] and len(runs) == 3
    net = nr.nn.Sequential(*[nr.nn.Linear(4, 4) for _ in range(5)])
    a = nr.autograd.grad(net(x).sum(), x)[0]
    b = nr.autograd.grad(checkpoint_sequential(net, 2, x).sum(), x)[0]
    assert a.tolist() == b.tolist()
    with pytest.raises(ValueError, match="segments"):
        checkpoint_sequential(net, 6, x)


def test_a_checkpoint_may_give_up_what_it_made():
    kept = []

    def function(x):
        kept[:] = [(nr.sin(x) * x).sum()]  # the second run drops that of the first one
        return (nr.exp(x) * nr.exp(x)).sum()

    x = nr.tensor([0.5, 1.0], requires_grad=True)
    checkpoint(function, x).backward()
    np.testing.assert_allclose(x.grad.numpy(), 2 * np.exp(2 * x.detach().numpy()), rtol=1e-6)


def test_a_checkpoint_is_let_go():
    class Big:
        pass

    big = Big()
    gone = weakref.ref(big)
    x = nr.ones(2, requires_grad=True)
    y = checkpoint(lambda t, b: t * t, x, big)
    del big
    assert gone() is not None
    y.sum().backward()
    del y
    gc.collect()
    assert gone() is None


def test_anomalies():
    x = nr.tensor([-1.0, 4.0], requires_grad=True)
    with nr.autograd.detect_anomaly():
        assert nr.autograd.is_anomaly_enabled()
        with pytest.raises(RuntimeError, match="log.*NaN"):
            x.log()

        class Net(nr.nn.Module):
            def forward(self, t):
                return (t.sqrt() * nr.tensor([0.0, 1.0])).sum()

        y = Net()(x.detach().abs().sub(1).requires_grad_())
        with pytest.raises(RuntimeError, match="(?s)gradient of sqrt.*test_graph.py"):
            y.backward()
    assert not nr.autograd.is_anomaly_enabled()
    with nr.autograd.detect_anomaly(check_nan=False):
        assert x.log().isnan().any()
    nr.autograd.set_detect_anomaly(True)
    assert nr.autograd.is_anomaly_enabled()
    with nr.autograd.set_detect_anomaly(False):
        assert not nr.autograd.is_anomaly_enabled()
    assert nr.autograd.is_anomaly_enabled()
    nr.autograd.set_detect_anomaly(False)


def test_post_accumulate_hooks():
    w = nr.nn.Parameter(nr.ones(2))
    seen = []

    def step(parameter):
        seen.append(parameter.grad.tolist())
        assert parameter is w
        with nr.no_grad():
            parameter -= parameter.grad
        parameter.grad = None

    handle = w.register_post_accumulate_grad_hook(step)
    (w * 3).sum().backward()
    assert seen == [[3.0, 3.0]] and w.grad is None and w.tolist() == [-2.0, -2.0]
    handle.remove()
    (w * 3).sum().backward()
    assert w.grad.tolist() == [3.0, 3.0]
    with pytest.raises((RuntimeError, ValueError), match="leaf"):
        (w * 2).register_post_accumulate_grad_hook(step)


def test_grad_fn():
    x = nr.ones(2, requires_grad=True)
    y = (x * 2).exp()
    assert y.grad_fn.name().startswith("Exp") and y.grad_fn == y.grad_fn
    ((mul, place),) = y.grad_fn.next_functions
    assert mul.name().startswith("Mul") and place == 0
    assert mul.next_functions[0][0].name() == "AccumulateGrad" and mul.next_functions[1][0] is None
    assert len({y.grad_fn, y.grad_fn, mul}) == 2 and x.grad_fn is None
    assert graph.get_gradient_edge(y).node == y.grad_fn
    with pytest.raises(RuntimeError):
        graph.get_gradient_edge(nr.ones(1))
    text = graph.dot(y)
    assert text.startswith("digraph") and '"exp"' in text and "leaf [2]" in text


def test_inference_mode():
    x = nr.ones(2, requires_grad=True)
    with nr.inference_mode():
        assert nr.is_inference_mode_enabled()
        with nr.enable_grad():
            assert not (x * 2).requires_grad
        with nr.inference_mode(False):
            assert (x * 2).requires_grad
    assert not nr.is_inference_mode_enabled()

    @nr.inference_mode
    def plain(t):
        return t * 2

    @nr.inference_mode()
    def called(t):
        return t * 2

    assert not plain(x).requires_grad and not called(x).requires_grad and (x * 2).requires_grad


def test_variable():
    v = nr.autograd.Variable(nr.ones(2), requires_grad=True)
    (v * 2).sum().backward()
    assert v.grad.tolist() == [2.0, 2.0]


# ---- Functions -------------------------------------------------------------------------------


def exp_function(base):
    class Exp(base.autograd.Function):
        @staticmethod
        def forward(x, scale):
            return x.exp() * scale, x.sign()

        @staticmethod
        def setup_context(ctx, inputs, output):
            x, ctx.scale = inputs
            ctx.save_for_backward(output[0])
            ctx.mark_non_differentiable(output[1])

        @staticmethod
        def backward(ctx, grad, _):
            (y,) = ctx.saved_tensors
            return grad * y, None

    return Exp


def test_setup_context():
    x = nr.tensor([1.0, 2.0], requires_grad=True)
    y, sign = exp_function(nr).apply(x, 3.0)
    assert not sign.requires_grad and y.grad_fn.name() == "ExpBackward"
    (first,) = nr.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = nr.autograd.grad(first.sum(), x)
    assert first.tolist() == second.tolist() == y.tolist()


def test_mark_dirty():
    def function(base):
        class Scale(base.autograd.Function):
            @staticmethod
            def forward(ctx, x):
                x.mul_(3)
                ctx.mark_dirty(x)
                return x

            @staticmethod
            def backward(ctx, grad):
                return grad * 30

        return Scale

    x, t = both([1.0, 2.0], requires_grad=True)
    for base, leaf in ((nr, x), (torch, t)):
        h = leaf * 1
        y = function(base).apply(h)
        assert y is h
        (h * 2).sum().backward()
    assert_same(x.grad, t.grad)
    with pytest.raises(RuntimeError, match="leaf"):
        function(nr).apply(x)


def test_once_differentiable():
    class Square(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        @once_differentiable
        def backward(ctx, grad):
            return 2 * grad * ctx.saved_tensors[0]

    x = nr.ones(2, requires_grad=True)
    Square.apply(x).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]
    g = nr.ones(2, requires_grad=True)
    (first,) = nr.autograd.grad(Square.apply(x), x, grad_outputs=g, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        first.sum().backward()


def test_jvp_of_functions():
    class Cube(Function):
        @staticmethod
        def forward(ctx, x, n):
            ctx.save_for_forward(x)
            return x**3

        @staticmethod
        def jvp(ctx, tangent, _):
            (x,) = ctx.saved_tensors
            return 3 * x * x * tangent

    x, v = nr.tensor([1.0, 2.0]), nr.tensor([1.0, 10.0])
    f = lambda t: Cube.apply(t, 3) * 2  # noqa: E731
    assert nr.func.jvp(f, (x,), (v,))[1].tolist() == [6.0, 240.0]
    assert nr.autograd.functional.jvp(f, x, v)[1].tolist() == [6.0, 240.0]
    with nr.autograd.forward_ad.dual_level():
        dual = nr.autograd.forward_ad.make_dual(x, v)
        assert nr.autograd.forward_ad.unpack_dual(f(dual)).tangent.tolist() == [6.0, 240.0]
    with pytest.raises(NotImplementedError):
        f(x.requires_grad_()).sum().backward()
