"""Sparse gradients beside PyTorch's, and that whatever does not take them says so."""

import copy
import io
import tempfile

import neura as nr
import numpy as np
import pytest
import torch

from compare import assert_same

START = np.random.RandomState(0).randn(30, 3)
FACTORS = np.random.RandomState(1).randn(20, 6, 3)
INDICES = np.random.RandomState(2).randint(0, 30, (20, 6))


def embedding(library, cls="Embedding", **options):
    layer = getattr(library.nn, cls)(*START.shape, sparse=True, **options)
    layer.weight.data = library.tensor(START.astype("float32"))
    return layer


def gradient(library, **options):
    layer = embedding(library, **options)
    (layer(library.tensor([4, 1, 4, 0])) * library.tensor(FACTORS[0, :4].astype("float32"))).sum().backward()
    return layer.weight.grad


def assert_same_grad(ours, theirs):
    assert ours.is_sparse and theirs.is_sparse
    assert ours.is_coalesced() == theirs.is_coalesced()
    assert (ours._nnz(), ours.sparse_dim(), ours.dense_dim()) == (theirs._nnz(), theirs.sparse_dim(), theirs.dense_dim())
    assert tuple(ours.shape) == tuple(theirs.shape)
    assert ours._indices().tolist() == theirs._indices().tolist()
    assert_same(ours._values(), theirs._values(), 1e-6, 1e-6)


@pytest.mark.parametrize("padding_idx", [None, 4, -26])
def test_gradients(padding_idx):
    ours, theirs = (gradient(library, padding_idx=padding_idx) for library in (nr, torch))
    assert_same_grad(ours, theirs)
    assert_same_grad(ours.coalesce(), theirs.coalesce())
    assert_same(ours.to_dense(), theirs.to_dense(), 1e-6, 1e-6)
    assert ours.coalesce().indices().tolist() == theirs.coalesce().indices().tolist()
    assert_same(ours.coalesce().values(), theirs.coalesce().values(), 1e-6, 1e-6)
    assert ours.dtype is nr.float32 and ours.device == nr.device("cpu")
    assert (str(ours.layout), nr.sparse_coo) == ("sparse_coo", ours.layout) and ours.layout != nr.strided
    assert not ours.requires_grad and ours.is_leaf


def test_functions_and_bags():
    for mode in ("sum", "mean"):
        grads = []
        for library in (nr, torch):
            layer = embedding(library, "EmbeddingBag", mode=mode)
            bags = layer(library.tensor(INDICES[0]), library.tensor([0, 2, 2, 5]))
            (bags * library.tensor(FACTORS[0, :4].astype("float32"))).sum().backward()
            grads.append(layer.weight.grad.coalesce())
        assert_same_grad(*grads)
    weight = nr.ones(5, 2, requires_grad=True)
    nr.nn.functional.embedding(nr.tensor([[1, 2]]), weight, sparse=True).sum().backward()
    nr.nn.functional.embedding_bag(nr.tensor([[1, 2]]), weight, mode="sum", sparse=True).sum().backward()
    assert weight.grad.is_sparse and weight.grad._indices().tolist() == [[1, 2, 1, 2]]
    with pytest.raises(ValueError, match="max mode does not support sparse weights"):
        embedding(nr, "EmbeddingBag", mode="max")(nr.tensor([[1, 2]]))
    pretrained = nr.nn.Embedding.from_pretrained(nr.ones(3, 2), freeze=False, sparse=True)
    pretrained(nr.tensor([0])).sum().backward()
    assert pretrained.weight.grad.is_sparse and "sparse=True" in repr(pretrained)


def test_printing():
    for change in (lambda g: g, lambda g: g.coalesce(), lambda g: g.double(), lambda g: g.coalesce() * 1000):
        ours, theirs = (repr(change(gradient(library))) for library in (nr, torch))
        assert ours == theirs.replace("torch.", "neura.")
    empty = [repr(library.sparse_coo_tensor([[]], [], (3,))) for library in (nr, torch)]
    assert empty[0] == empty[1].replace("torch.", "neura.")


def test_accumulation_and_arithmetic():
    results = []
    for library in (nr, torch):
        layer = embedding(library)
        for i in range(3):
            layer(library.tensor(INDICES[i])).sum().backward()
        grad = layer.weight.grad
        nnz = grad._nnz()
        halved = grad * 0.5 + grad / 4 - -grad
        layer.weight.grad = None
        layer(library.tensor(INDICES[0])).sum().backward()
        (layer.weight * 2).sum().backward()
        dense = layer.weight.grad
        grad = grad.clone()
        grad.mul_(3)
        results.append((nnz, halved.to_dense(), dense.is_sparse, dense, grad.detach().to_dense(), (library.ones(30, 3) + grad)))
    for ours, theirs in zip(*results):
        if isinstance(theirs, torch.Tensor):
            assert_same(ours, theirs, 1e-6, 1e-6)
        else:
            assert ours == theirs


