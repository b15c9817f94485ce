"""Gradients: backward(), grad(), switches of recording, hooks."""

import gc
import threading
import weakref

import neura as nr
import numpy as np
import pytest
import torch

from compare import assert_same, both


def test_backward_adds_up():
    x, y = both([1.0, 2.0], requires_grad=True)
    for t in (x, y):
        (t * t).sum().backward()
        (t * 3).sum().backward()
    assert_same(x.grad, y.grad)
    x.grad.zero_()
    assert x.grad.tolist() == [0.0, 0.0]
    x.grad = None
    assert x.grad is None
    x.grad = nr.ones(2)
    x.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_backward_of_a_vector_needs_a_gradient():
    x = nr.ones(2, requires_grad=True)
    with pytest.raises((RuntimeError, ValueError), match="gradient|scalar"):
        (x * 2).backward()
    (x * 2).backward(nr.tensor([1.0, 3.0]))
    assert x.grad.tolist() == [2.0, 6.0]
    (x * 2).backward(gradient=nr.ones(2))
    assert x.grad.tolist() == [4.0, 8.0]
    with pytest.raises((RuntimeError, ValueError)):
        (x * 2).backward(nr.ones(3))


def test_backward_without_a_graph():
    with pytest.raises(RuntimeError):
        nr.ones(1).sum().backward()
    x = nr.ones(2, requires_grad=True)
    with nr.no_grad():
        y = (x * 2).sum()
    with pytest.raises(RuntimeError):
        y.backward()
    with pytest.raises((RuntimeError, ValueError, TypeError)):
        nr.ones(2, dtype=nr.int64, requires_grad=True)


def test_retain_graph():
    x = nr.ones(2, requires_grad=True)
    y = (x.exp()).sum()
    y.backward(retain_graph=True)
    y.backward()
    with pytest.raises(RuntimeError, match="retain_graph"):
        y.backward()
    z = (x * x).sum()
    nr.autograd.grad(z, x)
    with pytest.raises(RuntimeError, match="retain_graph"):
        nr.autograd.grad(z, x)


def test_grad():
    a, b = nr.tensor([1.0, 2.0], requires_grad=True), nr.tensor([3.0, 4.0], requires_grad=True)
    product = a * b
    (ga,) = nr.autograd.grad(product.sum(), a, retain_graph=True)
    assert ga.tolist() == [3.0, 4.0] and a.grad is None
    ga, gb = nr.autograd.grad(product, [a, b], grad_outputs=nr.tensor([1.0, 2.0]))
    assert ga.tolist() == [3.0, 8.0] and gb.tolist() == [1.0, 4.0]
    (inner,) = nr.autograd.grad((product := a * b).sum() * 2, product)
    assert inner.tolist() == [2.0, 2.0]
    with pytest.raises((RuntimeError, ValueError), match="allow_unused"):
        nr.autograd.grad(a.sum(), [a, b])
    assert nr.autograd.grad(a.sum(), [a, b], allow_unused=True)[1] is None


def test_create_graph():
    x, y = both([0.5, 2.0], requires_grad=True)
    results = []
    for library, t in ((nr, x), (torch, y)):
        (first,) = library.autograd.grad((t**3).sum(), t, create_graph=True)
        (second,) = library.autograd.grad(first.sum(), t, create_graph=True)
        (third,) = library.autograd.grad(second.sum(), t)
        results.append((first, second, third))
    assert_same(*results)
    # A penalty of the gradient's norm, as in WGAN-GP.
    x = nr.tensor([3.0, 4.0], requires_grad=True)
    (g,) = nr.autograd.grad((x * x).sum() / 2, x, create_graph=True)
    ((g.norm() - 1) ** 2).backward()
    np.testing.assert_allclose(x.grad.numpy(), [2 * 4 * 0.6, 2 * 4 * 0.8], rtol=1e-5)


def test_backward_of_several():
    x = nr.ones(2, requires_grad=True)
    h = x * 2
    nr.autograd.backward([h.sum(), (h * h).sum()])
    assert x.grad.tolist() == [2.0 + 8.0] * 2


def test_grads_batched_and_materialized():
    x, y = both([1.0, 2.0], requires_grad=True)
    results = []
    for library, t in ((nr, x), (torch, y)):
        g = library.eye(2)
        results.append(library.autograd.grad(t**3, t, g, is_grads_batched=True)[0])
    assert_same(*results)
    unused = nr.ones(3, requires_grad=True)
    made = nr.autograd.grad((x * x).sum(), [x, unused], materialize_grads=True)
    assert made[1].tolist() == [0.0, 0.0, 0.0]


def test_backward_to_some_inputs():
    x, y = nr.ones(2, requires_grad=True), nr.ones(2, requires_grad=True)
    (x * y).sum().backward(inputs=[y])
    assert x.grad is None and y.grad.tolist() == [1.0, 1.0]
    nr.autograd.backward((x * y).sum(), inputs=x)
    assert x.grad.tolist() == [1.0, 1.0] and y.grad.tolist() == [1.0, 1.0]
    with pytest.raises(ValueError, match="leaf"):
        (x * y).sum().backward(inputs=[x * 1])


def test_no_grad_forms():
    x = nr.ones(2, requires_grad=True)

    @nr.no_grad()
    def with_brackets(t):
        return t * 2

    @nr.no_grad
    def without_brackets(t):
        return t * 2

    assert not with_brackets(x).requires_grad and not without_brackets(x).requires_grad
    assert with_brackets.__name__ == "with_brackets"
    with nr.no_grad():
        assert not nr.is_grad_enabled() and not (x * 2).requires_grad
        with nr.enable_grad():
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad
        assert nr.nn.Linear(1, 1).weight.requires_grad
    with nr.set_grad_enabled(False):
        assert not (x * 2).requires_grad
    assert nr.is_grad_enabled()
    nr.set_grad_enabled(False)
    assert not nr.is_grad_enabled()
    nr.set_grad_enabled(True)
    with pytest.raises(KeyError), nr.no_grad():
        raise KeyError
    assert nr.is_grad_enabled()
    with nr.inference_mode():
        assert not (x * 2).requires_grad

    @nr.no_grad()
    def recursive(n):
        return n and recursive(n - 1) or nr.is_grad_enabled()

    assert recursive(3) is False and nr.is_grad_enabled()


