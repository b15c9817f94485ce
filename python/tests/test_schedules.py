"""Schedules beside PyTorch's as their users write them: values of each group, attributes, classes of Python, copies, states."""

import collections
import copy
import gc
import pickle
import weakref

import neura as nr
import numpy as np
import pytest
import torch


def optimizer_of(library, count=2):
    groups = [{"params": [library.ones(2, requires_grad=True)], "lr": 0.1 * (i + 1)} for i in range(count)]
    return library.optim.SGD(groups, lr=0.1, momentum=0.9)


def trace(optimizer, schedule, steps=9):
    rates = []
    for _ in range(steps):
        optimizer.step()
        schedule.step()
        rates.append([group[key] for group in optimizer.param_groups for key in ("lr", "momentum")])
    return rates


def base_of(library):
    return library.optim.lr_scheduler._LRScheduler


class Rising:
    def get_lr(self):
        return [lr * (self.last_epoch + 1) for lr in self.base_lrs]


class Falling:
    def get_lr(self):
        return [group["lr"] * (0.5 if self.last_epoch else 1) for group in self.optimizer.param_groups]


def derived(library, mixin):
    return type(mixin.__name__, (mixin, base_of(library)), {})


SCHEDULES = [
    lambda l, s, o: s.OneCycleLR(o, [0.5, 1.0], 12, base_momentum=[0.7, 0.8], max_momentum=[0.9, 0.95]),
    lambda l, s, o: s.OneCycleLR(o, 0.5, None, 2, 6, 0.4, "linear", False, 0.85, 0.95, 25.0, 1e4, False, -1),
    lambda l, s, o: s.CyclicLR(o, base_lr=[0.01, 0.02], max_lr=[0.5, 1.0], step_size_up=3),
    lambda l, s, o: s.CyclicLR(o, 0.01, 0.1, 3, 2, "triangular", 1.0, lambda x: 1 / 5 ** (x * 1e-2), "iterations", False),
    lambda l, s, o: s.CyclicLR(o, 0.01, 0.1, 2, scale_fn=lambda cycle: 1 / cycle),
    lambda l, s, o: s.LambdaLR(o, [lambda step: 0.9**step, lambda step: 1 / (1 + step)]),
    lambda l, s, o: s.StepLR(o, 3, 0.5, -1),
    lambda l, s, o: derived(l, Rising)(o),
    lambda l, s, o: derived(l, Falling)(o),
    lambda l, s, o: s.SequentialLR(o, [derived(l, Rising)(o), s.ExponentialLR(o, 0.5)], [3]),
    lambda l, s, o: s.ChainedScheduler([derived(l, Falling)(o), s.ExponentialLR(o, 0.9)]),
    lambda l, s, o: l.optim.swa_utils.SWALR(o, swa_lr=[0.05, 0.5], anneal_epochs=3, anneal_strategy="linear"),
    lambda l, s, o: l.optim.swa_utils.SWALR(o, 0.05, 4),
]


@pytest.mark.parametrize("make", SCHEDULES)
def test_rates(make):
    traces = []
    for library in (nr, torch):
        optimizer = optimizer_of(library)
        traces.append(trace(optimizer, make(library, library.optim.lr_scheduler, optimizer)))
    np.testing.assert_allclose(traces[0], traces[1], 1e-9)


@pytest.mark.parametrize("make", SCHEDULES)
def test_copies_go_on(make):
    optimizer = optimizer_of(nr)
    schedule = make(nr, nr.optim.lr_scheduler, optimizer)
    trace(optimizer, schedule, 4)
    again = copy.deepcopy(schedule)
    assert again.optimizer is not optimizer and again.last_epoch == schedule.last_epoch
    assert trace(again.optimizer, again, 4) == trace(optimizer, schedule, 4)


@pytest.mark.parametrize("make", SCHEDULES)
def test_states_go_on(make):
    optimizer, other = optimizer_of(nr), optimizer_of(nr)
    schedule, second = (make(nr, nr.optim.lr_scheduler, o) for o in (optimizer, other))
    trace(optimizer, schedule, 4)
    second.load_state_dict(copy.deepcopy(schedule.state_dict()))
    other.load_state_dict(optimizer.state_dict())
    np.testing.assert_allclose(trace(other, second, 4), trace(optimizer, schedule, 4), 1e-12)


def test_pickles():
    optimizer = optimizer_of(nr)
    schedule = nr.optim.lr_scheduler.MultiStepLR(optimizer, [2, 4], 0.5)
    trace(optimizer, schedule, 3)
    again = pickle.loads(pickle.dumps(schedule))
    assert again.milestones == collections.Counter([2, 4])
    assert trace(again.optimizer, again, 3) == trace(optimizer, schedule, 3)


