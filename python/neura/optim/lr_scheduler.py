"""Learning rate schedules: those of C++, and the base of those that are written in Python."""

import ast
import collections
import inspect
import types
import weakref
from collections.abc import Mapping

from neura import _C
from neura.optim.optimizer import Optimizer


def _begin(schedule, optimizer, last_epoch, verbose):
    """Notes the rates that groups began with, which a run that goes on must have."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(schedule).__name__}: {type(optimizer).__name__} is not an Optimizer")
    schedule.optimizer, schedule.verbose = optimizer, verbose
    for index, group in enumerate(optimizer.param_groups):
        if last_epoch == -1:
            group.setdefault("initial_lr", group["lr"])
        elif "initial_lr" not in group:
            raise KeyError(
                f"param 'initial_lr' is not specified in param_groups[{index}] when resuming an optimizer: load its state first"
            )
        optimizer._cpp.set_initial_lr(index, group["initial_lr"])


class LRScheduler:
    """Sets the learning rate of every group, step by step.

    A subclass in Python has a get_lr(), which gives the rate of each group at self.last_epoch, from self.base_lrs or from the
    rates of now, and calls super().__init__(optimizer, last_epoch)."""

    def __init__(self, optimizer, last_epoch=-1, verbose=False):
        _begin(self, optimizer, last_epoch, verbose)
        self.base_lrs = [group["initial_lr"] for group in optimizer.param_groups]
        self.last_epoch = last_epoch
        self._step_count = 0
        self.step()

    def get_lr(self):
        """The rate of each group at self.last_epoch."""
        raise NotImplementedError(f"{type(self).__name__} has no get_lr()")

    def get_last_lr(self):
        """The rate of each group, as last set."""
        return self._last_lr

    def step(self, epoch=None):
        """Moves on by one, or to an epoch, and sets every group's rate."""
        if epoch is None:
            self.last_epoch += 1
        else:
            self.last_epoch = epoch
        closed = getattr(self, "_get_closed_form_lr", None) if epoch is not None else None
        values = self.get_lr() if closed is None else closed()
        groups = self.optimizer.param_groups
        if len(values) != len(groups):
            raise ValueError(f"{type(self).__name__}: get_lr() gave {len(values)} rates for {len(groups)} parameter groups")
        for group, value in zip(groups, values):
            group["lr"] = value
        self._step_count += 1
        self._last_lr = [group["lr"] for group in groups]
        self._tell()

    def _tell(self):
        if self.verbose:
            for i, lr in enumerate(self.get_last_lr()):
                print(f"Adjusting learning rate of group {i} to {lr:.4e}.")

    def state_dict(self):
        """Where the schedule stands, and its settings."""
        return {key: value for key, value in self.__dict__.items() if key != "optimizer"}

    def load_state_dict(self, state_dict):
        """Restores what state_dict() gave."""
        self.__dict__.update(_checked(self, state_dict))


def _checked(self, state):
    if not isinstance(state, Mapping):
        raise TypeError(f"{type(self).__name__}: load_state_dict() expects a dict, not {type(state).__name__}")
    return state


# ---- those of C++ ----------------------------------------------------------------------------

_NOT_GIVEN = inspect.Parameter.empty
# What PyTorch's states hold beside settings, rates and the step, by schedule.
_PYTORCHS_OWN = {
    "CosineAnnealingWarmRestarts": {"T_i", "T_cur"},
    "CyclicLR": {"total_size", "step_ratio", "max_lrs", "base_momentums", "max_momentums", "_scale_fn_ref", "_scale_fn_custom"},
    "OneCycleLR": {"_schedule_phases", "anneal_func", "_anneal_func_type", "use_beta1"},
    "ReduceLROnPlateau": {"mode_worse", "min_lrs", "best", "num_bad_epochs", "cooldown_counter", "default_min_lr"},
    "LambdaLR": {"lr_lambdas"},
    "MultiplicativeLR": {"lr_lambdas"},
    "SequentialLR": {"_schedulers", "_milestones"},
    "ChainedScheduler": {"_schedulers"},
}
_OF_ALL = {"base_lrs", "last_epoch", "verbose", "_step_count", "_last_lr", "_get_lr_called_within_step", "_is_initial"}


