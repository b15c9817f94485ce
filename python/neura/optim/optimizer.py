"""The base of all optimizers: those of C++, and those that are written in Python."""

import collections
import copy
import functools
import threading

from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from typing import Any

from neura import _C
from neura._C import Tensor
from neura.nn.module import RemovableHandle, zeroed

required: Any = object()  # a default that each group must give


class _StepHandle(RemovableHandle):
    def remove(self) -> None:
        self._hooks.pop(self.id, None)


def _type_name(value: Any) -> str:
    return type(value).__name__


def listed(params: Any) -> list[Any]:
    """The parameters of a group, which may be one, or (name, parameter) pairs."""
    if isinstance(params, Tensor):
        return [params]
    if isinstance(params, (set, frozenset)):
        raise TypeError(
            "optimizer parameters need to be organized in ordered collections, but the ordering of tensors in sets "
            "will change between runs. Please use a list instead."
        )
    own = [value[1] if isinstance(value, tuple) and len(value) == 2 else value for value in params]
    for value in own:
        if not isinstance(value, Tensor):
            raise TypeError(f"optimizer can only optimize Tensors, but one of the params is {_type_name(value)}")
    return own


def groups_of(params: Any) -> list[Mapping[str, Any]]:
    """What an optimizer is given as groups, each with its "params" and options of its own."""
    if isinstance(params, (Tensor, str)) or not isinstance(params, Iterable):
        raise TypeError(
            "params argument given to the optimizer should be an iterable of Tensors or dicts, "
            f"but got {_type_name(params)}"
        )
    given = params if isinstance(params, (set, frozenset)) else list(params)
    if not given:
        raise ValueError("optimizer got an empty parameter list")
    if isinstance(given, list) and isinstance(given[0], Mapping):
        return [_checked_group(group) for group in given]
    return [{"params": given}]


def _checked_group(group: Any) -> Mapping[str, Any]:
    if not isinstance(group, Mapping):
        raise TypeError(f"param_group must be a dict, but got {_type_name(group)}")
    if "params" not in group:
        raise ValueError("a parameter group has no 'params'")
    return group


def _with_hooks(step: Callable[..., Any]) -> Callable[..., Any]:
    """step(), around which the hooks run: once, where a step() calls that of its base."""

    @functools.wraps(step)
    def hooked(self: "Optimizer", *args: Any, **kwargs: Any) -> Any:
        thread = threading.get_ident()
        if thread in self._stepping or not (self._pre_hooks or self._post_hooks):
            return step(self, *args, **kwargs)
        self._stepping.add(thread)
        try:
            given: tuple[Any, ...] = (self, *args)
            for hook in list(self._pre_hooks.values()):
                changed = hook(self, given, kwargs)
                if changed is not None:
                    if not (isinstance(changed, tuple) and len(changed) == 2):
                        raise RuntimeError(f"{hook} must return None or a tuple of (new_args, new_kwargs), but got {changed}.")
                    given, kwargs = changed
            result = step(*given, **kwargs)
            for hook in list(self._post_hooks.values()):
                hook(self, given, kwargs)
            return result
        finally:
            self._stepping.discard(thread)

    return hooked