def test_least_rates_of_each_group():
    traces = []
    for library in (nr, torch):
        optimizer = optimizer_of(library)
        schedule = library.optim.lr_scheduler.ReduceLROnPlateau(optimizer, "min", 0.1, 0, min_lr=[0.05, 0.001])
        rates = [schedule.min_lrs]
        for _ in range(5):
            schedule.step(library.tensor(1.0))
            rates.append([group["lr"] for group in optimizer.param_groups])
        traces.append(rates)
    np.testing.assert_allclose(*traces)


def test_steps_to_an_epoch():
    traces = []
    for library in (nr, torch):
        schedules = library.optim.lr_scheduler
        rates = []
        for make, epochs in (
            (lambda o: schedules.StepLR(o, 2, 0.5), (0, 1, 4, 3)),
            (lambda o: schedules.CosineAnnealingWarmRestarts(o, 4, 2), (0.5, 1.25, 4.5, 13)),
            (lambda o: schedules.LambdaLR(o, lambda step: 0.5**step), (3, 1)),
        ):
            optimizer = optimizer_of(library)
            schedule = make(optimizer)
            for epoch in epochs:
                schedule.step(epoch)
                rates.append([group["lr"] for group in optimizer.param_groups] + [schedule.last_epoch])
        traces.append(rates)
    np.testing.assert_allclose(*traces)


def attributes(library):
    schedules, make = library.optim.lr_scheduler, lambda: optimizer_of(library)
    step, milestones = schedules.StepLR(make(), 3, 0.5), schedules.MultiStepLR(make(), [3, 1, 3])
    yield from (step.step_size, step.gamma, step.base_lrs, step.last_epoch, step._step_count, step.get_last_lr())
    yield milestones.milestones
    cosine, linear = schedules.CosineAnnealingLR(make(), 7, 0.01), schedules.LinearLR(make(), 0.5, 0.9, 4)
    yield from (cosine.T_max, cosine.eta_min, linear.start_factor, linear.end_factor, linear.total_iters)
    restarts = schedules.CosineAnnealingWarmRestarts(make(), 3, 2, 0.1)
    restarts.step()
    yield from (restarts.T_0, restarts.T_mult, restarts.T_cur, restarts.T_i, restarts.eta_min)
    cyclic, plateau = schedules.CyclicLR(make(), 0.01, 0.1, 3), schedules.ReduceLROnPlateau(make())
    yield from (cyclic.base_lrs, cyclic.max_lrs, cyclic.mode, cyclic.gamma)
    yield from (plateau.factor, plateau.patience, plateau.min_lrs, plateau.best, plateau.mode, plateau.in_cooldown)
    optimizer = make()
    cycle = schedules.OneCycleLR(optimizer, 0.5, epochs=2, steps_per_epoch=5)
    yield from (cycle.total_steps, cycle.base_lrs)
    yield from ([group[key] for group in optimizer.param_groups] for key in ("initial_lr", "max_lr", "min_lr"))


def test_attributes():
    assert list(attributes(nr)) == list(attributes(torch))


def test_attributes_may_be_set():
    traces = []
    for library in (nr, torch):
        optimizer = optimizer_of(library)
        schedule = library.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
        schedule.step()
        schedule.gamma = 0.5
        schedule.step()
        traces.append([group["lr"] for group in optimizer.param_groups])
    np.testing.assert_allclose(*traces)
    with pytest.raises(ValueError, match="step_size"):
        nr.optim.lr_scheduler.StepLR(optimizer_of(nr), 2).step_size = 0


def test_a_subclass_of_a_schedule():
    class Half(nr.optim.lr_scheduler.StepLR):
        def get_lr(self):
            return [lr / 2 for lr in super().get_lr()]

    optimizer = optimizer_of(nr, 1)
    schedule = Half(optimizer, 2, 0.1)
    assert schedule.get_last_lr() == [0.05]
    sequence = nr.optim.lr_scheduler.SequentialLR(optimizer, [schedule, nr.optim.lr_scheduler.ConstantLR(optimizer)], [5])
    rates = [rate[0] for rate in trace(optimizer, sequence, 4)]
    np.testing.assert_allclose(rates, [0.05, 0.005, 0.005, 0.0005])
    assert isinstance(schedule, nr.optim.lr_scheduler.LRScheduler)


def test_states_hold_the_settings():
    schedules = nr.optim.lr_scheduler
    first = schedules.StepLR(optimizer_of(nr), 3, 0.5)
    assert set(first.state_dict()) >= {"step_size", "gamma", "base_lrs", "last_epoch", "_step_count", "_last_lr"}
    second = schedules.StepLR(optimizer_of(nr), 100)
    second.load_state_dict(first.state_dict())
    assert (second.step_size, second.gamma) == (3, 0.5)
    theirs = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer_of(torch), 7)
    ours = schedules.CosineAnnealingLR(optimizer_of(nr), 4)
    theirs.step()
    ours.load_state_dict(theirs.state_dict())
    assert ours.T_max == 7 and ours.get_last_lr() == theirs.get_last_lr()
    for make in (lambda s, o: s.OneCycleLR(o, 0.5, 10), lambda s, o: s.CyclicLR(o, 0.1, 0.5), lambda s, o: s.ReduceLROnPlateau(o)):
        theirs, ours = make(torch.optim.lr_scheduler, optimizer_of(torch)), make(schedules, optimizer_of(nr))
        ours.load_state_dict({key: value for key, value in theirs.state_dict().items() if not callable(value)})
        assert ours.last_epoch == theirs.last_epoch


