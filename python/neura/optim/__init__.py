"""Optimizers: those of C++, over parameters of either language."""

from collections.abc import Mapping, MutableMapping

from neura import _C
from neura.optim import lr_scheduler

Optimizer = _C.optim.Optimizer


class ParamGroup(MutableMapping):
    """The parameters and options of a group; setting an option sets it in the optimizer."""

    def __init__(self, optimizer, index, params):
        self._optimizer, self._index, self._own = optimizer, index, {"params": params}

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


# PyTorch takes them by name alone; in their places it has options of its own.
_KEYWORD_ONLY = ("maximize",)


def _pair(name, options):
    """The name in Python of two options that stand side by side, as beta1 and beta2 do: betas."""
    stem, number = name[:-1], name[-1]
    is_pair = number in "12" and stem + "1" in options and stem + "2" in options
    return stem + "s" if is_pair else None


def _to_cpp(options):
    flat = {}
    for name, value in options.items():
        if isinstance(value, (tuple, list)):
            first, second = value
            flat.update({name[:-1] + "1": first, name[:-1] + "2": second})
        else:
            flat[name] = value
    return flat


def _to_python(options):
    paired = {}
    for name, value in options.items():
        pair = _pair(name, options)
        if pair is None:
            paired[name] = value
        else:
            paired[pair] = (*paired.get(pair, ()), value)
    return paired


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


def _define(name, doc, defaults):
    """The class of an optimizer whose row C++ has."""
    base = Optimizer
    positional = [key for key in defaults if key not in _KEYWORD_ONLY]

    def __init__(self, params, *args, **kwargs):
        if len(args) > len(positional):
            raise TypeError(f"{name}() takes {len(positional) + 2} arguments at most without their names")
        given = dict(zip(positional, args))
        for key, value in kwargs.items():
            if key not in defaults:
                raise TypeError(f"{name}() got an unexpected keyword argument '{key}'")
            if key in given:
                raise TypeError(f"{name}() got multiple values for argument '{key}'")
            given[key] = value
        groups = _groups(params, {**defaults, **given})
        base.__init__(self, name, [(own, _to_cpp(options)) for own, options in groups])
        self.defaults = {**defaults, **given}
        self.param_groups = [ParamGroup(self, i, own) for i, (own, _) in enumerate(groups)]

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
        """Options and state by name, enough to go on as if nothing had happened."""
        return dict(base.state_dict(self))

    def load_state_dict(self, state_dict):
        """Restores what state_dict() gave."""
        base.load_state_dict(self, list(state_dict.items()))

    def __repr__(self):
        lines = [f"{name} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            lines += [f"    {key}: {value}" for key, value in sorted(group.items()) if key != "params"]
        return "\n".join(lines) + "\n)"

    members = {
        f.__name__: f for f in (__init__, step, zero_grad, state_dict, load_state_dict, __repr__)
    }
    return type(name, (base,), {"__doc__": doc, "__module__": __name__, **members})


# (name, what it does, arguments with their defaults), for the stubs too.
_DEFINITIONS = [(name, doc, _to_python(defaults)) for name, doc, defaults in _C.optim._optimizers()]
globals().update({definition[0]: _define(*definition) for definition in _DEFINITIONS})
