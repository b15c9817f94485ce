"""Learning rate schedules: those of C++, and the base of those that are written in Python."""

import types
import weakref

from neura import _C
from neura.optim._schedules import ROWS, LRScheduler, Native, Rows, begin, bound_by, set_rates, setting, signature_of


class CosineAnnealingWarmRestarts(Rows, row="CosineAnnealingWarmRestarts"):
    def _position(self):
        """Steps since the last restart, and from it to the next one."""
        at, length = self.last_epoch, self.T_0
        while at >= length:
            at, length = at - length, length * self.T_mult
        return at, length

    T_cur = property(lambda self: self._position()[0])
    T_i = property(lambda self: self._position()[1])


class OneCycleLR(Rows, row="OneCycleLR"):
    def _prepare(self, optimizer, given, last_epoch):
        options = super()._prepare(optimizer, given, last_epoch)
        for i, group in enumerate(optimizer.param_groups if last_epoch == -1 else ()):
            own = options[i % len(options)]
            if all(isinstance(own[name], (int, float)) and own[name] for name in ("max_lr", "div_factor", "final_div_factor")):
                group["initial_lr"] = own["max_lr"] / own["div_factor"]
                group["max_lr"] = own["max_lr"]
                group["min_lr"] = group["initial_lr"] / own["final_div_factor"]
        return options

    def _total_steps(self):
        options = self._schedule.options()[0]
        return options["total_steps"] or options["epochs"] * options["steps_per_epoch"]

    total_steps = property(_total_steps, lambda self, value: self._set_setting("total_steps", value))


class CyclicLR(Rows, row="CyclicLR"):
    _own = (*Rows._own, "scale_fn")

    def _prepare(self, optimizer, given, last_epoch):
        self.scale_fn = given.pop("scale_fn")
        if self.scale_fn is not None and not callable(self.scale_fn):
            raise TypeError(f"{type(self).__name__}: scale_fn must be a function of a number, not {type(self.scale_fn).__name__}")
        options = super()._prepare(optimizer, given, last_epoch)
        for i, group in enumerate(optimizer.param_groups if last_epoch == -1 else ()):
            lr = options[i % len(options)]["base_lr"]
            if isinstance(lr, (int, float)):
                group["lr"] = lr
        return options

    def _with_scale(self, options):
        """The function is reached through this object, so that the collector sees it here."""
        if self.scale_fn is None:
            return options
        reference = weakref.ref(self)
        return [{**own, "scale_fn": lambda x: reference().scale_fn(x)} for own in options]

    def _new(self, options):
        return super()._new(self._with_scale(options))

    def _set_options(self, options):
        super()._set_options(self._with_scale(options))

    def _of_groups(self, value):
        return list(value) if isinstance(value, (list, tuple)) else [value] * len(self.optimizer.param_groups)

    max_lrs = property(lambda self: self._of_groups(self.max_lr))
    base_momentums = property(lambda self: self._of_groups(self.base_momentum))
    max_momentums = property(lambda self: self._of_groups(self.max_momentum))


# scale_fn and scale_mode stand behind gamma.
_fields = list(CyclicLR._fields.items())
_at = list(CyclicLR._fields).index("scale_mode")
CyclicLR.__signature__ = signature_of([*_fields[:_at], ("scale_fn", None), *_fields[_at:]])

globals().update({name: type(name, (Rows,), {"__module__": __name__}, row=name) for name in ROWS if name not in globals() and name != "ReduceLROnPlateau"})


# ---- of functions ----


class _OfFunctions(Native):
    _own = (*Native._own, "lr_lambdas")

    def __init__(self, optimizer, lr_lambda, last_epoch=-1, verbose=False):
        begin(self, optimizer, last_epoch, verbose)
        count = len(optimizer.param_groups)
        self.lr_lambdas = list(lr_lambda) if isinstance(lr_lambda, (list, tuple)) else [lr_lambda] * count
        if len(self.lr_lambdas) != count:
            raise ValueError(f"{type(self).__name__}: Expected {count} lr_lambdas, but got {len(self.lr_lambdas)}")
        for function in self.lr_lambdas:
            if not callable(function):
                raise TypeError(f"{type(self).__name__}: lr_lambda must be a function of the step, not {type(function).__name__}")
        self._schedule = self._new()
        if last_epoch != -1:
            self._begin_at(int(last_epoch) + 1)
        self._tell()

    def _new(self):
        # The functions are reached through this object, so that the collector sees them here.
        reference = weakref.ref(self)
        functions = [lambda step, i=i: reference().lr_lambdas[i](step) for i in range(len(self.lr_lambdas))]
        return self._cpp_class(self.optimizer._cpp, functions)

    def _make_again(self, state):
        self._schedule = self._new()

    def state_dict(self):
        """Where the schedule stands; of functions, what objects that are called hold."""
        held = [None if isinstance(f, types.FunctionType) else dict(getattr(f, "__dict__", {})) for f in self.lr_lambdas]
        return {**super().state_dict(), "base_lrs": self.base_lrs, "lr_lambdas": held}

    def load_state_dict(self, state_dict):
        """Restores what state_dict() gave."""
        state = self._check_state(state_dict)
        self._restore(state)
        for function, held in zip(self.lr_lambdas, state.get("lr_lambdas") or []):
            if held:
                function.__dict__.update(held)
        self._take_notes(state)


