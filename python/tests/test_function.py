"""Functions with gradients of one's own, and gradcheck()."""

import neura as nr
import numpy as np
import pytest
from neura.autograd import Function, gradcheck


class Exp(Function):
    @staticmethod
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, grad):
        (y,) = ctx.saved_tensors
        return grad * y


class ScaledSum(Function):
    @staticmethod
    def forward(ctx, a, b, scale):
        ctx.scale = scale
        return a * scale + b, (a - b) * scale

    @staticmethod
    def backward(ctx, g1, g2):
        ga = g1 * ctx.scale + g2 * ctx.scale
        gb = g1 - g2 * ctx.scale
        return ga if ctx.needs_input_grad[0] else None, gb, None


def test_function():
    x = nr.tensor([0.0, 1.0], requires_grad=True)
    y = Exp.apply(x)
    assert y.requires_grad and "grad_fn=<ExpBackward>" in repr(y)
    y.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), np.exp([0.0, 1.0]), rtol=1e-6)
    assert not Exp.apply(nr.ones(2)).requires_grad
    with nr.no_grad():
        assert not Exp.apply(x).requires_grad
    a, b = (nr.randn(3, dtype=nr.float64, requires_grad=True) for _ in range(2))
    assert gradcheck(lambda p, q: ScaledSum.apply(p, q, 2.5), (a, b))
    assert gradcheck(Exp.apply, (a,))
    # Only one of two outputs is used.
    ScaledSum.apply(a, b, 2.0)[1].sum().backward()
    assert a.grad.tolist() == [2.0] * 3 and b.grad.tolist() == [-2.0] * 3


def test_function_differentiates_twice():
    x = nr.tensor([0.5], dtype=nr.float64, requires_grad=True)
    (first,) = nr.autograd.grad(Exp.apply(x).sum(), x, create_graph=True)
    (second,) = nr.autograd.grad(first.sum(), x)
    np.testing.assert_allclose(second.numpy(), np.exp([0.5]))


def test_function_that_fails():
    class Fails(Exp):
        @staticmethod
        def backward(ctx, grad):
            raise ZeroDivisionError("from backward")

    class TooFew(ScaledSum):
        @staticmethod
        def backward(ctx, g1, g2):
            return g1

    class NoTensor(Exp):
        @staticmethod
        def backward(ctx, grad):
            return "text"

    class NoBackward(Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

    class FailsForward(Function):
        @staticmethod
        def forward(ctx, x):
            raise KeyError("from forward")

    class WrongShape(Exp):
        @staticmethod
        def backward(ctx, grad):
            return nr.ones(7)

    x = nr.ones(2, requires_grad=True)
    with pytest.raises(ZeroDivisionError, match="from backward"):
        Fails.apply(x).sum().backward()
    with pytest.raises(RuntimeError, match="1 gradients for 3 inputs"):
        TooFew.apply(x, x, 1.0)[0].sum().backward()
    with pytest.raises(TypeError, match="expected a Tensor or None"):
        NoTensor.apply(x).sum().backward()
    with pytest.raises(NotImplementedError):
        NoBackward.apply(x).sum().backward()
    with pytest.raises(KeyError):
        FailsForward.apply(x)
    with pytest.raises((RuntimeError, ValueError)):
        WrongShape.apply(x).sum().backward()
    assert nr.is_grad_enabled()
    x.grad = None
    Exp.apply(x).sum().backward()
    assert x.grad is not None


def test_function_with_saved_input_changed():
    class Square(Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * x

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return 2 * x * grad

    x = nr.ones(2, requires_grad=True)
    h = x * 1
    y = Square.apply(h)
    h.mul_(2)
    with pytest.raises(RuntimeError, match="Square.*changed in place"):
        y.sum().backward()


def test_function_that_marks_outputs():
    class WithIndex(Function):
        @staticmethod
        def forward(ctx, x):
            index = x * 0
            ctx.mark_non_differentiable(index)
            return x * 2, index

        @staticmethod
        def backward(ctx, grad, _):
            return grad * 2

    class Straight(Function):
        @staticmethod
        def forward(ctx, x):
            return x

        @staticmethod
        def backward(ctx, grad):
            return grad * 7

    x = nr.ones(2, requires_grad=True)
    value, index = WithIndex.apply(x)
    assert value.requires_grad and not index.requires_grad
    value.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]
    x.grad = None
    y = Straight.apply(x)
    assert y is not x
    y.sum().backward()
    assert x.grad.tolist() == [7.0, 7.0]


def test_gradcheck_finds_mistakes():
    class Wrong(Exp):
        @staticmethod
        def backward(ctx, grad):
            return grad * 2

    x = nr.randn(3, dtype=nr.float64, requires_grad=True)
    with pytest.raises(RuntimeError, match="central difference"):
        gradcheck(Wrong.apply, (x,))
    assert gradcheck(Wrong.apply, (x,), raise_exception=False) is False
    a, b = (nr.randn(*s, dtype=nr.float64, requires_grad=True) for s in [(2, 3), (3, 2)])
    assert gradcheck(lambda a, b: (a @ b, a.sum()), (a, b))


def test_gradients_of_complex_numbers_are_as_backward_says():
    class SquareOf(Function):
        @staticmethod
        def forward(ctx, z):
            ctx.save_for_backward(z)
            return z * z

        @staticmethod
        def backward(ctx, grad):
            (z,) = ctx.saved_tensors
            assert grad.tolist() == [1j]
            return grad * (2 * z).conj()

    z = nr.tensor([1 + 2j], requires_grad=True)
    SquareOf.apply(z).backward(nr.tensor([1j]))
    assert z.grad.tolist() == [4 + 2j]
