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
    lambda o, p: o.Adam(p, lr=0.05, betas=(0.8, 0.6), amsgrad=True),
    lambda o, p: o.AdamW(p, lr=0.05, betas=(0.8, 0.6), amsgrad=True),
    lambda o, p: o.Adamax(p, lr=0.05, weight_decay=0.1),
    lambda o, p: o.RAdam(p, lr=0.05, betas=(0.8, 0.9), weight_decay=0.1),
    lambda o, p: o.RAdam(p),
    lambda o, p: o.Adagrad(p, lr=0.1, lr_decay=0.1, weight_decay=0.1, initial_accumulator_value=0.5),
    lambda o, p: o.Adadelta(p, lr=0.5, rho=0.8, weight_decay=0.1),
    lambda o, p: o.RMSprop(p, lr=0.01, alpha=0.9, momentum=0.9, centered=True, weight_decay=0.1),
    lambda o, p: o.RMSprop(p),
    lambda o, p: o.RMSprop(p, momentum=0.5, maximize=True),
    lambda o, p: o.Rprop(p, lr=0.02, etas=(0.4, 1.3), step_sizes=(1e-3, 0.1)),
    lambda o, p: o.ASGD(p, lr=0.05, lambd=0.1, t0=3, weight_decay=0.1),
    lambda o, p: o.SGD([{"params": p[:1], "lr": 0.2, "momentum": 0.5}, {"params": p[1:]}], lr=0.01),
    lambda o, p: o.Adam([{"params": [p[0]], "weight_decay": 0.1}, {"params": p[1], "betas": (0.5, 0.5)}], lr=0.02),
]


@pytest.mark.parametrize("index", range(len(OPTIMIZERS)))
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_steps(index, dtype):
    ours = run(nr, OPTIMIZERS[index], dtype=dtype)
    theirs = run(torch, OPTIMIZERS[index], dtype=dtype)
    # PyTorch keeps the rates of ASGD in float32.
    tolerance = 2e-4 if dtype == "float32" else 1e-7 if index == ASGD else 1e-10
    for (w1, b1, lr1), (w2, b2, lr2) in zip(ours, theirs):
        np.testing.assert_allclose(w1, w2, tolerance, tolerance)
        np.testing.assert_allclose(b1, b2, tolerance, tolerance)
        np.testing.assert_allclose(lr1, lr2)


ASGD = len(OPTIMIZERS) - 3


SCHEDULES = [
    lambda s, o: s.StepLR(o, 3),
    lambda s, o: s.StepLR(o, step_size=2, gamma=0.5),
    lambda s, o: s.CosineAnnealingLR(o, T_max=10),
    lambda s, o: s.CosineAnnealingLR(o, 6, eta_min=0.01),
    lambda s, o: s.MultiStepLR(o, [2, 5, 5], gamma=0.5),
    lambda s, o: s.ConstantLR(o, factor=0.5, total_iters=4),
    lambda s, o: s.LinearLR(o, 0.25, 0.75, total_iters=5),
    lambda s, o: s.ExponentialLR(o, 0.9),
    lambda s, o: s.PolynomialLR(o, total_iters=8, power=2.0),
    lambda s, o: s.CosineAnnealingWarmRestarts(o, 2, T_mult=2, eta_min=0.01),
    lambda s, o: s.CosineAnnealingWarmRestarts(o, 3),
    lambda s, o: s.LambdaLR(o, lambda step: 0.8**step),
    lambda s, o: s.LambdaLR(o, [lambda step, i=i: 1 / (1 + step + i) for i in range(len(o.param_groups))]),
    lambda s, o: s.MultiplicativeLR(o, lambda step: 0.95),
    lambda s, o: s.SequentialLR(o, [s.LinearLR(o, 0.1, total_iters=3), s.ExponentialLR(o, 0.9), s.StepLR(o, 2)], [3, 6]),
    lambda s, o: s.ChainedScheduler([s.ConstantLR(o, 0.1, 2), s.ExponentialLR(o, 0.9), s.CosineAnnealingLR(o, 8)]),
]


@pytest.mark.parametrize("index", range(len(SCHEDULES)))
def test_schedules(index):
    for make in (OPTIMIZERS[1], OPTIMIZERS[-2]):
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


