"""Optimizers and schedules beside PyTorch's, step by step."""

import copy

import neura as nr
import numpy as np
import pytest
import torch

from compare import assert_same

START = np.random.RandomState(0).randn(4, 3)
INPUTS = np.random.RandomState(1).randn(12, 5, 4)


def run(library, make, steps=10, schedule=None, dtype="float64"):
    """Parameters after each step of a regression, and the rates."""
    w = library.tensor(START.astype(dtype), requires_grad=True)
    b = library.zeros(3, dtype=getattr(library, dtype), requires_grad=True)
    optimizer = make(library.optim, [w, b])
    scheduler = schedule(library.optim.lr_scheduler, optimizer) if schedule else None
    trace = []
    for i in range(steps):
        optimizer.zero_grad()
        x = library.tensor(INPUTS[i % 12].astype(dtype))
        ((x @ w + b).tanh() - 0.5).pow(2).sum().backward()
        optimizer.step()
        if scheduler:
            scheduler.step()
        rates = [group["lr"] for group in optimizer.param_groups]
        trace.append((w.detach().numpy().copy(), b.detach().numpy().copy(), rates))
    return trace


OPTIMIZERS = [
    lambda o, p: o.SGD(p, lr=0.1),
    lambda o, p: o.SGD(p, 0.1, 0.9),
    lambda o, p: o.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
    lambda o, p: o.SGD(p, lr=0.05, momentum=0.9, dampening=0.3),
    lambda o, p: o.SGD(p, lr=0.01, maximize=True),
    lambda o, p: o.Adam(p),
    lambda o, p: o.Adam(p, lr=0.05, betas=(0.8, 0.95), eps=1e-6, weight_decay=0.1),
    lambda o, p: o.Adam(p, lr=0.01, maximize=True),
    lambda o, p: o.AdamW(p, lr=0.05),
    lambda o, p: o.AdamW(p, lr=0.05, weight_decay=0.3, betas=(0.5, 0.9)),
    lambda o, p: o.SGD([{"params": p[:1], "lr": 0.2, "momentum": 0.5}, {"params": p[1:]}], lr=0.01),
    lambda o, p: o.Adam([{"params": [p[0]], "weight_decay": 0.1}, {"params": p[1], "betas": (0.5, 0.5)}], lr=0.02),
]


@pytest.mark.parametrize("index", range(len(OPTIMIZERS)))
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_steps(index, dtype):
    ours = run(nr, OPTIMIZERS[index], dtype=dtype)
    theirs = run(torch, OPTIMIZERS[index], dtype=dtype)
    tolerance = 1e-10 if dtype == "float64" else 2e-4
    for (w1, b1, lr1), (w2, b2, lr2) in zip(ours, theirs):
        np.testing.assert_allclose(w1, w2, tolerance, tolerance)
        np.testing.assert_allclose(b1, b2, tolerance, tolerance)
        np.testing.assert_allclose(lr1, lr2)


SCHEDULES = [
    lambda s, o: s.StepLR(o, 3),
    lambda s, o: s.StepLR(o, step_size=2, gamma=0.5),
    lambda s, o: s.CosineAnnealingLR(o, T_max=10),
    lambda s, o: s.CosineAnnealingLR(o, 6, eta_min=0.01),
]


@pytest.mark.parametrize("index", range(len(SCHEDULES)))
def test_schedules(index):
    for make in (OPTIMIZERS[1], OPTIMIZERS[10]):
        for ours, theirs in zip(run(nr, make, schedule=SCHEDULES[index]), run(torch, make, schedule=SCHEDULES[index])):
            np.testing.assert_allclose(ours[2], theirs[2])
            np.testing.assert_allclose(ours[0], theirs[0], 1e-9)