@pytest.mark.parametrize(
    "make, match",
    [
        (lambda s, o: s.CosineAnnealingLR(o, 4), "has gamma, step_size, and it has no T_max, eta_min"),
        (lambda s, o: s.ExponentialLR(o, 0.9), "ExponentialLR: the state is that of another schedule: it has step_size"),
        (lambda s, o: s.MultiStepLR(o, [2]), "no milestones"),
        (lambda s, o: s.LambdaLR(o, lambda step: 1.0), "has gamma, step_size"),
        (lambda s, o: s.ReduceLROnPlateau(o), "another schedule"),
        (lambda s, o: s.SequentialLR(o, [s.ConstantLR(o)], []), "another schedule"),
    ],
)
def test_states_of_others_are_refused(make, match):
    schedules = nr.optim.lr_scheduler
    state = schedules.StepLR(optimizer_of(nr), 3).state_dict()
    optimizer = optimizer_of(nr)
    schedule = make(schedules, optimizer)
    before = [group["lr"] for group in optimizer.param_groups]
    with pytest.raises(ValueError, match=match):
        schedule.load_state_dict(state)
    assert [group["lr"] for group in optimizer.param_groups] == before
    three = schedules.StepLR(optimizer_of(nr, 3), 3).state_dict()
    with pytest.raises(ValueError, match="3 parameter groups"):
        schedules.StepLR(optimizer_of(nr), 3).load_state_dict(three)


@pytest.mark.parametrize(
    "call, error, match",
    [
        (lambda s, o: s.StepLR("x", 3), TypeError, "StepLR: str is not an Optimizer"),
        (lambda s, o: s.LambdaLR(None, lambda step: 1.0), TypeError, "NoneType is not an Optimizer"),
        (lambda s, o: s.StepLR(o), TypeError, "StepLR.*step_size"),
        (lambda s, o: s.StepLR(o, 3, speed=1), TypeError, "StepLR.*speed"),
        (lambda s, o: s.StepLR(o, "3"), TypeError, "StepLR.*step_size"),
        (lambda s, o: s.OneCycleLR(o, [0.5], 10), ValueError, "expected 2 values for max_lr, got 1"),
        (lambda s, o: s.CyclicLR(o, 0.1, 0.5, scale_fn=3), TypeError, "scale_fn"),
        (lambda s, o: s.LambdaLR(o, [lambda step: 1.0]), ValueError, "Expected 2 lr_lambdas, but got 1"),
        (lambda s, o: s.LambdaLR(o, 0.5), TypeError, "lr_lambda must be a function"),
        (lambda s, o: s.ReduceLROnPlateau(o, min_lr=[0.1]), ValueError, "expected 2 min_lrs, got 1"),
        (lambda s, o: s.ReduceLROnPlateau(o).step("low"), TypeError, "takes a number, not str"),
        (lambda s, o: s.SequentialLR(o, [o], []), TypeError, "SGD is not an LRScheduler"),
        (lambda s, o: s.ChainedScheduler([s.ReduceLROnPlateau(o)]), TypeError, "no ReduceLROnPlateau"),
        (lambda s, o: s.StepLR(o, 1).step(-2), ValueError, "StepLR: there is no step -2"),
        (lambda s, o: s.StepLR(o, 1).load_state_dict(3), TypeError, "expects a dict, not int"),
        (lambda s, o: base_of(nr)(o), NotImplementedError, "no get_lr"),
    ],
)
def test_errors_are_clear(call, error, match):
    with pytest.raises(error, match=match):
        call(nr.optim.lr_scheduler, optimizer_of(nr))


def test_functions_of_schedules_are_freed():
    class Token:
        pass

    for make in (
        lambda s, o, f: s.LambdaLR(o, f),
        lambda s, o, f: s.CyclicLR(o, 0.1, 0.5, scale_fn=f),
        lambda s, o, f: s.SequentialLR(o, [s.LambdaLR(o, f)], []),
    ):
        token = Token()
        seen = weakref.ref(token)
        optimizer = optimizer_of(nr)
        box = [token]
        box.append(make(nr.optim.lr_scheduler, optimizer, lambda x: len(box) * 1.0))
        del token, box, optimizer
        gc.collect()
        assert seen() is None


def test_verbose_schedules_print(capsys):
    nr.optim.lr_scheduler.StepLR(optimizer_of(nr, 1), 1, 0.5, verbose=True).step()
    ours = capsys.readouterr().out
    torch.optim.lr_scheduler.StepLR(optimizer_of(torch, 1), 1, 0.5, verbose=True).step()
    assert ours == capsys.readouterr().out