class Optimizer:
    """Changes parameters by their accumulated gradients.

    A subclass in Python calls super().__init__(params, defaults) and has a step() of its own, which reads self.param_groups,
    a list of dicts, and keeps what it needs for a parameter in self.state[parameter]. Schedules, scalers and hooks work with it
    as with those of C++."""

    param_groups: list[MutableMapping[str, Any]]
    defaults: dict[str, Any]

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        self._begin()
        self.defaults = defaults
        self.state: Any = collections.defaultdict(dict)
        self.param_groups = []
        for group in groups_of(params):
            self.add_param_group(group)
        self._cpp = _C.optim.PythonOptimizer(self)

    def _begin(self) -> None:
        self._pre_hooks: dict[int, Callable[..., Any]] = {}
        self._post_hooks: dict[int, Callable[..., Any]] = {}
        self._stepping: set[int] = set()  # threads whose step has begun

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "step" in cls.__dict__:
            setattr(cls, "step", _with_hooks(cls.__dict__["step"]))

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """One step for every parameter that has a gradient; returns what the closure returned."""
        raise NotImplementedError(f"{type(self).__name__} has no step()")

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Clears the gradients of all parameters."""
        for group in self.param_groups:
            for parameter in group["params"]:
                if set_to_none or parameter.grad is None:
                    parameter.grad = None
                else:
                    parameter.grad = zeroed(parameter.grad)

    def add_param_group(self, param_group: Mapping[str, Any]) -> None:
        """Another group of parameters, with options of its own: {"params": [...], "lr": 0.1}."""
        group = {**_checked_group(param_group)}
        group["params"] = listed(group["params"])
        name = type(self).__name__
        for key, value in self.defaults.items():
            if value is required and key not in group:
                raise ValueError(f"{name}: parameter group didn't specify a value of required optimization parameter {key}")
            group.setdefault(key, value)
        seen = {id(p) for own in self.param_groups for p in own["params"]}
        for parameter in group["params"]:
            if not parameter.is_leaf:
                raise ValueError(f"{name}: can't optimize a non-leaf Tensor")
            if id(parameter) in seen:
                raise ValueError(f"{name}: some parameters appear in more than one parameter group, or twice in one")
            seen.add(id(parameter))
        self.param_groups.append(group)

    def state_dict(self) -> dict[str, Any]:
        """Options and state, in which parameters are numbers."""
        numbers = {id(p): i for i, p in enumerate(p for group in self.param_groups for p in group["params"])}
        groups = [
            {**{k: v for k, v in group.items() if k != "params"}, "params": [numbers[id(p)] for p in group["params"]]}
            for group in self.param_groups
        ]
        state = {numbers[id(k)] if isinstance(k, Tensor) else k: v for k, v in self.state.items()}
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Restores what state_dict() gave."""
        check_state(type(self).__name__, state_dict, self.param_groups)
        given = copy.deepcopy(dict(state_dict))
        places: dict[Any, Tensor] = {}
        for group, theirs in zip(self.param_groups, given["param_groups"]):
            places.update(zip(theirs["params"], group["params"]))
        state: Any = collections.defaultdict(dict)
        for key, value in given["state"].items():
            state[places.get(key, key)] = _like(places[key], value) if key in places else value
        for group, theirs in zip(self.param_groups, given["param_groups"]):
            group.update({k: v for k, v in theirs.items() if k != "params"})
        self.state = state

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Calls hook(optimizer, args, kwargs) before each step(); it may return other arguments, (args, kwargs)."""
        return _registered(self._pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Calls hook(optimizer, args, kwargs) after each step()."""
        return _registered(self._post_hooks, hook)

    def __getstate__(self) -> dict[str, Any]:
        # Hooks stay behind, as in PyTorch.
        return {key: value for key, value in self.__dict__.items() if key not in _OF_THIS_PROCESS}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._begin()
        self.__dict__.update(state)
        self._cpp = _C.optim.PythonOptimizer(self)

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {key}: {value}" for key, value in sorted(group.items()) if key != "params"]
        return "\n".join(lines) + "\n)"


_OF_THIS_PROCESS = ("_cpp", "_pre_hooks", "_post_hooks", "_stepping")


def _registered(hooks: dict[int, Callable[..., Any]], hook: Callable[..., Any]) -> RemovableHandle:
    if not callable(hook):
        raise TypeError(f"a hook must be callable, not {_type_name(hook)}")
    handle = _StepHandle(hooks)
    hooks[handle.id] = hook
    return handle