class LambdaLR(_OfFunctions):
    """The rate that each group began with times a function of the step."""

    _cpp_class = _C.optim.LambdaLR

    def _begin_at(self, step):
        self._schedule.restore(step, self.base_lrs, [])

    def _restore(self, state):
        self._schedule.restore(int(state["last_epoch"]), list(state.get("base_lrs", self.base_lrs)), list(state.get("_last_lr") or []))


class MultiplicativeLR(_OfFunctions):
    """The rate times a function of the step, at each step from the first on."""

    _cpp_class = _C.optim.MultiplicativeLR

    @property
    def base_lrs(self):
        return [group["initial_lr"] for group in self.optimizer.param_groups if "initial_lr" in group]

    def get_lr(self):
        rates = self.get_last_lr()
        return [lr * f(self.last_epoch) for lr, f in zip(rates, self.lr_lambdas)] if self.last_epoch > 0 else rates

    def _begin_at(self, step):
        self._schedule.step_count = step - 1
        self._schedule.step()

    def _restore(self, state):
        self._schedule.step_count = int(state["last_epoch"])
        set_rates(self.optimizer, state.get("_last_lr"))


# ---- of schedules ----


def _members(name, optimizer, schedulers):
    schedulers = list(schedulers)
    if not schedulers:
        raise ValueError(f"{name}: expected one schedule at least")
    for i, schedule in enumerate(schedulers):
        if not isinstance(schedule, LRScheduler):
            raise TypeError(f"{name}: {type(schedule).__name__} is not an LRScheduler")
        if isinstance(schedule, ReduceLROnPlateau):
            raise TypeError(f"{name}: takes no ReduceLROnPlateau, whose step() needs a measured value")
        if schedule.optimizer is not (optimizer or schedulers[0].optimizer):
            raise ValueError(f"{name}: schedule {i} is of another optimizer; all must belong to the same one")
    return schedulers


def _as_member(schedule):
    if isinstance(schedule, Native):
        return schedule._as_member()
    return _C.optim.PythonSchedule(schedule.optimizer._cpp, schedule)


class _OfSchedules(Native):
    _own = (*Native._own, "_schedulers", "_milestones")

    def step(self):
        """Moves on by one and sets every group's rate."""
        self._schedule.step()
        self._tell()

    def get_lr(self):
        raise NotImplementedError(f"{type(self).__name__}: its schedules have get_lr()")

    def _new(self):
        raise NotImplementedError

    def _make_again(self, state):
        # The new one begins, and its schedules with it.
        self._schedule = self._new()

    @property
    def base_lrs(self):
        return [group["initial_lr"] for group in self.optimizer.param_groups if "initial_lr" in group]

    def state_dict(self):
        """Where the schedule stands, and the states of its schedules, by PyTorch's names."""
        return {**super().state_dict(), "_schedulers": [schedule.state_dict() for schedule in self._schedulers]}

    def load_state_dict(self, state_dict):
        """Restores what state_dict() gave."""
        state = self._check_state(state_dict)
        parts, name = state.get("_schedulers"), type(self).__name__
        if parts is None or len(parts) != len(self._schedulers):
            count = "no" if parts is None else len(parts)
            raise ValueError(f"{name}: the state is of {count} schedules, not of {len(self._schedulers)}")
        before = [schedule.state_dict() for schedule in self._schedulers]
        rates = self.get_last_lr()
        try:
            for schedule, part in zip(self._schedulers, parts):
                schedule.load_state_dict(part)
        except Exception:
            for schedule, part in zip(self._schedulers, before):
                schedule.load_state_dict(part)
            set_rates(self.optimizer, rates)
            raise
        self._schedule.step_count = int(state["last_epoch"])
        set_rates(self.optimizer, state.get("_last_lr"))
        self._take_notes(state)


class SequentialLR(_OfSchedules):
    """One schedule after the other; number k + 1 begins at step milestones[k]."""

    def __init__(self, optimizer, schedulers, milestones, last_epoch=-1, verbose=False):
        begin(self, optimizer, last_epoch, verbose)
        self._schedulers, self._milestones = _members("SequentialLR", optimizer, schedulers), [int(step) for step in milestones]
        self._schedule = self._new()
        if last_epoch != -1:
            self.last_epoch = last_epoch + 1
        self._tell()

    def _new(self):
        return _C.optim.SequentialLR(self.optimizer._cpp, [_as_member(s) for s in self._schedulers], self._milestones)

    def _settings(self):
        return {"_milestones": list(self._milestones)}