def _named(cls):
    """The name of the schedule of C++ that a class is or derives from."""
    return next(base.__name__ for base in cls.__mro__ if base.__module__ == __name__ and base is not LRScheduler)


class _Native(LRScheduler):
    """A schedule of C++, `_schedule`."""

    _own = ("_schedule", "optimizer")  # of __dict__, what is no part of a state

    @property
    def last_epoch(self):
        """The steps so far."""
        return self._schedule.step_count

    @last_epoch.setter
    def last_epoch(self, value):
        self._schedule.step_count = int(value)

    @property
    def base_lrs(self):
        return list(self._schedule.base_lrs)

    @base_lrs.setter
    def base_lrs(self, value):
        self._schedule.restore(self.last_epoch, list(value), self.get_last_lr())

    @property
    def _last_lr(self):
        return self._schedule.get_last_lr()

    @property
    def _step_count(self):
        return self.last_epoch + 1

    def get_lr(self):
        """The rates that the schedule has by itself at self.last_epoch."""
        return self._schedule.rates()

    def _get_closed_form_lr(self):
        return self._schedule.rates()

    def step(self, epoch=None):
        """Moves on by one, or to an epoch, and sets every group's rate."""
        if self._is_overridden():
            self._step_by_get_lr(epoch)
        elif epoch is None:
            self._schedule.step()
        else:
            self._schedule.step_to(float(epoch))
        self._tell()

    def _is_overridden(self):
        return type(self).get_lr.__module__ != __name__

    def _step_by_get_lr(self, epoch=None):
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        for group, value in zip(self.optimizer.param_groups, self.get_lr()):
            group["lr"] = value

    def _as_member(self):
        """As a schedule of C++ steps it: by itself, or by the methods of its class."""
        if self._is_overridden() or type(self).step.__module__ != __name__:
            return _C.optim.PythonSchedule(self.optimizer._cpp, self)
        return self._schedule

    def _settings(self):
        """By name, as a state holds them."""
        return {}

    def _noted(self):
        """What a subclass or a user has set besides."""
        return {key: value for key, value in self.__dict__.items() if key not in self._own}

    def state_dict(self):
        """Where the schedule stands, and its settings, by PyTorch's names."""
        stands = {"last_epoch": self.last_epoch, "_step_count": self._step_count, "_last_lr": self.get_last_lr()}
        return {**self._settings(), **stands, **self._noted()}

    def _check_state(self, state):
        """The state, if it is that of such a schedule."""
        name = _named(type(self))
        own, theirs = set(self._settings()), set(_checked(self, state))
        known = own | _OF_ALL | _PYTORCHS_OWN.get(name, set())
        foreign = sorted((_ALL_SETTINGS - known) & theirs)
        missing = sorted(own - theirs) if not (theirs & _PYTORCHS_OWN.get(name, set())) else []
        if "last_epoch" not in state:
            raise ValueError(f"{name}: the state has no last_epoch; is it what state_dict() gave?")
        if foreign or missing:
            parts = [f"it has {', '.join(foreign)}"] * bool(foreign) + [f"it has no {', '.join(missing)}"] * bool(missing)
            raise ValueError(f"{name}: the state is that of another schedule: {', and '.join(parts)}")
        return state

    def _take_notes(self, state):
        known = set(self._settings()) | _OF_ALL | _PYTORCHS_OWN.get(_named(type(self)), set())
        self.__dict__.update({key: value for key, value in state.items() if key not in known})

    # Copies and pickles hold the optimizer, and make the schedule of C++ anew.
    def __getstate__(self):
        kept = {key: value for key, value in self.__dict__.items() if key != "_schedule"}
        return {"attributes": kept, "state": self.state_dict()}

    def __setstate__(self, state):
        self.__dict__.update(state["attributes"])
        self._make_again(state["state"])
        self.load_state_dict(state["state"])