@pytest.mark.parametrize("kwargs", [{}, {"pct_start": 0.5, "anneal_strategy": "linear"}, {"div_factor": 5.0, "final_div_factor": 10.0}, {"cycle_momentum": False}])
def test_one_cycle(kwargs):
    def schedule(schedulers, optimizer):
        return schedulers.OneCycleLR(optimizer, max_lr=0.3, total_steps=12, **kwargs)

    for make in (OPTIMIZERS[1], OPTIMIZERS[5]):
        for ours, theirs in zip(run(nr, make, 11, schedule), run(torch, make, 11, schedule)):
            np.testing.assert_allclose(ours[2], theirs[2])
            np.testing.assert_allclose(ours[0], theirs[0], 1e-8)


def test_schedulers_show_their_rate():
    w = nr.ones(1, requires_grad=True)
    optimizer = nr.optim.SGD([w], lr=1.0)
    scheduler = nr.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)
    assert scheduler.get_last_lr() == [1.0] and scheduler.last_epoch == 0
    scheduler.step()
    state = scheduler.state_dict()
    scheduler.step()
    assert scheduler.get_last_lr() == [0.25] == [optimizer.param_groups[0]["lr"]]
    scheduler.load_state_dict(state)
    assert scheduler.last_epoch == 1
    other = nr.optim.SGD([w], lr=1.0)
    again = nr.optim.lr_scheduler.StepLR(other, 1, 0.5)
    again.load_state_dict(state)
    again.step()
    assert again.get_last_lr() == [0.25]


def test_param_groups():
    w = nr.ones(2, requires_grad=True)
    optimizer = nr.optim.SGD([w], lr=1.0, momentum=0.5)
    (group,) = optimizer.param_groups
    assert group["params"][0] is w and group["lr"] == 1.0 and group["momentum"] == 0.5
    group["lr"] = 0.1
    w.sum().backward()
    optimizer.step()
    np.testing.assert_allclose(w.detach().numpy(), 0.9, rtol=1e-6)
    for g in optimizer.param_groups:
        g["lr"] *= 0.5
    assert optimizer.param_groups[0]["lr"] == 0.05
    assert nr.optim.Adam([w]).param_groups[0]["betas"] == (0.9, 0.999)
    assert "lr: 0.05" in repr(optimizer) and repr(optimizer).startswith("SGD (")
    assert optimizer.defaults["momentum"] == 0.5
    nr.optim.lr_scheduler.StepLR(optimizer, 1, 0.5).step()
    group["weight_decay"] = 0.25
    assert group["lr"] == 0.025 and dict(group)["weight_decay"] == group.get("weight_decay") == 0.25
    group.update(lr=0.5, note="mine")
    assert (group["lr"], group["note"]) == (0.5, "mine") and "note" in group and set(group) >= {"params", "lr", "note"}
    with pytest.raises(ValueError, match="lr"):
        group["lr"] = -1
    assert group["lr"] == 0.5
    again = nr.optim.SGD([{key: value for key, value in group.items() if key != "note"}])
    assert again.param_groups[0]["lr"] == 0.5 and again.param_groups[0]["params"][0] is w
    assert nr.optim.SGD(again.param_groups).param_groups[0]["weight_decay"] == 0.25
    adam = nr.optim.Adam([w])
    with pytest.raises(TypeError, match="betas"):
        adam.param_groups[0]["betas"] = 0.5
    adam.param_groups[0]["betas"] = (0.5, 0.75)
    assert adam.param_groups[0]["betas"] == (0.5, 0.75)


def test_maximize_has_a_name():
    w = nr.ones(2, requires_grad=True)
    with pytest.raises(TypeError, match="without their names"):
        nr.optim.Adam([w], 1e-3, (0.9, 0.999), 1e-8, 0, True)
    assert nr.optim.Adam([w], maximize=True).param_groups[0]["maximize"]


