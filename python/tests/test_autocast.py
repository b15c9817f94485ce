"""neura.autocast beside PyTorch's on the CPU."""

import threading
import warnings

import neura as nr
import neura.nn.functional as F
import numpy as np
import pytest
import torch

# What becomes of tensors that stand for x [4, 4], v [4], b [2, 4, 4], an image, a sequence, and t, classes.
CASES = {
    "mm": lambda m, a: a.x.mm(a.x),
    "matmul": lambda m, a: a.x @ a.x,
    "bmm": lambda m, a: a.b.bmm(a.b),
    "addmm": lambda m, a: m.addmm(a.x, a.x, a.x),
    "baddbmm": lambda m, a: m.baddbmm(a.b, a.b, a.b),
    "addbmm": lambda m, a: m.addbmm(a.x, a.b, a.b),
    "einsum": lambda m, a: m.einsum("ij,jk->ik", a.x, a.x),
    "tensordot": lambda m, a: m.tensordot(a.x, a.x, 1),
    "multi_dot": lambda m, a: m.linalg.multi_dot([a.x, a.x, a.x]),
    "outer": lambda m, a: m.outer(a.v, a.v),
    "linear": lambda m, a: m.nn.functional.linear(a.x, a.x, a.v),
    "conv1d": lambda m, a: m.nn.functional.conv1d(a.sequence, a.sequence[:, :, :3]),
    "conv2d": lambda m, a: m.nn.functional.conv2d(a.image, a.image[:, :, :3, :3]),
    "attention": lambda m, a: a.attention(m)(a.b, a.b, a.b)[0],
    "softmax": lambda m, a: a.x.softmax(1),
    "log_softmax": lambda m, a: a.x.log_softmax(1),
    "exp": lambda m, a: a.x.exp(),
    "log": lambda m, a: a.x.log(),
    "sqrt": lambda m, a: a.x.sqrt(),
    "pow": lambda m, a: a.x.pow(2),
    "sum": lambda m, a: a.x.sum(),
    "mean": lambda m, a: a.x.mean(),
    "var": lambda m, a: a.x.var(),
    "prod": lambda m, a: a.x.prod(),
    "cumsum": lambda m, a: a.x.cumsum(0),
    "norm": lambda m, a: a.x.norm(),
    "logsumexp": lambda m, a: a.x.logsumexp(1),
    "layer_norm": lambda m, a: m.nn.functional.layer_norm(a.x, (4,)),
    "batch_norm": lambda m, a: m.nn.BatchNorm2d(3)(a.image),
    "relu": lambda m, a: a.x.relu(),
    "gelu": lambda m, a: m.nn.functional.gelu(a.x),
    "tanh": lambda m, a: a.x.tanh(),
    "add": lambda m, a: a.x + a.x,
    "add_float32": lambda m, a: a.x + a.full,
    "times_number": lambda m, a: a.x * 2.0,
    "cat_float32": lambda m, a: m.cat([a.x, a.full]),
    "stack_float32": lambda m, a: m.stack([a.x, a.full]),
    "max_pool2d": lambda m, a: m.nn.functional.max_pool2d(a.image, 2),
    "avg_pool2d": lambda m, a: m.nn.functional.avg_pool2d(a.image, 2),
    "avg_pool3d": lambda m, a: m.nn.functional.avg_pool3d(a.volume, 2),
    "cross_entropy": lambda m, a: m.nn.functional.cross_entropy(a.x, a.t),
    "nll_loss": lambda m, a: m.nn.functional.nll_loss(a.x, a.t),
    "mse_loss": lambda m, a: m.nn.functional.mse_loss(a.x, a.x),
    "l1_loss": lambda m, a: m.nn.functional.l1_loss(a.x, a.x),
    "smooth_l1_loss": lambda m, a: m.nn.functional.smooth_l1_loss(a.x, a.x),
    "huber_loss": lambda m, a: m.nn.functional.huber_loss(a.x, a.x),
    "bce_with_logits": lambda m, a: m.nn.functional.binary_cross_entropy_with_logits(a.x, a.x),
    "kl_div": lambda m, a: m.nn.functional.kl_div(a.x, a.x),
    "poisson_nll_loss": lambda m, a: m.nn.functional.poisson_nll_loss(a.x, a.x),
    "cosine_embedding_loss": lambda m, a: m.nn.functional.cosine_embedding_loss(a.x, a.x, a.v * 0 + 1),
    "triplet_margin_loss": lambda m, a: m.nn.functional.triplet_margin_loss(a.x, a.x, a.x),
    "multi_margin_loss": lambda m, a: m.nn.functional.multi_margin_loss(a.x, a.t),
    "soft_margin_loss": lambda m, a: m.nn.functional.soft_margin_loss(a.x, a.x * 0 + 1),
    "cdist": lambda m, a: m.cdist(a.x, a.x),
    "trace": lambda m, a: a.x.trace(),
    "quantile": lambda m, a: a.x.quantile(0.5),
    "cholesky": lambda m, a: m.linalg.cholesky(a.x * 0 + a.eye),
    "solve": lambda m, a: m.linalg.solve(a.x * 0 + a.eye, a.x),
    "svd": lambda m, a: m.linalg.svd(a.x)[1],
    "rfft": lambda m, a: m.fft.rfft(a.x),
    "isnan": lambda m, a: a.x.isnan(),
}