class _Rows(_Native):
    """A schedule whose row C++ has: a function of the step. Any setting may be a list, one for each group."""

    _fields = {}
    _cpp_class = None

    def __init__(self, optimizer, *args, **kwargs):
        given = _bound(self, optimizer, args, kwargs)
        last_epoch, verbose = given.pop("last_epoch"), given.pop("verbose")
        before = [(group["lr"], group.get("initial_lr")) for group in getattr(optimizer, "param_groups", ())]
        options = self._prepare(optimizer, given, last_epoch)
        try:
            _begin(self, optimizer, last_epoch, verbose)
            self._schedule = self._new(options)
        except Exception:
            for group, (lr, initial_lr) in zip(optimizer.param_groups, before):
                group["lr"] = lr
                if initial_lr is not None:
                    group["initial_lr"] = initial_lr
                else:
                    group.pop("initial_lr", None)
            raise
        if last_epoch != -1:
            self._schedule.restore(int(last_epoch) + 1, self.base_lrs, [])
        if self._is_overridden():
            for group, value in zip(optimizer.param_groups, self.get_lr()):
                group["lr"] = value
        self._tell()

    def _prepare(self, optimizer, given, last_epoch):
        """Options for all groups, or for each."""
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"{type(self).__name__}: {type(optimizer).__name__} is not an Optimizer")
        return _options_of_groups(type(self).__name__, given, len(optimizer.param_groups))

    def _new(self, options):
        return self._cpp_class(self.optimizer._cpp, options)

    def _make_again(self, state):
        self._schedule = self._new(self._options_from(state, None))

    def _options_from(self, state, before):
        """Options of C++ from the settings in a state; what it lacks stays."""
        given = {key: state[key] for key in self._fields if key in state}
        if isinstance(given.get("milestones"), collections.Counter):
            given["milestones"] = sorted(given["milestones"].elements())
        options = _options_of_groups(type(self).__name__, given, len(self.optimizer.param_groups))
        if before is None:
            return options
        count = max(len(options), len(before))
        return [{**before[i % len(before)], **options[i % len(options)]} for i in range(count)]

    def _settings(self):
        return {**{name: getattr(self, name) for name in self._fields}, "base_lrs": self.base_lrs}

    def _setting(self, name):
        values = [options[name] for options in self._schedule.options()]
        if name == "milestones":
            return collections.Counter(values[0])
        return values[0] if all(value == values[0] for value in values) else values

    def _set_setting(self, name, value):
        if isinstance(value, collections.Counter):
            value = sorted(value.elements())
        before = self._schedule.options()
        given = _options_of_groups(type(self).__name__, {name: value}, len(self.optimizer.param_groups))
        count = max(len(given), len(before))
        self._set_options([{**before[i % len(before)], **given[i % len(given)]} for i in range(count)])

    def _set_options(self, options):
        self._schedule.set_options(options)

    def load_state_dict(self, state_dict):
        """Restores what state_dict() gave, the settings among it."""
        state = self._check_state(state_dict)
        before = self._schedule.options()
        self._set_options(self._options_from(state, before))
        try:
            self._schedule.restore(int(state["last_epoch"]), list(state.get("base_lrs", self.base_lrs)), list(state.get("_last_lr") or []))
        except Exception:
            self._set_options(before)
            raise
        self._take_notes(state)


def _bound(self, optimizer, args, kwargs):
    """The arguments by name, as Python would bind them."""
    try:
        bound = type(self).__signature__.bind(optimizer, *args, **kwargs)
    except TypeError as error:
        raise TypeError(f"{type(self).__name__}(): {error}") from None
    bound.apply_defaults()
    return {key: value for key, value in bound.arguments.items() if key != "optimizer"}


