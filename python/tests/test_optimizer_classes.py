"""Optimizers as objects: what they refuse, copies, hooks, classes that are written in Python."""

import copy
import pickle

import neura as nr
import numpy as np
import pytest
import torch


def parameter(library, values=(1.0, 2.0)):
    return library.tensor(list(values), requires_grad=True)


def descend(w, optimizer, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        (w**4).sum().backward()
        optimizer.step()


MAKES = [
    lambda o, p: o.SGD(p, lr=0.01, momentum=0.9),
    lambda o, p: o.Adam(p, lr=0.1, amsgrad=True),
    lambda o, p: o.RMSprop(p, centered=True),
    lambda o, p: o.Adagrad(p),
]


@pytest.mark.parametrize("make", MAKES)
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_go_on(make, copied):
    w = parameter(nr)
    optimizer = make(nr.optim, [w])
    optimizer.mine = "note"
    descend(w, optimizer, 3)
    v, other = copied((w, optimizer))
    assert other.param_groups[0]["params"][0] is v and other.mine == "note"
    assert other.defaults == optimizer.defaults and type(other) is type(optimizer)
    descend(w, optimizer, 3)
    descend(v, other, 3)
    assert w.tolist() == v.tolist()


def test_copies_of_lbfgs_go_on():
    def closure(x, optimizer):
        optimizer.zero_grad()
        loss = (x**4).sum()
        loss.backward()
        return loss

    w = parameter(nr)
    optimizer = nr.optim.LBFGS([w], lr=0.5, max_iter=3)
    optimizer.step(lambda: closure(w, optimizer))
    v, other = copy.deepcopy((w, optimizer))
    optimizer.step(lambda: closure(w, optimizer))
    other.step(lambda: closure(v, other))
    assert w.tolist() == v.tolist()


def test_lbfgs_takes_schedules():
    traces = []
    for library in (nr, torch):
        w = parameter(library)
        optimizer = library.optim.LBFGS([w], lr=0.5, max_iter=2)
        schedule = library.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)

        def closure():
            optimizer.zero_grad()
            loss = (w**4).sum()
            loss.backward()
            return loss

        trace = []
        for _ in range(3):
            trace.append(float(optimizer.step(closure)))
            schedule.step()
            trace.append(optimizer.param_groups[0]["lr"])
        traces.append(trace + w.tolist())
    np.testing.assert_allclose(*traces, 1e-5)
    assert isinstance(nr.optim.LBFGS([parameter(nr)]), nr.optim.Optimizer)


def test_a_closure_that_fails_changes_nothing():
    w = parameter(nr)
    optimizer = nr.optim.LBFGS([w], lr=0.01)
    calls = []

    def closure():
        calls.append(1)
        if len(calls) == 3:
            raise LookupError("from the closure")
        optimizer.zero_grad()
        loss = (w**4).sum()
        loss.backward()
        return loss

    with pytest.raises(LookupError):
        optimizer.step(closure)
    assert w.tolist() == [1, 2] and not optimizer.state
    with pytest.raises(TypeError, match="needs a closure"):
        optimizer.step()


class Momentum:
    """Works with either library's Optimizer as its base."""

    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if "mean" not in state:
                    state["mean"] = p.grad * 0
                state["mean"].mul_(group["beta"]).add_(p.grad)
                p.data.add_(state["mean"], alpha=-group["lr"])


def test_optimizers_written_in_python():
    results = []
    for library in (nr, torch):
        base = library.optim.Optimizer
        make = type("Momentum", (Momentum, base), {"__init__": lambda self, p, lr=0.01: base.__init__(self, p, {"lr": lr, "beta": 0.9})})
        w = parameter(library)
        optimizer = make([w])
        schedule = library.optim.lr_scheduler.OneCycleLR(optimizer, 0.02, 9, cycle_momentum=False)
        for _ in range(3):
            descend(w, optimizer, 1)
            schedule.step()
        other = make([w])
        other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
        copied = copy.deepcopy(optimizer)
        (mean,) = (state["mean"] for state in copied.state.values())
        results.append([*w.tolist(), other.param_groups[0]["lr"], *other.state[w]["mean"].tolist(), *mean.tolist()])
        with pytest.raises(ValueError, match="different number of parameter groups"):
            make([{"params": [w]}, {"params": []}]).load_state_dict(optimizer.state_dict())
    np.testing.assert_allclose(*results, 1e-5)
    scaler = nr.amp.GradScaler("cpu", init_scale=4.0)
    w = parameter(nr)
    optimizer = type("Plain", (Momentum, nr.optim.Optimizer), {})([w], {"lr": 1.0, "beta": 0.0})
    scaler.scale(w.sum()).backward()
    scaler.step(optimizer)
    assert w.tolist() == [0, 1]


def test_hooks_around_steps():
    w = parameter(nr)
    optimizer = nr.optim.SGD([w], lr=0.1)
    seen = []
    before = optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append(("before", o is optimizer, args[1:], kwargs)))
    after = optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append(("after", w.tolist())))
    w.sum().backward()
    optimizer.step()
    assert seen[0] == ("before", True, (), {}) and seen[1][0] == "after"
    np.testing.assert_allclose(seen[1][1], [0.9, 1.9], 1e-6)
    before.remove()
    with after:
        optimizer.step()
    assert len(seen) == 3
    optimizer.step()
    assert len(seen) == 3
    optimizer.register_step_pre_hook(lambda o, args, kwargs: ((o,), {"closure": lambda: 7.0}))
    assert optimizer.step() == 7.0
    optimizer.register_step_pre_hook(lambda o, args, kwargs: 3)
    with pytest.raises(RuntimeError, match="must return None or a tuple"):
        optimizer.step()
    with pytest.raises(TypeError, match="callable"):
        optimizer.register_step_post_hook(3)