class Arguments:
    def __init__(self, lib, dtype):
        def filled(*shape):
            values = np.sin(np.arange(np.prod(shape), dtype=np.float32)).reshape(shape) * 0.4 + 0.5
            return lib.from_numpy(values).to(getattr(lib, dtype))

        self.x, self.v, self.b = filled(4, 4), filled(4), filled(2, 4, 4)
        self.image, self.sequence, self.volume = filled(2, 3, 6, 6), filled(2, 3, 6), filled(1, 2, 4, 4, 4)
        self.full, self.eye = filled(4, 4).float(), lib.eye(4)
        self.t = lib.tensor([0, 1, 2, 3])
        self.dtype = dtype

    def attention(self, lib):
        return lib.nn.MultiheadAttention(4, 2).to(getattr(lib, self.dtype))


def dtype_of(lib, case, dtype):
    arguments = Arguments(lib, dtype)
    with lib.autocast("cpu", dtype=lib.bfloat16):
        return str(CASES[case](lib, arguments).dtype).split(".")[1]


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
@pytest.mark.parametrize("case", CASES)
def test_dtypes_are_those_of_pytorch(case, dtype):
    assert dtype_of(nr, case, dtype) == dtype_of(torch, case, dtype)


def test_values_are_those_of_sixteen_bits():
    x = nr.rand(8, 8)
    with nr.autocast("cpu", dtype=nr.bfloat16):
        got = x @ x
    assert got.equal(x.bfloat16() @ x.bfloat16())


def test_scopes_nest_and_decorate():
    x = nr.rand(2, 2)
    with nr.autocast("cpu") as outer:
        assert outer.fast_dtype is nr.bfloat16 and nr.is_autocast_cpu_enabled() and nr.is_autocast_enabled("cpu")
        assert (x @ x).dtype is nr.bfloat16
        with nr.autocast("cpu", enabled=False):
            assert (x @ x).dtype is nr.float32 and not nr.is_autocast_cpu_enabled()
            with nr.autocast("cpu", dtype=nr.float16):
                assert (x @ x).dtype is nr.float16 and nr.get_autocast_cpu_dtype() is nr.float16
        with outer:
            assert (x @ x).dtype is nr.bfloat16
        assert (x @ x).dtype is nr.bfloat16
        seen = []
        other = threading.Thread(target=lambda: seen.append((x @ x).dtype))
        other.start(), other.join()
        assert seen == [nr.float32]
    assert (x @ x).dtype is nr.float32
    with pytest.raises(ZeroDivisionError), nr.amp.autocast("cpu"):
        raise ZeroDivisionError
    assert not nr.is_autocast_cpu_enabled()

    @nr.autocast("cpu", dtype=nr.bfloat16)
    def product(a):
        """of a"""
        return a @ a

    assert product(x).dtype is nr.bfloat16 and product.__doc__ == "of a"
    assert (x @ x).dtype is nr.float32