def _options_of_groups(name, given, count):
    """[options] for all groups, or as many as there are groups where some value is a list."""
    lists = {key: value for key, value in given.items() if isinstance(value, (list, tuple)) and key != "milestones"}
    for key, value in lists.items():
        if len(value) != count:
            raise ValueError(f"{name}: expected {count} values for {key}, got {len(value)}")
    options = []
    for i in range(count if lists else 1):
        options.append({key: lists[key][i] if key in lists else value for key, value in given.items()})
    for own in options:
        if "milestones" in own:
            own["milestones"] = [int(step) for step in own["milestones"]]
    return options


def _signature(parameters):
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    listed = [inspect.Parameter("optimizer", kind)]
    listed += [inspect.Parameter(name, kind, default=default) for name, default in parameters]
    for name, default in (("last_epoch", -1), ("verbose", False)):
        if name not in dict(parameters):
            listed.append(inspect.Parameter(name, kind, default=default))
    return inspect.Signature(listed)


def _property(name):
    return property(lambda self: self._setting(name), lambda self, value: self._set_setting(name, value))


def _define(name, fields, doc):
    """The class of a schedule whose row C++ has."""
    members = {"__doc__": doc, "__module__": __name__, "_fields": fields, "_cpp_class": getattr(_C.optim, name)}
    members["__signature__"] = _signature(list(fields.items()))
    members.update({field: _property(field) for field in fields})
    return type(name, (_Rows,), members)


def _default(parameter):
    return ast.literal_eval(parameter[2]) if parameter[2] is not None else _NOT_GIVEN


# By the name of a schedule, its settings with their defaults, and what it does.
_ROWS = {
    name: ({parameter[0]: _default(parameter) for parameter in parameters}, doc)
    for scope, name, parameters, doc, *_ in _C._bound_classes()
    if scope == "optim.lr_scheduler"
}
globals().update({name: _define(name, *row) for name, row in _ROWS.items() if name != "ReduceLROnPlateau"})
_ALL_SETTINGS = set().union(*(fields for fields, _ in _ROWS.values()), *_PYTORCHS_OWN.values())


def _method(cls):
    def add(function):
        setattr(cls, function.__name__, function)
        return function

    return add


# ---- what PyTorch has besides, by schedule ----

CosineAnnealingWarmRestarts.T_cur = property(lambda self: self._position()[0])  # noqa: F821
CosineAnnealingWarmRestarts.T_i = property(lambda self: self._position()[1])  # noqa: F821


@_method(CosineAnnealingWarmRestarts)  # noqa: F821
def _position(self):
    """Steps since the last restart, and from it to the next one."""
    at, length = self.last_epoch, self.T_0
    while at >= length:
        at, length = at - length, length * self.T_mult
    return at, length


@_method(OneCycleLR)  # noqa: F821
def _prepare(self, optimizer, given, last_epoch):
    options = _Rows._prepare(self, optimizer, given, last_epoch)
    if last_epoch == -1 and all(isinstance(own["div_factor"], (int, float)) for own in options):
        for i, group in enumerate(optimizer.param_groups):
            own = options[i % len(options)]
            if isinstance(own["max_lr"], (int, float)) and own["div_factor"] and own["final_div_factor"]:
                group["initial_lr"] = own["max_lr"] / own["div_factor"]
                group["max_lr"] = own["max_lr"]
                group["min_lr"] = group["initial_lr"] / own["final_div_factor"]
    return options


def _total_steps(self):
    options = self._schedule.options()[0]
    return options["total_steps"] or options["epochs"] * options["steps_per_epoch"]


OneCycleLR.total_steps = property(_total_steps, OneCycleLR.total_steps.fset)  # noqa: F821

