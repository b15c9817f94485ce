"""Learning rate schedules: those of C++."""

import weakref
from collections.abc import Mapping

from neura import _C

LRScheduler = _C.optim.LRScheduler


def _to_python(state):
    """PyTorch's names, of what C++ keeps as scalars: {"last_epoch": 3, "base_lrs": [0.1], ...}"""
    result, parts = {}, {}
    for name, tensor in state.items():
        scope, _, rest = name.partition(".")
        if scope == "schedulers":
            number, _, rest = rest.partition(".")
            parts.setdefault(int(number), {})[rest] = tensor
        elif scope in ("base_lr", "last_lr"):
            result.setdefault("base_lrs" if scope == "base_lr" else "_last_lr", []).append(tensor.item())
        else:
            result["last_epoch" if name == "step" else name] = tensor.item()
    if parts:
        result["_schedulers"] = [_to_python(parts[i]) for i in range(len(parts))]
    return result


def _to_cpp(state, prefix=""):
    numbers = {}
    for name, value in state.items():
        if name == "last_epoch":
            numbers[prefix + "step"] = _C.tensor(int(value))
        elif name in ("base_lrs", "_last_lr"):
            stem = "base_lr" if name == "base_lrs" else "last_lr"
            numbers.update({f"{prefix}{stem}.{i}": _C.tensor(float(x), dtype=_C.float64) for i, x in enumerate(value)})
        elif name == "_schedulers":
            for i, part in enumerate(value):
                numbers.update(_to_cpp(part, f"{prefix}schedulers.{i}."))
        elif name == "best":
            numbers[prefix + name] = _C.tensor(float(value), dtype=_C.float64)
        elif name in ("num_bad_epochs", "cooldown_counter"):
            numbers[prefix + name] = _C.tensor(int(value))
    return numbers


def _state_dict(self):
    """Where the schedule stands, by PyTorch's names."""
    return _to_python(dict(self._state_dict()))


def _load_state_dict(self, state_dict):
    """Restores what state_dict() gave."""
    if not isinstance(state_dict, Mapping):
        raise TypeError(f"load_state_dict() expects a dict, not {type(state_dict).__name__}")
    self._load_state_dict(list(_to_cpp(state_dict).items()))


def _prepare(optimizer):
    for index, group in enumerate(optimizer.param_groups):
        optimizer._set_initial_lr(index, group.setdefault("initial_lr", group["lr"]))


def _with_optimizer(schedule):
    """The class, whose objects keep their optimizer as an attribute and may begin after a step."""
    begin = schedule.__init__

    def __init__(self, optimizer, *args, last_epoch=-1, verbose=False, **kwargs):
        _prepare(optimizer)
        begin(self, optimizer, *args, **kwargs)
        self.optimizer = optimizer
        if last_epoch != -1:
            state = self.state_dict()
            del state["_last_lr"]  # those of the step follow from it
            self.load_state_dict({**state, "last_epoch": last_epoch + 1})

    schedule.__init__ = __init__
    schedule.state_dict = _state_dict
    schedule.load_state_dict = _load_state_dict
    return schedule


def _functions(self, optimizer, lr_lambda):
    """The functions of the groups, which the C++ object reaches through this one: the collector sees them here."""
    count = len(optimizer.param_groups)
    given = list(lr_lambda) if isinstance(lr_lambda, (list, tuple)) else [lr_lambda] * count
    if len(given) != count:
        raise ValueError(f"expected {count} lr_lambdas, got {len(given)}")
    self.lr_lambdas = given
    reference = weakref.ref(self)
    return [lambda step, i=i: reference().lr_lambdas[i](step) for i in range(count)]


def _of_functions(schedule):
    begin = schedule.__init__

    def __init__(self, optimizer, lr_lambda):
        begin(self, optimizer, _functions(self, optimizer, lr_lambda))

    schedule.__init__ = __init__
    return _with_optimizer(schedule)


def _begin_sequential(self, optimizer, schedulers, milestones):
    self._schedulers = list(schedulers)
    _cpp_sequential(self, optimizer, self._schedulers, list(milestones))


def _begin_chained(self, schedulers, optimizer=None):
    self._schedulers = list(schedulers)
    if not self._schedulers:
        raise ValueError("ChainedScheduler: expected one schedule at least")
    self.optimizer = optimizer or self._schedulers[0].optimizer
    _cpp_chained(self, self.optimizer, self._schedulers)


# Every schedule that C++ has bound.
globals().update(
    {
        name: _with_optimizer(getattr(_C.optim, name))
        for scope, name, *_ in _C._bound_classes()
        if scope == "optim.lr_scheduler"
    }
)
LambdaLR = _of_functions(_C.optim.LambdaLR)
MultiplicativeLR = _of_functions(_C.optim.MultiplicativeLR)
_LRScheduler = LRScheduler

SequentialLR, ChainedScheduler = _C.optim.SequentialLR, _C.optim.ChainedScheduler
_cpp_sequential, _cpp_chained = SequentialLR.__init__, ChainedScheduler.__init__
SequentialLR.__init__ = _begin_sequential
_with_optimizer(SequentialLR)
ChainedScheduler.__init__ = _begin_chained
ChainedScheduler.state_dict, ChainedScheduler.load_state_dict = _state_dict, _load_state_dict


def _step(self, metrics, epoch=None):
    """Moves on by one, with what was measured."""
    self._step(float(metrics))


_C.optim.ReduceLROnPlateau.step = _step