def trained(library, make, steps=20):
    layer = embedding(library)
    optimizer = make(library.optim, layer.parameters())
    trace = []
    for i in range(steps):
        optimizer.zero_grad(set_to_none=i % 2 == 0)
        rows = layer(library.tensor(INDICES[i]))
        ((rows - library.tensor(FACTORS[i].astype("float32"))) ** 2).sum().backward()
        assert layer.weight.grad.is_sparse
        optimizer.step()
        trace.append(layer.weight.detach().numpy().copy())
    return optimizer, trace


OPTIMIZERS = [
    lambda o, p: o.SGD(p, lr=0.1),
    lambda o, p: o.SGD(p, lr=0.05, momentum=0.9),
    lambda o, p: o.SGD(p, lr=0.05, momentum=0.8, nesterov=True),
    lambda o, p: o.SGD(p, lr=0.05, momentum=0.8, dampening=0.3),
    lambda o, p: o.SGD(p, lr=0.01, maximize=True),
    lambda o, p: o.Adagrad(p, lr=0.1),
    lambda o, p: o.Adagrad(p, lr=0.1, lr_decay=0.1, initial_accumulator_value=0.5),
    lambda o, p: o.SparseAdam(list(p), lr=0.1),
    lambda o, p: o.SparseAdam(list(p), 0.05, (0.8, 0.95), 1e-3),
]


@pytest.mark.parametrize("make", OPTIMIZERS)
def test_optimizers(make):
    _, ours = trained(nr, make)
    _, theirs = trained(torch, make)
    for a, b in zip(ours, theirs):
        np.testing.assert_allclose(a, b, rtol=2e-4, atol=2e-5)


def test_sparse_adam_keeps_a_state():
    optimizers = [trained(library, OPTIMIZERS[-2], 3)[0] for library in (nr, torch)]
    ours, theirs = (optimizer.state_dict() for optimizer in optimizers)
    assert set(ours["state"][0]) == set(theirs["state"][0])
    group = theirs["param_groups"][0]
    assert {key: ours["param_groups"][0][key] for key in group} == group
    for key in ("exp_avg", "exp_avg_sq"):
        assert not ours["state"][0][key].is_sparse
        assert_same(ours["state"][0][key], theirs["state"][0][key], 1e-5, 1e-6)
    file = io.BytesIO()
    nr.save(ours, file)
    file.seek(0)
    other, _ = trained(nr, OPTIMIZERS[-2], 0)
    other.load_state_dict(nr.load(file))
    assert other.state_dict()["state"][0]["step"] == 3
    assert other.state_dict()["state"][0]["exp_avg"].tolist() == ours["state"][0]["exp_avg"].tolist()


def test_optimizers_that_refuse():
    layer = embedding(nr)
    layer(nr.tensor([1])).sum().backward()
    for name in ("Adam", "AdamW", "RMSprop", "Adadelta", "Adamax", "NAdam", "RAdam", "ASGD", "Rprop"):
        with pytest.raises(RuntimeError, match=f"{name} does not support sparse gradients"):
            getattr(nr.optim, name)(layer.parameters()).step()
    with pytest.raises(RuntimeError, match="Adam does not support sparse gradients, please consider SparseAdam instead"):
        nr.optim.Adam(layer.parameters()).step()
    for name in ("SGD", "Adagrad"):
        with pytest.raises(RuntimeError, match="weight_decay option is not compatible with sparse gradients"):
            getattr(nr.optim, name)(layer.parameters(), weight_decay=0.1).step()
    dense = nr.ones(2, requires_grad=True)
    dense.sum().backward()
    with pytest.raises(RuntimeError, match="SparseAdam does not support dense gradients, please consider Adam instead"):
        nr.optim.SparseAdam([dense]).step()
    with pytest.raises(ValueError, match="dense parameter tensors"):
        nr.optim.SparseAdam([layer.weight.grad])


def test_clipping():
    layers = [embedding(library) for library in (nr, torch)]
    for layer, library in zip(layers, (nr, torch)):
        layer(library.tensor(INDICES[0])).pow(2).sum().backward()
    # PyTorch 1.13 clips a copy of a sparse gradient: the factor is that of the dense one.
    layers[1].weight.grad = layers[1].weight.grad.to_dense()
    norms = [library.nn.utils.clip_grad_norm_(layer.parameters(), 1.0) for layer, library in zip(layers, (nr, torch))]
    assert_same(*norms, 1e-5, 1e-5)
    assert_same(layers[0].weight.grad.to_dense(), layers[1].weight.grad, 1e-5, 1e-5)
    bounded = layers[0].weight.grad.to_dense().clamp(-0.1, 0.1)
    nr.nn.utils.clip_grad_value_(layers[0].parameters(), 0.1)
    assert layers[0].weight.grad.is_sparse and layers[0].weight.grad.to_dense().tolist() == bounded.tolist()