# scale_fn and scale_mode stand behind gamma.
_fields = dict(CyclicLR._fields)  # noqa: F821
_before = list(_fields.items())
_at = list(_fields).index("scale_mode")
CyclicLR.__signature__ = _signature([*_before[:_at], ("scale_fn", None), *_before[_at:]])  # noqa: F821
CyclicLR._own = (*_Native._own, "scale_fn")  # noqa: F821
CyclicLR.max_lrs = property(lambda self: _for_each(self, self.max_lr))  # noqa: F821
CyclicLR.base_momentums = property(lambda self: _for_each(self, self.base_momentum))  # noqa: F821
CyclicLR.max_momentums = property(lambda self: _for_each(self, self.max_momentum))  # noqa: F821


def _for_each(self, value):
    return list(value) if isinstance(value, (list, tuple)) else [value] * len(self.optimizer.param_groups)


@_method(CyclicLR)  # noqa: F821
def _prepare(self, optimizer, given, last_epoch):
    self.scale_fn = given.pop("scale_fn")
    if self.scale_fn is not None and not callable(self.scale_fn):
        raise TypeError(f"{type(self).__name__}: scale_fn must be a function of a number, not {type(self.scale_fn).__name__}")
    options = _Rows._prepare(self, optimizer, given, last_epoch)
    if last_epoch == -1:
        for i, group in enumerate(optimizer.param_groups):
            own = options[i % len(options)]
            if isinstance(own["base_lr"], (int, float)):
                group["lr"] = own["base_lr"]
    return options


def _with_scale(self, options):
    """The function is reached through this object, so that the collector sees it here."""
    if self.scale_fn is None:
        return options
    reference = weakref.ref(self)
    return [{**own, "scale_fn": lambda x: reference().scale_fn(x)} for own in options]


CyclicLR._new = lambda self, options: _Rows._new(self, _with_scale(self, options))  # noqa: F821
CyclicLR._set_options = lambda self, options: _Rows._set_options(self, _with_scale(self, options))  # noqa: F821


# ---- of functions ----


class _OfFunctions(_Native):
    _own = (*_Native._own, "lr_lambdas")

    def __init__(self, optimizer, lr_lambda, last_epoch=-1, verbose=False):
        _begin(self, optimizer, last_epoch, verbose)
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
        _set_rates(self.optimizer, state.get("_last_lr"))


def _set_rates(optimizer, rates):
    for group, lr in zip(optimizer.param_groups, rates or []):
        group["lr"] = lr


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
    if isinstance(schedule, _Native):
        return schedule._as_member()
    return _C.optim.PythonSchedule(schedule.optimizer._cpp, schedule)


class _OfSchedules(_Native):
    _own = (*_Native._own, "_schedulers", "_milestones")

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
            _set_rates(self.optimizer, rates)
            raise
        self._schedule.step_count = int(state["last_epoch"])
        _set_rates(self.optimizer, state.get("_last_lr"))
        self._take_notes(state)


class SequentialLR(_OfSchedules):
    """One schedule after the other; number k + 1 begins at step milestones[k]."""

    def __init__(self, optimizer, schedulers, milestones, last_epoch=-1, verbose=False):
        _begin(self, optimizer, last_epoch, verbose)
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
        _begin(self, optimizer or self._schedulers[0].optimizer, -1, False)
        self._schedule = self._new()

    def _new(self):
        return _C.optim.ChainedScheduler(self.optimizer._cpp, [_as_member(s) for s in self._schedulers])


# ---- of what is measured ----


class ReduceLROnPlateau(_Native):
    """The rate times factor where a measured value has not become better for longer than `patience` steps."""

    _fields = _ROWS["ReduceLROnPlateau"][0]
    __signature__ = _signature([*_fields.items(), ("verbose", False)])

    def __init__(self, optimizer, *args, **kwargs):
        given = _bound(self, optimizer, args, kwargs)
        given.pop("last_epoch")
        _begin(self, optimizer, -1, given.pop("verbose"))
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
        _set_rates(self.optimizer, state.get("_last_lr"))
        self._take_notes(state)


for _name in ReduceLROnPlateau._fields:
    setattr(ReduceLROnPlateau, _name, _property(_name))

_LRScheduler = LRScheduler