class ChainedScheduler(_OfSchedules):
    """All schedules at each step, one upon the other."""

    def __init__(self, schedulers, optimizer=None):
        self._schedulers = _members("ChainedScheduler", optimizer, schedulers)
        begin(self, optimizer or self._schedulers[0].optimizer, -1, False)
        self._schedule = self._new()

    def _new(self):
        return _C.optim.ChainedScheduler(self.optimizer._cpp, [_as_member(s) for s in self._schedulers])


# ---- of what is measured ----


class ReduceLROnPlateau(Native):
    """The rate times factor where a measured value has not become better for longer than `patience` steps."""

    _fields = ROWS["ReduceLROnPlateau"][0]
    __signature__ = signature_of([*_fields.items(), ("verbose", False)])

    def __init__(self, optimizer, *args, **kwargs):
        given = bound_by(self, optimizer, args, kwargs)
        given.pop("last_epoch")
        begin(self, optimizer, -1, given.pop("verbose"))
        self._schedule = self._new(given)

    def _new(self, given):
        return _C.optim.ReduceLROnPlateau(self.optimizer._cpp, *self._parts(given))

    def _parts(self, given):
        """Options, and the least rate of each group where it is a list."""
        given = dict(given)
        least = given["min_lr"]
        if not isinstance(least, (list, tuple)):
            return given, []
        count = len(self.optimizer.param_groups)
        if len(least) != count:
            raise ValueError(f"{type(self).__name__}: expected {count} min_lrs, got {len(least)}")
        given["min_lr"] = 0.0
        return given, [float(x) for x in least]

    def _make_again(self, state):
        self._schedule = self._new({key: state[key] for key in self._fields})

    def _settings(self):
        return {name: getattr(self, name) for name in self._fields}

    def _setting(self, name):
        if name == "min_lr" and len(set(self.min_lrs)) > 1:
            return self.min_lrs
        return self.min_lrs[0] if name == "min_lr" and self.min_lrs else self._schedule.options()[name]

    def _set_setting(self, name, value):
        self._schedule.set_options(*self._parts({**self._settings(), name: value}))

    base_lrs = _OfSchedules.base_lrs
    min_lrs = property(lambda self: list(self._schedule.min_lrs))
    best = property(lambda self: self._schedule.best, lambda self, value: self._set_state(best=float(value)))
    num_bad_epochs = property(lambda self: self._schedule.num_bad_epochs, lambda self, value: self._set_state(num_bad_epochs=value))
    cooldown_counter = property(
        lambda self: self._schedule.cooldown_counter, lambda self, value: self._set_state(cooldown_counter=value)
    )

    @property
    def in_cooldown(self):
        return self.cooldown_counter > 0

    def get_lr(self):
        raise NotImplementedError("ReduceLROnPlateau: the rates follow from what is measured")

    def step(self, metrics, epoch=None):
        """Moves on by one, with what was measured."""
        try:
            value = float(metrics)
        except (TypeError, ValueError):
            raise TypeError(f"ReduceLROnPlateau: step() takes a number, not {type(metrics).__name__}") from None
        before = self.get_last_lr()
        self._schedule.step(value)
        if epoch is not None:
            self.last_epoch = int(epoch)
        if self.verbose:
            for i, (old, new) in enumerate(zip(before, self.get_last_lr())):
                if old != new:
                    print(f"Epoch {self.last_epoch:05d}: reducing learning rate of group {i} to {new:.4e}.")

    def _set_state(self, **changed):
        state = {"last_epoch": self.last_epoch, "best": self.best}
        state.update(num_bad_epochs=self.num_bad_epochs, cooldown_counter=self.cooldown_counter)
        state.update(changed)
        self._schedule.set_state(*(int(v) if k != "best" else float(v) for k, v in state.items()))

    def state_dict(self):
        """Where the schedule stands, and its settings, by PyTorch's names."""
        stands = {"best": self.best, "num_bad_epochs": self.num_bad_epochs, "cooldown_counter": self.cooldown_counter}
        return {**super().state_dict(), **stands, "min_lrs": self.min_lrs}

    def load_state_dict(self, state_dict):
        """Restores what state_dict() gave, the settings among it."""
        state = self._check_state(state_dict)
        given = {key: state.get(key, value) for key, value in self._settings().items()}
        if "min_lr" not in state and state.get("min_lrs"):
            given["min_lr"] = list(state["min_lrs"])
        values = {key: state.get(key, getattr(self, key)) for key in ("last_epoch", "best", "num_bad_epochs", "cooldown_counter")}
        self._schedule.set_options(*self._parts(given))
        self._set_state(**values)
        set_rates(self.optimizer, state.get("_last_lr"))
        self._take_notes(state)


for _name in ReduceLROnPlateau._fields:
    setattr(ReduceLROnPlateau, _name, setting(_name))

_LRScheduler = LRScheduler
