"""Optimizers: those of C++, over parameters of either language."""

from neura import _C
from neura.optim import lr_scheduler

Optimizer = _C.optim.Optimizer

_RENAMED = {"betas": ("beta1", "beta2")}


class ParamGroup(dict):
    """The parameters and options of a group; setting an option sets it in the optimizer."""

    def __init__(self, optimizer, index, params):
        super().__init__(params=params)
        self._optimizer, self._index = optimizer, index
        self._refresh()

    def _refresh(self):
        for name, value in _to_python(self._optimizer.options(self._index)).items():
            super().__setitem__(name, value)

    def __getitem__(self, key):
        # A scheduler may have changed it.
        if key != "params":
            self._refresh()
        return super().__getitem__(key)

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        options = {k: v for k, v in self.items() if k != "params"}
        own = self._optimizer.options(self._index)
        self._optimizer.set_options(
            self._index, **{k: v for k, v in _to_cpp(options).items() if k in own}
        )


def _to_cpp(options):
    options = dict(options)
    for name, parts in _RENAMED.items():
        if name in options:
            options.update(zip(parts, options.pop(name)))
    return options


def _to_python(options):
    options = dict(options)
    for name, parts in _RENAMED.items():
        if parts[0] in options:
            options[name] = tuple(options.pop(part) for part in parts)
    return options


def _groups(params, defaults):
    params = [params] if isinstance(params, _C.Tensor) else list(params)
    if not params:
        raise ValueError("an optimizer got an empty list of parameters")
    if isinstance(params[0], tuple):  # named_parameters()
        params = [parameter for _, parameter in params]
    if not isinstance(params[0], dict):
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


_DEFINITIONS = []  # (name, doc, defaults), for the stubs


def _define(name, doc, defaults):
    _DEFINITIONS.append((name, doc, defaults))
    base = getattr(_C.optim, name)

    def __init__(self, params, *args, **kwargs):
        if len(args) > len(defaults):
            raise TypeError(f"{name}() takes {len(defaults) + 2} arguments at most")
        given = dict(zip(defaults, args))
        for key, value in kwargs.items():
            if key not in defaults:
                raise TypeError(f"{name}() got an unexpected keyword argument '{key}'")
            if key in given:
                raise TypeError(f"{name}() got multiple values for argument '{key}'")
            given[key] = value
        groups = _groups(params, {**defaults, **given})
        base.__init__(self, [(own, _to_cpp(options)) for own, options in groups])
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
                for parameter in dict.__getitem__(group, "params"):
                    if parameter.grad is not None:
                        parameter.grad.zero_()

    def state_dict(self):
        """Options and state by name, enough to go on as if nothing had happened."""
        return dict(base.state_dict(self))

    def load_state_dict(self, state_dict):
        """Restores what state_dict() gave."""
        base.load_state_dict(self, list(state_dict.items()))
        for group in self.param_groups:
            group._refresh()

    def __repr__(self):
        lines = [f"{name} ("]
        for i, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {i}")
            group._refresh()
            lines += [f"    {key}: {value}" for key, value in sorted(group.items()) if key != "params"]
        return "\n".join(lines) + "\n)"

    members = {
        f.__name__: f for f in (__init__, step, zero_grad, state_dict, load_state_dict, __repr__)
    }
    return type(name, (base,), {"__doc__": doc, "__module__": __name__, **members})


SGD = _define(
    "SGD",
    "Stochastic gradient descent, with momentum.",
    {
        "lr": 1e-3,
        "momentum": 0.0,
        "dampening": 0.0,
        "weight_decay": 0.0,
        "nesterov": False,
        "maximize": False,
    },
)
_ADAM = {"lr": 1e-3, "betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.0, "maximize": False}
Adam = _define("Adam", "Kingma and Ba, 2015 (arXiv:1412.6980).", _ADAM)
AdamW = _define(
    "AdamW", "Loshchilov and Hutter, 2019 (arXiv:1711.05101).", {**_ADAM, "weight_decay": 1e-2}
)
