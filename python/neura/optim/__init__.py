"""Optimizers: those of C++, over parameters of either language."""

from collections.abc import Mapping, MutableMapping

from neura import _C
from neura.optim import _state, lr_scheduler

Optimizer = _C.optim.Optimizer


class ParamGroup(MutableMapping):
    """The parameters and options of a group; setting an option sets it in the optimizer."""

    def __init__(self, optimizer, index, params, notes):
        self._optimizer, self._index, self._own = optimizer, index, {"params": params, **notes}

    def _options(self):
        return _to_python(self._optimizer.options(self._index))

    def __getitem__(self, key):
        return self._own[key] if key in self._own else self._options()[key]

    def __setitem__(self, key, value):
        if key not in self._options():
            self._own[key] = value
            return
        # Onto those of now, which a scheduler may have changed.
        options = {**self._options(), key: value}
        self._optimizer.set_options(self._index, **_to_cpp(options))

    def __delitem__(self, key):
        del self._own[key]

    def __iter__(self):
        return iter({**self._own, **self._options()})

    def __len__(self):
        return len(self._own) + len(self._options())

    def __repr__(self):
        return repr(dict(self))

    def is_option(self, key):
        """Whether the optimizer knows it: not the parameters, nor a note of the user's."""
        return key in self._options()


# PyTorch takes them by name alone; in their places it has options of its own.
_KEYWORD_ONLY = ("maximize",)
# How PyTorch may run a step: here every step is one program for all parameters.
_WITHOUT_MEANING = ("foreach", "fused", "capturable")


def _stem(name, options):
    """The name in Python of options that stand side by side, as beta1 and beta2 do: betas. None for one by itself."""
    stem = name.rstrip("0123456789")
    return _plural(stem) if stem != name and stem + "1" in options and stem + "2" in options else None


def _plural(stem):
    return stem if stem.endswith("s") else stem + "s"


def _to_cpp(options):
    flat = {}
    for name, value in options.items():
        if isinstance(value, (tuple, list)):
            stem = name if name.endswith(("eps", "coefficients")) else name[:-1]
            flat.update({f"{stem}{i}": 0 if part is None else part for i, part in enumerate(value, 1)})
        else:
            flat[name] = value
    return flat


def _to_python(options):
    grouped = {}
    for name, value in options.items():
        stem = _stem(name, options)
        if stem is None:
            grouped[name] = value
        else:
            grouped[stem] = (*grouped.get(stem, ()), value)
    return grouped


def _groups(params, defaults):
    params = [params] if isinstance(params, _C.Tensor) else list(params)
    if not params:
        raise ValueError("an optimizer got an empty list of parameters")
    if isinstance(params[0], tuple):  # named_parameters()
        params = [parameter for _, parameter in params]
    if not isinstance(params[0], Mapping):
        params = [{"params": params}]
    groups = []
    for group in params:
        own = group["params"]
        own = [own] if isinstance(own, _C.Tensor) else list(own)
        for parameter in own:
            if not isinstance(parameter, _C.Tensor):
                raise TypeError(f"an optimizer can train Tensors, not {type(parameter).__name__}")
        options = {**defaults, **{k: v for k, v in group.items() if k != "params"}}
        groups.append((own, options))
    return groups


def _split(options, defaults):
    """Those that the optimizer knows, and what a group's user or a schedule notes besides."""
    known = {key: value for key, value in options.items() if key in defaults}
    return known, {key: value for key, value in options.items() if key not in defaults}


def _define(name, doc, defaults):
    """The class of an optimizer whose row C++ has."""
    base = Optimizer
    positional = [key for key in defaults if key not in _KEYWORD_ONLY]

    def __init__(self, params, *args, **kwargs):
        if len(args) > len(positional):
            raise TypeError(f"{name}() takes {len(positional) + 2} arguments at most without their names")
        given = dict(zip(positional, args))
        for key, value in kwargs.items():
            if key in _WITHOUT_MEANING:
                continue
            if key not in defaults:
                raise TypeError(f"{name}() got an unexpected keyword argument '{key}'")
            if key in given:
                raise TypeError(f"{name}() got multiple values for argument '{key}'")
            given[key] = value
        groups = _groups(params, {**defaults, **given})
        known, notes = zip(*(_split(options, defaults) for _, options in groups))
        base.__init__(self, name, [(own, _to_cpp(options)) for (own, _), options in zip(groups, known)])
        self.defaults = {**defaults, **given}
        self.param_groups = [ParamGroup(self, i, own, note) for i, ((own, _), note) in enumerate(zip(groups, notes))]

    def step(self, closure=None):
        """One step for every parameter that has a gradient; returns what the closure returned."""
        loss = None
        if closure is not None:
            previous = _C._set_grad_enabled(True)
            try:
                loss = closure()
            finally:
                _C._set_grad_enabled(previous)
        base.step(self)
        return loss

    def zero_grad(self, set_to_none=True):
        """Clears the gradients of all parameters."""
        if set_to_none:
            base.zero_grad(self)
        else:
            for group in self.param_groups:
                for parameter in group["params"]:
                    if parameter.grad is not None:
                        parameter.grad.zero_()

    def state_dict(self):
        """Options and state by PyTorch's names, enough to go on as if nothing had happened."""
        return _state.to_python(dict(base.state_dict(self)), self.param_groups)

    def load_state_dict(self, state_dict):
        """Restores what state_dict() gave."""
        flat, notes = _state.to_cpp(state_dict, self.param_groups, _to_cpp)
        base.load_state_dict(self, list(flat.items()))
        for group, note in zip(self.param_groups, notes):
            group._own.update(note)

    def add_param_group(self, param_group):
        """Another group of parameters, with options of its own: {"params": [...], "lr": 0.1}."""
        ((own, options),) = _groups([param_group], self.defaults)
        known, notes = _split(options, defaults)
        base.add_param_group(self, own, **_to_cpp(known))
        self.param_groups.append(ParamGroup(self, len(self.param_groups), own, notes))

    @property
    def state(self):
        """What is kept for each parameter, by parameter."""
        kept = self.state_dict()["state"]
        parameters = [p for group in self.param_groups for p in group["params"]]
        return {parameters[number]: tensors for number, tensors in kept.items()}

    def __repr__(self):
        lines = [f"{name} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {key}: {value}" for key, value in sorted(group.items()) if key != "params"]
        return "\n".join(lines) + "\n)"

    methods = (__init__, step, zero_grad, state_dict, load_state_dict, add_param_group, __repr__)
    members = {**{f.__name__: f for f in methods}, "state": state}
    return type(name, (base,), {"__doc__": doc, "__module__": __name__, **members})


# (name, what it does, arguments with their defaults), for the stubs too.
_DEFINITIONS = [(name, doc, _to_python(defaults)) for name, doc, defaults in _C.optim._optimizers()]
globals().update({definition[0]: _define(*definition) for definition in _DEFINITIONS})

from neura.optim.lbfgs import LBFGS  # noqa: E402