@pytest.mark.parametrize("kwargs", [{}, {"mode": "triangular2", "step_size_down": 2}, {"mode": "exp_range", "gamma": 0.9}])
def test_cyclic(kwargs):
    def schedule(schedulers, optimizer):
        return schedulers.CyclicLR(optimizer, 0.01, 0.1, step_size_up=3, **kwargs)

    for ours, theirs in zip(run(nr, OPTIMIZERS[1], 12, schedule), run(torch, OPTIMIZERS[1], 12, schedule)):
        np.testing.assert_allclose(ours[2], theirs[2])
        np.testing.assert_allclose(ours[0], theirs[0], 1e-8)


def test_three_phases_of_one_cycle():
    def schedule(schedulers, optimizer):
        return schedulers.OneCycleLR(optimizer, 0.3, epochs=3, steps_per_epoch=5, three_phase=True)

    for ours, theirs in zip(run(nr, OPTIMIZERS[1], 14, schedule), run(torch, OPTIMIZERS[1], 14, schedule)):
        np.testing.assert_allclose(ours[2], theirs[2])


@pytest.mark.parametrize("kwargs", [{}, {"mode": "max"}, {"threshold_mode": "abs", "threshold": 0.3, "cooldown": 2, "min_lr": 0.2}])
def test_plateaus(kwargs):
    losses = [3.0, 2.0, 1.9, 1.95, 1.8, 1.8, 1.8, 1.7, 1.9, 1.9, float("nan"), 1.9, 1.9, 1.9]
    traces = []
    for library in (nr, torch):
        optimizer = library.optim.SGD([library.ones(1, requires_grad=True)], lr=1.0)
        scheduler = library.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=1, **kwargs)
        trace = []
        for loss in losses:
            scheduler.step(loss)
            trace.append((optimizer.param_groups[0]["lr"], scheduler.num_bad_epochs))
        traces.append(trace)
    assert traces[0] == traces[1]


@pytest.mark.parametrize("kwargs", [{"lr": 0.1}, {"line_search_fn": "strong_wolfe"}, {"lr": 0.1, "max_iter": 5, "history_size": 2}])
def test_lbfgs(kwargs):
    traces = []
    for library in (nr, torch):
        w = library.tensor(START, requires_grad=True)
        optimizer = library.optim.LBFGS([w], **kwargs)
        x = library.tensor(INPUTS[0])
        evaluations, trace = [0], []

        def closure():
            optimizer.zero_grad()
            evaluations[0] += 1
            loss = ((x @ w).tanh() - 0.5).pow(2).sum() + 0.01 * (w * w).sum()
            loss.backward()
            return loss

        for _ in range(6):
            loss = optimizer.step(closure)
            trace.append((float(loss.detach()), w.detach().numpy().copy(), evaluations[0]))
        traces.append(trace)
        state = optimizer.state_dict()
        traces.append((state["state"][0]["n_iter"], state["state"][0]["func_evals"]))
    for (loss1, w1, count1), (loss2, w2, count2) in zip(traces[0], traces[2]):
        assert count1 == count2
        # Without a search, rounding grows in the steps.
        tolerance = 1e-5 if "line_search_fn" in kwargs else 1e-3
        np.testing.assert_allclose(loss1, loss2, tolerance)
        np.testing.assert_allclose(w1, w2, tolerance, 1e-7)
    assert traces[1] == traces[3]


def adafactor(p, g, states, step, lr=0.05, beta2_decay=-0.8, eps1=2.0**-52, eps2=1e-3, d=1.0, weight_decay=0.1):
    weight = step**beta2_decay
    rate = max(eps2, np.sqrt((p * p).mean())) * min(lr, 1 / np.sqrt(step))
    p = p * (1 - lr * weight_decay)
    if p.ndim == 1:
        states["variance"] = states.get("variance", 0) * (1 - weight) + g * g * weight
        variance = states["variance"]
    else:
        states["row"] = states.get("row", 0) * (1 - weight) + (g * g).mean(1) * weight
        states["column"] = states.get("column", 0) * (1 - weight) + (g * g).mean(0) * weight
        variance = np.outer(states["row"], states["column"]) / states["row"].mean()
    update = g / np.sqrt(np.maximum(variance, eps1**2))
    return p - rate * update / max(1, np.sqrt((update * update).mean()) / d)