@pytest.mark.parametrize("make", [OPTIMIZERS[1], OPTIMIZERS[5], OPTIMIZERS[8]])
def test_state_dict_goes_on_as_if_nothing_had_happened(make):
    def train(w, optimizer, steps):
        for i in range(steps):
            optimizer.zero_grad()
            (nr.tensor(INPUTS[i]) @ w).pow(2).sum().backward()
            optimizer.step()

    w = nr.tensor(START, requires_grad=True)
    optimizer = make(nr.optim, [w])
    train(w, optimizer, 3)
    state = copy.deepcopy(optimizer.state_dict())
    w2 = copy.deepcopy(w)
    other = make(nr.optim, [w2])
    other.load_state_dict(state)
    train(w, optimizer, 3)
    train(w2, other, 3)
    assert w.tolist() == w2.tolist()


def test_zero_grad_and_missing_gradients():
    w, v = nr.ones(2, requires_grad=True), nr.ones(2, requires_grad=True)
    optimizer = nr.optim.Adam([w, v], lr=0.1)
    w.sum().backward()
    optimizer.step()
    assert v.tolist() == [1, 1] and w.tolist() != [1, 1]
    optimizer.zero_grad(set_to_none=False)
    assert w.grad.tolist() == [0, 0]
    optimizer.zero_grad()
    assert w.grad is None


def test_closures():
    w = nr.ones(1, requires_grad=True)
    optimizer = nr.optim.SGD([w], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    with nr.no_grad():
        assert optimizer.step(closure).item() == 1.0
    np.testing.assert_allclose(w.item(), 0.8, rtol=1e-6)

    def fail():
        raise LookupError("from the closure")

    with pytest.raises(LookupError):
        optimizer.step(fail)
    assert nr.is_grad_enabled()


def test_bad_arguments():
    w = nr.ones(1, requires_grad=True)
    with pytest.raises(ValueError, match="empty"):
        nr.optim.SGD([], lr=0.1)
    with pytest.raises(TypeError):
        nr.optim.SGD(["text"], lr=0.1)
    with pytest.raises(TypeError, match="learning_rate"):
        nr.optim.SGD([w], learning_rate=0.1)
    with pytest.raises((ValueError, RuntimeError)):
        nr.optim.SGD([w], lr=-1.0)
    with pytest.raises((ValueError, RuntimeError)):
        nr.optim.Adam([w], betas=(1.5, 0.9))
    with pytest.raises((ValueError, RuntimeError)):
        nr.optim.SGD([w * 2], lr=0.1)
    with pytest.raises((ValueError, RuntimeError)):
        nr.optim.SGD([w, w], lr=0.1)
    with pytest.raises((TypeError, ValueError)):
        nr.optim.SGD([w], lr="fast")


def test_clipping():
    ours, theirs = (library.tensor(START, requires_grad=True) for library in (nr, torch))
    for library, t in ((nr, ours), (torch, theirs)):
        (t * 5).sum().backward()
    for norm in (2.0, 1.0, float("inf")):
        a = nr.nn.utils.clip_grad_norm_([ours], 1.5, norm)
        b = torch.nn.utils.clip_grad_norm_([theirs], 1.5, norm)
        np.testing.assert_allclose(float(a), float(b), rtol=1e-5)
        assert_same(ours.grad, theirs.grad, 1e-5)
    nr.nn.utils.clip_grad_value_(ours, 0.1)
    torch.nn.utils.clip_grad_value_(theirs, 0.1)
    assert_same(ours.grad, theirs.grad)


def test_an_optimizer_keeps_its_parameters():
    import gc

    optimizer = nr.optim.SGD(nr.nn.Linear(2, 2).parameters(), lr=0.1)
    gc.collect()
    assert [p.numel() for g in optimizer.param_groups for p in g["params"]] == [4, 2]
    optimizer.step()
    scheduler = nr.optim.lr_scheduler.StepLR(nr.optim.SGD([nr.ones(1, requires_grad=True)], lr=0.1), 1)
    gc.collect()
    scheduler.step()
    np.testing.assert_allclose(scheduler.get_last_lr(), [0.01])