def test_hooks_scaling_copies_and_graphs():
    layer = embedding(nr)
    layer.weight.register_hook(lambda grad: grad * 2)
    seen = []
    layer.weight.register_post_accumulate_grad_hook(lambda weight: seen.append(weight.grad.is_sparse))
    scaler = nr.amp.GradScaler("cpu", init_scale=4.0)
    optimizer = nr.optim.SGD(layer.parameters(), lr=0.0)
    scaler.scale(layer(nr.tensor([1, 2])).sum()).backward(retain_graph=True)
    assert seen == [True] and layer.weight.grad._values().tolist() == [[8.0] * 3] * 2
    scaler.unscale_(optimizer)
    assert layer.weight.grad._values().tolist() == [[2.0] * 3] * 2
    twin = copy.deepcopy(layer)
    assert twin.weight.grad is None or twin.weight.grad.is_sparse
    (grad,) = nr.autograd.grad(layer(nr.tensor([3])).sum(), [layer.weight])
    assert grad.is_sparse and grad._indices().tolist() == [[3]]
    # A weight that is computed.
    base = nr.ones(4, 2, requires_grad=True)
    weight = base * 3
    weight.retain_grad()
    nr.nn.functional.embedding(nr.tensor([1, 1]), weight, sparse=True).sum().backward()
    assert weight.grad.is_sparse and base.grad.tolist() == [[0, 0], [6, 6], [0, 0], [0, 0]]


def test_making_sparse_tensors():
    dense = np.array([[0.0, 0.0, 2.0], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0]])
    for dims in (1, 2):
        ours, theirs = nr.tensor(dense).to_sparse(dims), torch.tensor(dense).to_sparse(dims)
        assert_same_grad(ours, theirs)
        assert ours.to_dense().tolist() == dense.tolist()
    assert nr.tensor(dense).to_sparse().sparse_dim() == 2
    ours, theirs = (library.sparse_coo_tensor([[0, 2, 0], [1, 0, 1]], [1.0, 2.0, 3.0]) for library in (nr, torch))
    assert tuple(ours.shape) == tuple(theirs.shape) == (3, 2)
    assert_same_grad(ours.coalesce(), theirs.coalesce())
    values = nr.tensor([1.0, 2.0], requires_grad=True)
    (nr.sparse_coo_tensor([[0, 0]], values, (2,)).to_dense() * nr.tensor([3.0, 4.0])).sum().backward()
    assert values.grad.tolist() == [3.0, 3.0]
    with pytest.raises(IndexError, match="index 3 is outside"):
        nr.sparse_coo_tensor([[3]], [1.0], (2,))
    x = nr.zeros(3, 2)
    assert x.index_assign_(0, nr.tensor([2]), nr.ones(1, 2)) is x and x.tolist() == [[0, 0], [0, 0], [1, 1]]


REFUSED = {
    "numpy": lambda g: g.numpy(),
    "array": lambda g: np.asarray(g),
    "tolist": lambda g: g.tolist(),
    "item": lambda g: nr.sparse_coo_tensor([[0]], [1.0], (1,)).item(),
    "exp": lambda g: g.exp(),
    "exp_": lambda g: g.exp_(),
    "sum": lambda g: g.sum(),
    "norm": lambda g: g.norm(),
    "index": lambda g: g[0],
    "assignment": lambda g: g.__setitem__(0, 1.0),
    "matmul": lambda g: g @ nr.ones(3, 2),
    "mul": lambda g: g * nr.ones(30, 3),
    "add": lambda g: g + 1,
    "t": lambda g: g.t(),
    "reshape": lambda g: g.reshape(-1),
    "cat": lambda g: nr.cat([g, g]),
    "where": lambda g: nr.where(nr.ones(30, 3) > 0, g, g),
    "fill_": lambda g: g.fill_(1.0),
    "data_ptr": lambda g: g.data_ptr(),
    "dlpack": lambda g: g.__dlpack__(),
    "storage": lambda g: g.untyped_storage(),
    "save": lambda g: nr.save(g, io.BytesIO()),
    "npy": lambda g: nr.save(g, f"{tempfile.mkdtemp()}/g.npy"),
    "safetensors": lambda g: nr.save({"g": g}, f"{tempfile.mkdtemp()}/g.safetensors"),
    "vmap": lambda g: nr.vmap(lambda x: x)(g),
    "requires_grad": lambda g: g.requires_grad_(),
    "linear": lambda g: nr.nn.functional.linear(nr.ones(2, 3), g),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_takes_no_sparse_tensor_says_so(name):
    with pytest.raises(NotImplementedError, match=r"to_dense\(\)"):
        REFUSED[name](gradient(nr))


def test_parts_of_dense_and_uncoalesced_tensors():
    for name in ("indices", "values"):
        with pytest.raises(RuntimeError, match=f"Cannot get {name} on an uncoalesced tensor, please call .coalesce"):
            getattr(gradient(nr), name)()
        with pytest.raises(RuntimeError, match="expected a sparse tensor"):
            getattr(nr.ones(2), name)()
    x = nr.ones(2)
    assert not x.is_sparse and x.layout == nr.strided and x.to_dense() is not None and x.to_dense().tolist() == [1.0, 1.0]