def muon(p, g, states, step, lr=0.05, weight_decay=0.1, momentum=0.9, nesterov=True, match=False):
    states["m"] = states.get("m", 0) * momentum + (1 - momentum) * g
    x = (1 - momentum) * g + momentum * states["m"] if nesterov else states["m"]
    x = x / np.linalg.norm(x)
    for _ in range(5):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    scale = 0.2 * np.sqrt(max(p.shape)) if match else np.sqrt(max(1, p.shape[0] / p.shape[1]))
    return p * (1 - lr * weight_decay) - lr * scale * x


def nadam(p, g, states, step, lr=0.05, beta1=0.9, beta2=0.999, eps=1e-8, weight_decay=0.1, momentum_decay=0.1):
    """As PyTorch computes it from 2.0 on; 1.13 counts a momentum twice."""
    momentum = lambda t: beta1 * (1 - 0.5 * 0.96 ** (t * momentum_decay))
    g = g + weight_decay * p
    states["product"] = states.get("product", 1) * momentum(step)
    states["mean"] = beta1 * states.get("mean", 0) + (1 - beta1) * g
    states["square"] = beta2 * states.get("square", 0) + (1 - beta2) * g * g
    denominator = np.sqrt(states["square"] / (1 - beta2**step)) + eps
    p = p - lr * (1 - momentum(step)) / (1 - states["product"]) * g / denominator
    after = momentum(step + 1)
    return p - lr * after / (1 - states["product"] * after) * states["mean"] / denominator


@pytest.mark.parametrize(
    "name, formula, shapes, kwargs",
    [
        ("Adafactor", adafactor, [(4, 3), (5,)], {"weight_decay": 0.1}),
        ("Muon", muon, [(4, 3), (2, 6)], {"momentum": 0.9}),
        ("NAdam", nadam, [(4, 3)], {"weight_decay": 0.1, "momentum_decay": 0.1}),
        ("Muon", lambda *a: muon(*a, nesterov=False, match=True), [(4, 3)], {"momentum": 0.9, "nesterov": False, "adjust_lr_fn": "match_rms_adamw"}),
    ],
)
def test_optimizers_beside_their_formulas(name, formula, shapes, kwargs):
    random = np.random.RandomState(7)
    values = [random.randn(*shape) for shape in shapes]
    parameters = [nr.tensor(value, requires_grad=True) for value in values]
    optimizer = getattr(nr.optim, name)(parameters, lr=0.05, **kwargs)
    states = [{} for _ in shapes]
    for step in range(1, 6):
        grads = [random.randn(*shape) for shape in shapes]
        for i, (parameter, grad) in enumerate(zip(parameters, grads)):
            parameter.grad = nr.tensor(grad)
            values[i] = formula(values[i], grad, states[i], step)
        if step == 3:
            again = getattr(nr.optim, name)(parameters, lr=0.5)
            again.load_state_dict(copy.deepcopy(optimizer.state_dict()))
            optimizer = again
        optimizer.step()
        for parameter, value in zip(parameters, values):
            np.testing.assert_allclose(parameter.detach().numpy(), value, 1e-9, 1e-9)


def test_muon_trains_matrices():
    with pytest.raises(ValueError, match="must be a matrix"):
        nr.optim.Muon([nr.ones(3, requires_grad=True)])