def test_parameters_that_are_frozen_strided_or_complex():
    results = []
    for library in (nr, torch):
        frozen, strided = library.ones(2), library.arange(6.0).reshape(2, 3).t().detach().requires_grad_()
        numbers = library.tensor([1 + 2j, -1j], requires_grad=True)
        optimizer = library.optim.Adam([frozen, strided, numbers], lr=0.1)
        for _ in range(3):
            optimizer.zero_grad()
            ((strided**2).sum() + (numbers * numbers.conj()).real.sum()).backward()
            optimizer.step()
        parts = [x for number in numbers.tolist() for x in (number.real, number.imag)]
        results.append([*frozen.tolist(), *strided.flatten().tolist(), *parts])
        state = optimizer.state_dict()
        assert "complex64" in str(state["state"][2]["exp_avg"].dtype)
        optimizer.load_state_dict(state)
    np.testing.assert_allclose(*results, 1e-5)


def w(library=nr):
    return parameter(library)


@pytest.mark.parametrize(
    "call, error, match",
    [
        (lambda o: o.SGD([], lr=0.1), ValueError, "optimizer got an empty parameter list"),
        (lambda o: o.SGD(3, lr=0.1), TypeError, "iterable of Tensors or dicts, but got int"),
        (lambda o: o.SGD(w(), lr=0.1), TypeError, "iterable of Tensors or dicts, but got Tensor"),
        (lambda o: o.SGD({w()}, lr=0.1), TypeError, "ordered collections"),
        (lambda o: o.SGD(["a"], lr=0.1), TypeError, "can only optimize Tensors, but one of the params is str"),
        (lambda o: o.SGD([{"lr": 0.1}]), ValueError, "no 'params'"),
        (lambda o: o.SGD([w() * 2], lr=0.1), ValueError, "can't optimize a non-leaf Tensor"),
        (lambda o: o.SGD([w()]).add_param_group([w()]), TypeError, "param_group must be a dict, but got list"),
        (lambda o: o.Adam([w()], betas=0.9), TypeError, "Adam: betas must be 2 numbers"),
        (lambda o: o.Adam([w()], betas=(0.9,)), TypeError, "Adam: betas must be 2 numbers"),
        (lambda o: o.Muon([nr.ones(2, 2, requires_grad=True)], adjust_lr_fn="fast"), ValueError, "adjust_lr_fn"),
        (lambda o: o.LBFGS([{"params": [w()]}, {"params": [w()]}]), ValueError, "doesn't support per-parameter options"),
        (lambda o: o.Optimizer([w()], {}).step(), NotImplementedError, "no step"),
        (lambda o: o.SGD([w()]).param_groups[0].update(params=[]), ValueError, "add_param_group"),
    ],
)
def test_errors_are_clear(call, error, match):
    with pytest.raises(error, match=match):
        call(nr.optim)


def test_states_of_other_optimizers_are_refused():
    v = parameter(nr)
    adam = nr.optim.Adam([v])
    descend(v, adam, 1)
    sgd = nr.optim.SGD([v], lr=0.5)
    with pytest.raises(ValueError, match="SGD: the state is that of another optimizer: its group 0 has amsgrad, betas, eps"):
        sgd.load_state_dict(adam.state_dict())
    state = adam.state_dict()
    state["param_groups"] = sgd.state_dict()["param_groups"]
    with pytest.raises(ValueError, match="parameter 0 has exp_avg, exp_avg_sq, where SGD keeps momentum_buffer"):
        sgd.load_state_dict(state)
    assert sgd.param_groups[0]["lr"] == 0.5
    with pytest.raises(ValueError, match="2 parameter groups, the optimizer has 1"):
        sgd.load_state_dict(nr.optim.SGD([{"params": [w()]}, {"params": [w()]}]).state_dict())
    with pytest.raises(ValueError, match="group 0 of the state has 2 parameters, of the optimizer 1"):
        sgd.load_state_dict(nr.optim.SGD([w(), w()]).state_dict())
    with pytest.raises(ValueError, match="exp_avg is float32 \\[2\\], but the parameter float32 \\[3\\]"):
        nr.optim.Adam([parameter(nr, (1.0, 2.0, 3.0))]).load_state_dict(adam.state_dict())
    with pytest.raises(ValueError, match="another optimizer"):
        adam.load_state_dict(torch.optim.RMSprop([parameter(torch)], centered=True).state_dict())


def test_muon_has_pytorchs_arguments():
    muon = nr.optim.Muon([nr.ones(2, 2, requires_grad=True)], 1e-3, 0.1, 0.95, True, (3.4, -4.7, 2.0), 1e-7, 5, "match_rms_adamw")
    assert muon.param_groups[0]["adjust_lr_fn"] == "match_rms_adamw"
    other = nr.optim.Muon([nr.ones(2, 2, requires_grad=True)], adjust_lr_fn=None)
    other.load_state_dict(muon.state_dict())
    assert other.param_groups[0]["adjust_lr_fn"] == "match_rms_adamw"
