"""Optimizers: those of C++, over parameters of either language."""

import collections
import functools
import inspect

from neura import _C
from neura.optim import _state, optimizer
from neura.optim.optimizer import Native, Optimizer, ParamGroup

# PyTorch takes them by name alone; in their places it has options of its own.
_KEYWORD_ONLY = ("maximize",)
# How PyTorch may run a step: here every step is one program for all parameters.
_WITHOUT_MEANING = ("foreach", "fused", "capturable", "differentiable")


class _Row(Native):
    """An optimizer whose row C++ has."""

    _name = ""

    def __init__(self, params, *args, **kwargs):
        name = type(self).__name__
        given = {key: value for key, value in kwargs.items() if key not in _WITHOUT_MEANING}
        positional = [key for key in self._defaults if key not in _KEYWORD_ONLY]
        if len(args) > len(positional):
            raise TypeError(f"{name}() takes {len(positional) + 2} arguments at most without their names")
        for key, value in zip(positional, args):
            if key in given:
                raise TypeError(f"{name}() got multiple values for argument '{key}'")
            given[key] = value
        for key in given:
            if key not in self._defaults:
                raise TypeError(f"{name}() got an unexpected keyword argument '{key}'")
        self._construct(params, given)

    def _make(self, groups):
        return _C.optim.RowOptimizer(self._name, groups)

    def step(self, closure=None):
        """One step for every parameter that has a gradient; returns what the closure returned."""
        loss = None
        if closure is not None:
            previous = _C._set_grad_enabled(True)
            try:
                loss = closure()
            finally:
                _C._set_grad_enabled(previous)
        self._cpp.step()
        return loss

    def add_param_group(self, param_group):
        """Another group of parameters, with options of its own: {"params": [...], "lr": 0.1}."""
        own, options, notes = self._split({**self.defaults, **optimizer._checked_group(param_group)})
        self._cpp.add_param_group(own, **self._flat(options))
        self.param_groups.append(ParamGroup(self, len(self.param_groups), own, notes))

    def state_dict(self):
        """Options and state by PyTorch's names, enough to go on as if nothing had happened."""
        return _state.to_python(dict(self._cpp.state_dict()), self.param_groups)

    def load_state_dict(self, state_dict):
        """Restores what state_dict() gave."""
        flat, notes = _state.to_cpp(self, state_dict)
        self._cpp.load_state_dict(list(flat.items()))
        for group, note in zip(self.param_groups, notes):
            group._own.update(note)

    @property
    def state(self):
        """What is kept for each parameter, by parameter: copies."""
        kept = self.state_dict()["state"]
        parameters = [p for group in self.param_groups for p in group["params"]]
        return collections.defaultdict(dict, {parameters[number]: tensors for number, tensors in kept.items()})


def _define(name, doc, defaults):
    """The class of an optimizer whose row C++ has."""

    @functools.wraps(_Row.__init__)
    def __init__(self, params, *args, **kwargs):
        _Row.__init__(self, params, *args, **kwargs)

    kinds = inspect.Parameter
    parameters = [kinds("self", kinds.POSITIONAL_OR_KEYWORD), kinds("params", kinds.POSITIONAL_OR_KEYWORD)]
    for keyword_only in (False, True):
        kind = kinds.KEYWORD_ONLY if keyword_only else kinds.POSITIONAL_OR_KEYWORD
        parameters += [kinds(k, kind, default=v) for k, v in defaults.items() if (k in _KEYWORD_ONLY) == keyword_only]
    __init__.__signature__ = inspect.Signature(parameters)
    members = {"__doc__": doc, "__module__": __name__, "__init__": __init__, "_name": name, "_defaults": defaults}
    return type(name, (_Row,), members)


# (name, what it does, arguments with their defaults), for the stubs too.
_DEFINITIONS = [(name, doc, optimizer.to_python(defaults)) for name, doc, defaults in _C.optim._optimizers()]
globals().update({definition[0]: _define(*definition) for definition in _DEFINITIONS})

from neura.optim import lr_scheduler, swa_utils  # noqa: E402
from neura.optim.lbfgs import LBFGS  # noqa: E402