@pytest.mark.parametrize("index", range(len(OPTIMIZERS)))
def test_state_dicts_are_pytorchs(index):
    """A run that PyTorch began goes on here, and the other way round."""

    def steps(library, w, b, optimizer, first, last):
        for i in range(first, last):
            optimizer.zero_grad()
            ((library.tensor(INPUTS[i]) @ w + b).tanh() - 0.5).pow(2).sum().backward()
            optimizer.step()

    def convert(tree, library):
        if isinstance(tree, dict):
            return {key: convert(value, library) for key, value in tree.items()}
        if isinstance(tree, list):
            return [convert(value, library) for value in tree]
        return library.tensor(tree.detach().numpy()) if hasattr(tree, "detach") else tree

    make = OPTIMIZERS[index]
    for begin, go_on in ((torch, nr), (nr, torch)):
        whole = [torch.tensor(START, requires_grad=True), torch.zeros(3, dtype=torch.float64, requires_grad=True)]
        steps(torch, *whole, make(torch.optim, whole), 0, 8)
        half = [begin.tensor(START, requires_grad=True), begin.zeros(3, dtype=begin.float64, requires_grad=True)]
        first = make(begin.optim, half)
        steps(begin, *half, first, 0, 4)
        rest = [go_on.tensor(t.detach().numpy(), requires_grad=True) for t in half]
        second = make(go_on.optim, rest)
        given = convert(first.state_dict(), go_on)
        if go_on is torch:  # options of PyTorch's own, and what it keeps though it follows from the step
            for theirs, ours in zip(second.state_dict()["param_groups"], given["param_groups"]):
                ours.update({key: value for key, value in theirs.items() if key not in ours})
            if index == ASGD:
                continue
        second.load_state_dict(given)
        steps(go_on, *rest, second, 4, 8)
        for a, b in zip(rest, whole):
            tolerance = 1e-7 if index == ASGD else 1e-9
            np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), tolerance, tolerance)


def test_groups_may_be_added():
    w, v = (nr.ones(2, requires_grad=True) for _ in range(2))
    optimizer = nr.optim.SGD([w], lr=0.1, momentum=0.9)
    optimizer.add_param_group({"params": v, "lr": 0.5})
    assert [group["lr"] for group in optimizer.param_groups] == [0.1, 0.5]
    assert optimizer.param_groups[1]["momentum"] == 0.9
    (w.sum() + v.sum()).backward()
    optimizer.step()
    np.testing.assert_allclose(v.detach().numpy(), 0.5)
    assert set(optimizer.state) == {w, v} and optimizer.state[w]["momentum_buffer"].tolist() == [1, 1]
    with pytest.raises(ValueError, match="given twice"):
        optimizer.add_param_group({"params": [w]})
    assert len(optimizer.param_groups) == 2


def test_schedules_are_saved_by_pytorchs_names():
    w = nr.ones(1, requires_grad=True)
    optimizer = nr.optim.SGD([w], lr=1.0)
    schedules = nr.optim.lr_scheduler
    scheduler = schedules.SequentialLR(optimizer, [schedules.ConstantLR(optimizer, 0.5, 2), schedules.StepLR(optimizer, 1)], [2])
    scheduler.step()
    state = scheduler.state_dict()
    assert state["last_epoch"] == 1 and state["_last_lr"] == [0.5]
    assert state["_schedulers"][0]["base_lrs"] == [1.0]
    for _ in range(3):
        scheduler.step()
    scheduler.load_state_dict(state)
    assert scheduler.get_last_lr() == [0.5] and scheduler.last_epoch == 1
    theirs = torch.optim.lr_scheduler.ExponentialLR(torch.optim.SGD([torch.ones(1, requires_grad=True)], lr=1.0), 0.5)
    ours = schedules.ExponentialLR(nr.optim.SGD([w], lr=3.0), 0.5)
    theirs.step()
    ours.load_state_dict(theirs.state_dict())
    assert ours.get_last_lr() == theirs.get_last_lr() == [0.5]
    with pytest.raises(ValueError, match="no last_epoch"):
        ours.load_state_dict({})


def test_a_resumed_run_decays_once():
    traces = []
    for library in (nr, torch):
        schedules = library.optim.lr_scheduler
        w = library.ones(1, requires_grad=True)
        first = library.optim.SGD([w], lr=1.0)
        schedule = schedules.LambdaLR(first, lambda step: 0.5**step)
        for _ in range(2):
            first.step()
            schedule.step()
        second = library.optim.SGD([w], lr=3.0)
        second.load_state_dict(first.state_dict())
        rates = [second.param_groups[0]["lr"]]
        schedules.LambdaLR(second, lambda step: 0.5**step)
        rates.append(second.param_groups[0]["lr"])
        schedules.LambdaLR(second, lambda step: 0.5**step, last_epoch=1)
        traces.append([*rates, second.param_groups[0]["lr"]])
    assert traces[0] == traces[1]