def test_what_is_not_there_is_disabled_with_a_warning():
    x = nr.rand(2, 2)
    for make in (lambda: nr.autocast("cuda"), lambda: nr.cuda.amp.autocast()):
        with pytest.warns(UserWarning, match="CUDA is not available"):
            scope = make()
        with scope:
            assert (x @ x).dtype is nr.float32
    with pytest.warns(UserWarning, match="not supported"):
        scope = nr.autocast("cpu", dtype=nr.float64)
    with scope:
        assert (x @ x).dtype is nr.float32
    with pytest.raises(RuntimeError, match="xpu"):
        nr.autocast("xpu")
    with pytest.raises(ValueError, match="device_type"):
        nr.autocast(nr.bfloat16)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nr.cuda.amp.autocast(enabled=False)
    assert nr.amp.is_autocast_available("cpu") and not nr.amp.is_autocast_available("xpu")


class Net:
    def __new__(cls, lib):
        lib.manual_seed(0)
        nn = lib.nn
        return nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(8 * 16, 4)
        )


def train(lib, scaled):
    net = Net(lib)
    weights = np.random.default_rng(0)
    state = {k: weights.normal(0, 0.2, tuple(v.shape)).astype(np.float32) for k, v in net.state_dict().items() if "0." in k or "5." in k}
    net.load_state_dict({k: lib.from_numpy(v) for k, v in state.items()}, strict=False)
    images = np.random.default_rng(1).normal(size=(64, 1, 8, 8)).astype(np.float32)
    labels = (images.mean((1, 2, 3)) > 0) + 2 * (images[:, 0, 0, 0] > 0)
    x, y = lib.from_numpy(images), lib.from_numpy(labels.astype(np.int64))
    optimizer = lib.optim.SGD(net.parameters(), lr=0.05, momentum=0.9)
    scaler = nr.amp.GradScaler("cpu", init_scale=256.0) if scaled else None
    losses = []
    for _ in range(30):
        optimizer.zero_grad()
        with lib.autocast("cpu", dtype=lib.bfloat16):
            scores = net(x)
            loss = lib.nn.functional.cross_entropy(scores, y)
        assert scores.dtype == lib.bfloat16 and loss.dtype == lib.float32
        if scaler is None:
            loss.backward()
            optimizer.step()
        else:
            scaler.scale(loss).backward()
            scaler.step(optimizer)
            scaler.update()
        assert all(p.grad.dtype == lib.float32 for p in net.parameters())
        losses.append(loss.item())
    return losses


@pytest.mark.parametrize("scaled", [False, True])
def test_a_training_run_follows_pytorch(scaled):
    ours, theirs = train(nr, scaled), train(torch, False)
    np.testing.assert_allclose(ours[:5], theirs[:5], rtol=0.03)
    assert ours[-1] < 0.5 * ours[0] and abs(ours[-1] - theirs[-1]) < 0.1


@pytest.mark.parametrize("precision", ["bf16-mixed", "16-mixed", "32-true", 32])
def test_the_trainer_computes_in_it(precision):
    from neura.trainer import Trainer

    net, seen = Net(nr), []

    def step(batch):
        scores = net(batch[0])
        seen.append(scores.dtype)
        return F.cross_entropy(scores, batch[1])

    data = [(nr.randn(4, 1, 8, 8), nr.tensor([0, 1, 2, 3]))] * 3
    records = Trainer(precision=precision).fit(net, nr.optim.SGD(net.parameters(), lr=0.1), data, step, data)
    expected = {"bf16-mixed": nr.bfloat16, "16-mixed": nr.float16}.get(precision, nr.float32)
    assert set(seen) == {expected} and records[0]["val_loss"] > 0
    with pytest.raises(ValueError, match="precision"):
        Trainer(precision="8-mixed")


def test_one_autocast_in_several_threads():
    autocast, x = nr.autocast("cpu"), nr.ones(4, 4)
    entered, left = threading.Barrier(2), threading.Barrier(2)
    results = []

    def run():
        with autocast:
            entered.wait()
            inside = (x @ x).dtype
            left.wait()
        results.append((inside, (x @ x).dtype))

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [(nr.bfloat16, nr.float32)] * 2
