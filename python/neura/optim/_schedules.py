"""What learning rate schedules have in common: the base of those that are written in Python, and of those of C++."""

import ast
import collections
import inspect
from collections.abc import Mapping

from neura import _C
from neura.optim.optimizer import Optimizer


def begin(schedule, optimizer, last_epoch, verbose):
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
        begin(self, optimizer, last_epoch, verbose)
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


def _default(parameter):
    return ast.literal_eval(parameter[2]) if parameter[2] is not None else _NOT_GIVEN


# By the name of a schedule, its settings with their defaults, and what it does.
ROWS = {
    name: ({parameter[0]: _default(parameter) for parameter in parameters}, doc)
    for scope, name, parameters, doc, *_ in _C._bound_classes()
    if scope == "optim.lr_scheduler"
}

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
_ALL_SETTINGS = set().union(*(fields for fields, _ in ROWS.values()), *_PYTORCHS_OWN.values())


_PUBLIC = "neura.optim.lr_scheduler"  # where the classes of schedules stand


def _named(cls):
    """The name of the schedule of C++ that a class is or derives from."""
    return next(base.__name__ for base in cls.__mro__ if base.__module__ == _PUBLIC)


def _is_ours(function):
    return function.__module__ in (__name__, _PUBLIC)


class Native(LRScheduler):
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
        return not _is_ours(type(self).get_lr)

    def _step_by_get_lr(self, epoch=None):
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        for group, value in zip(self.optimizer.param_groups, self.get_lr()):
            group["lr"] = value

    def _as_member(self):
        """As a schedule of C++ steps it: by itself, or by the methods of its class."""
        if self._is_overridden() or not _is_ours(type(self).step):
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


class Rows(Native):
    """A schedule whose row C++ has: a function of the step. Any setting may be a list, one for each group."""

    _fields = {}
    _cpp_class = None

    def __init_subclass__(cls, row=None, **kwargs):
        super().__init_subclass__(**kwargs)
        if row is None:
            return
        cls._fields, cls.__doc__ = ROWS[row]
        cls._cpp_class = getattr(_C.optim, row)
        cls.__signature__ = signature_of(list(cls._fields.items()))
        for name in cls._fields.keys() - cls.__dict__.keys():
            setattr(cls, name, setting(name))

    def __init__(self, optimizer, *args, **kwargs):
        given = bound_by(self, optimizer, args, kwargs)
        last_epoch, verbose = given.pop("last_epoch"), given.pop("verbose")
        before = [(group["lr"], group.get("initial_lr")) for group in getattr(optimizer, "param_groups", ())]
        options = self._prepare(optimizer, given, last_epoch)
        try:
            begin(self, optimizer, last_epoch, verbose)
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


def bound_by(self, optimizer, args, kwargs):
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


def signature_of(parameters):
    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    listed = [inspect.Parameter("optimizer", kind)]
    listed += [inspect.Parameter(name, kind, default=default) for name, default in parameters]
    for name, default in (("last_epoch", -1), ("verbose", False)):
        if name not in dict(parameters):
            listed.append(inspect.Parameter(name, kind, default=default))
    return inspect.Signature(listed)


def setting(name):
    return property(lambda self: self._setting(name), lambda self, value: self._set_setting(name, value))


def set_rates(optimizer, rates):
    for group, lr in zip(optimizer.param_groups, rates or []):
        group["lr"] = lr