def _like(parameter: Tensor, value: Any, key: str = "") -> Any:
    """State of a parameter, in its dtype where that is floating point."""
    if isinstance(value, Tensor):
        floating = parameter.is_floating_point() and value.is_floating_point() and key != "step"
        return value.to(parameter.dtype) if floating else value
    if isinstance(value, dict):
        return {k: _like(parameter, v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_like(parameter, v) for v in value]
    return value


def check_state(name: str, given: Any, groups: list[Any]) -> None:
    """That a state dict is one of so many groups of so many parameters."""
    if not isinstance(given, Mapping) or not {"state", "param_groups"} <= set(given):
        raise ValueError(f"{name}: load_state_dict() expects what state_dict() gave: a dict with 'state' and 'param_groups'")
    theirs = given["param_groups"]
    if len(theirs) != len(groups):
        raise ValueError(
            f"{name}: loaded state dict has a different number of parameter groups: {len(theirs)} parameter groups, "
            f"the optimizer has {len(groups)}"
        )
    for i, (own, other) in enumerate(zip(groups, theirs)):
        if len(own["params"]) != len(other["params"]):
            raise ValueError(
                f"{name}: loaded state dict contains a parameter group that doesn't match the size of optimizer's group: "
                f"group {i} of the state has {len(other['params'])} parameters, of the optimizer {len(own['params'])}"
            )
    numbers = {number for group in theirs for number in group["params"]}
    for number in given["state"]:
        if isinstance(number, int) and number not in numbers:
            raise ValueError(f"{name}: the state has a parameter {number} that is in none of its groups")


# ---- those of C++ ----------------------------------------------------------------------------


class ParamGroup(MutableMapping[str, Any]):
    """The parameters and options of a group of an optimizer of C++; setting an option sets it there."""

    def __init__(self, optimizer: "Native", index: int, params: list[Tensor], notes: Mapping[str, Any]) -> None:
        self._optimizer, self._index = optimizer, index
        self._own: dict[str, Any] = {"params": params, **notes}

    def options(self) -> dict[str, Any]:
        return to_python(self._optimizer._cpp.options(self._index))

    def __getitem__(self, key: str) -> Any:
        return self._own[key] if key in self._own else self.options()[key]

    def __setitem__(self, key: str, value: Any) -> None:
        if key == "params":
            raise ValueError(f"{type(self._optimizer).__name__}: parameters of a group stay; add_param_group() adds others")
        if key not in self.options():
            self._own[key] = value
            return
        # Onto those of now, which a schedule may have changed.
        self._optimizer._set_options(self._index, {**self.options(), key: value})

    def __delitem__(self, key: str) -> None:
        del self._own[key]

    def __iter__(self) -> Iterator[str]:
        return iter({**self._own, **self.options()})

    def __len__(self) -> int:
        return len(self._own) + len(self.options())

    def __repr__(self) -> str:
        return repr(dict(self))

    def copy(self) -> dict[str, Any]:
        """All of it as a dict."""
        return dict(self)

    def is_option(self, key: str) -> bool:
        """Whether the optimizer knows it: not the parameters, nor a note of the user's."""
        return key in self.options()


def _stem(name: str, options: Mapping[str, Any]) -> str | None:
    """The name in Python of options that stand side by side, as beta1 and beta2 do: betas. None for one by itself."""
    stem = name.rstrip("0123456789")
    if stem == name or stem + "1" not in options or stem + "2" not in options:
        return None
    return stem if stem.endswith("s") else stem + "s"


def to_python(options: Mapping[str, Any]) -> dict[str, Any]:
    """Options of C++ under PyTorch's names."""
    grouped: dict[str, Any] = {}
    for name, value in options.items():
        stem = _stem(name, options)
        if stem is None:
            grouped[name] = None if value == "" else value
        else:
            grouped[stem] = (*grouped.get(stem, ()), value)
    return grouped


def to_cpp(name: str, options: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """The reverse of to_python()."""
    flat: dict[str, Any] = {}
    for key, value in options.items():
        default = defaults.get(key)
        if isinstance(default, tuple):
            if not isinstance(value, (tuple, list)) or len(value) != len(default):
                raise TypeError(f"{name}: {key} must be {len(default)} numbers, as {default}, not {value!r}")
            stem = key if key.endswith(("eps", "coefficients")) else key[:-1]
            flat.update({f"{stem}{i}": 0 if part is None else part for i, part in enumerate(value, 1)})
        else:
            flat[key] = value.item() if isinstance(value, Tensor) and value.numel() == 1 else value
    return flat


class Native(Optimizer):
    """An optimizer of C++, `_cpp`, which keeps options and state. `_defaults` has all of its options."""

    _defaults: dict[str, Any]

    def _make(self, groups: list[tuple[list[Tensor], dict[str, Any]]]) -> Any:
        raise NotImplementedError

    def _construct(self, params: Any, given: dict[str, Any]) -> None:
        self._begin()
        self.defaults = {**self._defaults, **given}
        self._build([{**self.defaults, **group} for group in groups_of(params)])

    def _build(self, groups: list[dict[str, Any]]) -> None:
        parts = [self._split(group) for group in groups]
        self._cpp = self._make([(own, self._flat(options)) for own, options, _ in parts])
        self.param_groups = [ParamGroup(self, i, own, notes) for i, (own, _, notes) in enumerate(parts)]

    def _split(self, group: Mapping[str, Any]) -> tuple[list[Tensor], dict[str, Any], dict[str, Any]]:
        """Parameters, options, and what a group's user or a schedule notes besides."""
        known = {key: group[key] for key in self._defaults if key in group}
        notes = {key: value for key, value in group.items() if key not in known and key != "params"}
        return listed(group["params"]), known, notes

    def _flat(self, options: Mapping[str, Any]) -> dict[str, Any]:
        return to_cpp(type(self).__name__, options, self._defaults)

    def _set_options(self, index: int, options: Mapping[str, Any]) -> None:
        self._cpp.set_options(index, **self._flat(options))

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Clears the gradients of all parameters."""
        if set_to_none:
            self._cpp.zero_grad()
        else:
            super().zero_grad(False)

    def __getstate__(self) -> dict[str, Any]:
        kept = super().__getstate__()
        return {**kept, "param_groups": [dict(group) for group in self.param_groups], "_state": self.state_dict()["state"]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._begin()
        groups, kept = state["param_groups"], state["_state"]
        self.__dict__.update({key: value for key, value in state.items() if key not in ("param_groups", "_state")})
        self._build(groups)
        self.load_state_dict({"state": kept, "param_groups": self.state_dict()["param_groups"]})