def test_recording_is_switched_for_each_thread():
    seen = []
    with nr.no_grad():
        thread = threading.Thread(target=lambda: seen.append(nr.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_detach_and_data():
    x = nr.ones(2, requires_grad=True)
    d = (x * 2).detach()
    assert not d.requires_grad and d.is_leaf
    assert x.detach().data_ptr() == x.data_ptr() == x.data.data_ptr()
    x.data.mul_(3)
    assert x.tolist() == [3.0, 3.0]
    x.data = nr.zeros(2)
    assert x.tolist() == [0.0, 0.0] and x.requires_grad and x.is_leaf
    with nr.no_grad():
        x += 1
    assert x.is_leaf and x.tolist() == [1.0, 1.0]
    with pytest.raises(RuntimeError, match="leaf"):
        x += 1
    h = x * 2
    h += 1
    h.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_requires_grad_of_results():
    x = nr.ones(2, requires_grad=True)
    y = x * 2
    assert y.requires_grad and not y.is_leaf and y.grad_fn is not None
    assert "Mul" in repr(y.grad_fn) and y.grad_fn.name().startswith("Mul")
    assert not (x > 0).requires_grad and not x.argmax().requires_grad
    with pytest.raises((RuntimeError, ValueError)):
        y.requires_grad = False
    x.requires_grad = False
    assert not (x * 2).requires_grad
    with pytest.raises(TypeError):
        x.requires_grad = "yes"


def test_numpy_of_a_recorded_tensor():
    x = nr.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="detach"):
        x.numpy()
    with pytest.raises(RuntimeError, match="detach"):
        np.asarray(x)
    assert x.numpy(force=True).tolist() == x.detach().numpy().tolist()


def test_changes_of_what_backward_needs():
    x = nr.ones(2, requires_grad=True)
    h = x * 1
    y = (h * h).sum()
    h += 1
    with pytest.raises(RuntimeError, match="in-place"):
        y.backward()
    # add() needs no input again.
    h = x * 1
    y = (h + 1).sum()
    h += 1
    y.backward()


def test_hooks_of_tensors():
    x = nr.ones(2, requires_grad=True)
    seen = []
    h = x * 2
    h.register_hook(lambda g: seen.append(g.tolist()))
    h.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g + 1)
    h.sum().backward()
    assert seen == [[1.0, 1.0]]
    assert x.grad.tolist() == [21.0, 21.0]


def test_a_removed_hook_is_silent():
    x = nr.ones(2, requires_grad=True)
    handle = x.register_hook(lambda g: g * 100)
    handle.remove()
    x.sum().backward()
    assert x.grad.tolist() == [1.0, 1.0]


def test_errors_in_hooks_come_out_of_backward():
    x = nr.ones(2, requires_grad=True)

    def fail(grad):
        raise LookupError("from the hook")

    h = x * 2
    h.register_hook(fail)
    with pytest.raises(LookupError, match="from the hook"):
        h.sum().backward()
    k = x * 2
    k.register_hook(lambda g: "text")
    with pytest.raises(TypeError, match="hook"):
        k.sum().backward()
    (x * 2).sum().backward()


def test_retain_grad():
    x = nr.ones(2, requires_grad=True)
    h = x * 2
    h.retain_grad()
    (h * 3).sum().backward()
    assert h.grad.tolist() == [3.0, 3.0] and x.grad.tolist() == [6.0, 6.0]


def test_graphs_are_freed():
    x = nr.ones(2, requires_grad=True)

    class Note:
        def __call__(self, grad):
            return grad

    note = Note()
    gone = weakref.ref(note)
    h = x * 2
    h.register_hook(note)
    y = h.sum()
    del note, h
    gc.collect()
    assert gone() is not None
    del y
    gc.collect()
    assert gone() is None


def test_a_numpy_array_behind_a_saved_tensor():
    array = np.ones(2, dtype=np.float32)
    w = nr.from_numpy(array)
    x = nr.ones(2, requires_grad=True)
    y = (x * w).sum()
    # Changes through NumPy are not seen, as in PyTorch: backward uses the values of then.
    array[:] = 5
    y.backward()
    assert x.grad.tolist() == [5.0, 5.0]
    y = (x * w).sum()
    w.mul_(2)
    with pytest.raises(RuntimeError, match="in-place"):
        y.backward()


def test_a_long_graph():
    x = y = nr.ones(1, requires_grad=True)
    for _ in range(20_000):
        y = y + 1
    y.sum().backward()
    assert x.grad.item() == 1.0


def test_views_and_indexing_pass_gradients():
    x, y = both(np.arange(12.0).reshape(3, 4).tolist(), requires_grad=True)
    for t in (x, y):
        (t[1:, ::2].T.reshape(-1)[1] * 3 + t[0].sum() + t[[0, 0]].sum() + t[t > 5].sum()).backward()
    assert_same(x.grad, y.grad)
    x, y = nr.zeros(3, 2), torch.zeros(3, 2)
    source, theirs = both([1.0, 2.0], requires_grad=True)
    for t, s in ((x, source), (y, theirs)):
        t[1] = s * 2
        (t * t).sum().backward()
    assert_same(source.grad, theirs.grad)