def test_a_rate_that_was_set_by_hand_stays():
    w = nr.ones(1, requires_grad=True)
    optimizer = nr.optim.SGD([w], lr=1.0)
    schedules = nr.optim.lr_scheduler
    schedule = schedules.StepLR(optimizer, 2, 0.5)
    optimizer.param_groups[0]["lr"] = 0.3
    schedule.load_state_dict(schedule.state_dict())
    assert optimizer.param_groups[0]["lr"] == 0.3
    schedule.step()
    schedule.step()
    assert optimizer.param_groups[0]["lr"] == 0.15
    sequence = schedules.SequentialLR(
        optimizer, schedulers=[schedules.ConstantLR(optimizer, 0.5, 100), schedules.MultiplicativeLR(optimizer, lambda step: 0.9)], milestones=[1]
    )
    for _ in range(3):
        sequence.step()
    rate = sequence.get_last_lr()
    sequence.load_state_dict(sequence.state_dict())
    assert sequence.get_last_lr() == rate


def test_schedules_say_what_is_wrong():
    w = nr.ones(1, requires_grad=True)
    schedules = nr.optim.lr_scheduler
    optimizer = nr.optim.SGD([w], lr=1.0)
    calls = iter([1.0, 0.5, 0.25])
    schedule = schedules.LambdaLR(optimizer, lambda step: next(calls))  # called once a step
    schedule.step()
    assert schedule.get_last_lr() == [0.5]
    with pytest.raises(TypeError, match="must return a number, not str"):
        schedules.LambdaLR(optimizer, lambda step: "fast")
    with pytest.raises(ValueError, match="one schedule at least"):
        schedules.ChainedScheduler([])
    other = nr.optim.SGD([w], lr=1.0)
    with pytest.raises(ValueError, match="another optimizer"):
        schedules.ChainedScheduler([schedules.StepLR(optimizer, 1), schedules.StepLR(other, 1)])
    adagrad = nr.optim.Adagrad([w], lr=0.5)
    with pytest.raises(ValueError, match="has no momentum"):
        schedules.CyclicLR(adagrad, 0.1, 1.0)
    assert adagrad.param_groups[0]["lr"] == 0.5
    groups = nr.optim.SGD([{"params": [nr.ones(1, requires_grad=True)]} for _ in range(2)], lr=1.0)
    schedule = schedules.MultiplicativeLR(groups, lambda step: 0.5)
    for _ in range(5):
        groups.add_param_group({"params": [nr.ones(1, requires_grad=True)]})
    schedule.step()
    assert schedule.get_last_lr()[:2] == [0.5, 0.5]


def test_lbfgs_says_what_is_wrong():
    w = nr.ones(2, requires_grad=True)
    optimizer = nr.optim.LBFGS([w])
    with pytest.raises(TypeError, match="must return the loss, a tensor, not float"):
        optimizer.step(lambda: 1.0)
    with pytest.raises(ValueError, match="param_groups"):
        optimizer.load_state_dict({})
    with pytest.raises(ValueError, match="lr = -1"):
        optimizer.param_groups[0].update(lr=-1)
    assert optimizer.param_groups[0]["lr"] == 1
    with pytest.raises(ValueError, match="real numbers"):
        nr.optim.LBFGS([nr.ones(2, dtype=nr.complex64, requires_grad=True)])


def test_schedules_begin_after_a_step():
    w = nr.ones(1, requires_grad=True)
    optimizer = nr.optim.SGD([{"params": [w], "initial_lr": 1.0}], lr=1.0)
    with pytest.raises(KeyError, match="initial_lr"):
        nr.optim.lr_scheduler.StepLR(nr.optim.SGD([w], lr=1.0), 2, 0.5, last_epoch=2)
    scheduler = nr.optim.lr_scheduler.StepLR(optimizer, 2, 0.5, 2)
    assert scheduler.last_epoch == 3 and scheduler.get_last_lr() == [0.5]


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
        nr.optim.Adam([w], 1e-3, (0.9, 0.999), 1e-8, 0, False, True)
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
