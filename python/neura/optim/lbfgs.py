"""L-BFGS, whose step evaluates the loss as often as it needs to."""

from collections.abc import Callable, Iterator, Mapping, MutableMapping
from typing import Any

from neura import _C

_OPTIONS = ("lr", "max_iter", "max_eval", "tolerance_grad", "tolerance_change", "history_size", "line_search_fn")


class _Group(MutableMapping[str, Any]):
    """The parameters and options; setting an option sets it in the optimizer."""

    def __init__(self, optimizer: Any, params: list[_C.Tensor], options: dict[str, Any]) -> None:
        self._optimizer = optimizer
        self._values: dict[str, Any] = {"params": params, **options}

    def __getitem__(self, key: str) -> Any:
        return self._values[key]

    def __setitem__(self, key: str, value: Any) -> None:
        if key in _OPTIONS:
            self._optimizer._set_options(**_to_cpp({**{k: self[k] for k in _OPTIONS}, key: value}))
        self._values[key] = value

    def __delitem__(self, key: str) -> None:
        del self._values[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)


def _to_cpp(options: dict[str, Any]) -> dict[str, Any]:
    return {**options, "line_search_fn": options["line_search_fn"] or ""}


_Base: Any = _C.optim._LBFGS


class LBFGS(_Base):  # type: ignore[misc]
    """Liu and Nocedal, 1989, with a line search by the strong Wolfe conditions or none. step() takes a closure that clears
    the gradients, computes the loss and its gradients, and returns it."""

    def __init__(
        self,
        params: Any,
        lr: float = 1,
        max_iter: int = 20,
        max_eval: int | None = None,
        tolerance_grad: float = 1e-7,
        tolerance_change: float = 1e-9,
        history_size: int = 100,
        line_search_fn: str | None = None,
    ) -> None:
        params = [params] if isinstance(params, _C.Tensor) else list(params)
        if params and isinstance(params[0], dict):
            if len(params) > 1:
                raise ValueError("LBFGS has one group of parameters")
            params = list(params[0]["params"])
        values = (lr, max_iter, max_eval, tolerance_grad, tolerance_change, history_size, line_search_fn)
        options = dict(zip(_OPTIONS, values))
        super().__init__(params, **_to_cpp(options))
        self.defaults = options
        self.param_groups = [_Group(self, params, options)]

    def step(self, closure: Callable[[], _C.Tensor]) -> Any:
        """Up to max_iter iterations; returns the loss before them."""
        return self._step(closure)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Clears the gradients of all parameters."""
        for parameter in self.param_groups[0]["params"]:
            if set_to_none or parameter.grad is None:
                parameter.grad = None
            else:
                parameter.grad.zero_()

    def state_dict(self) -> dict[str, Any]:
        """Options and state by PyTorch's names."""
        state: dict[str, Any] = {}
        for name, tensor in dict(self._state_dict()).items():
            stem, _, number = name.partition(".")
            value = tensor if stem in ("d", "prev_flat_grad", "old_dirs", "old_stps") else tensor.item()
            if number:
                state.setdefault(stem, []).append(value)
            else:
                state[stem] = value
        group = {key: value for key, value in self.param_groups[0].items() if key != "params"}
        count = len(self.param_groups[0]["params"])
        return {"state": {0: state}, "param_groups": [{**group, "params": list(range(count))}]}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Restores what state_dict() gave."""
        if not isinstance(state_dict, Mapping) or not {"state", "param_groups"} <= set(state_dict):
            raise ValueError("load_state_dict() expects what state_dict() gave: a dict with 'state' and 'param_groups'")
        (group,) = state_dict["param_groups"]
        count = len(self.param_groups[0]["params"])
        if len(group["params"]) != count:
            raise ValueError(f"the state is of {len(group['params'])} parameters, the optimizer has {count}")
        flat = {"func_evals": _C.tensor(0), "n_iter": _C.tensor(0)}  # before the first step
        for name, value in state_dict["state"].get(0, {}).items():
            for key, part in _entries(name, value):
                if not isinstance(part, _C.Tensor):
                    part = _C.tensor(part, dtype=_C.int64 if name in ("func_evals", "n_iter") else _C.float64)
                flat[key] = part
        before = dict(self.param_groups[0])
        self.param_groups[0].update({key: value for key, value in group.items() if key != "params"})
        try:
            self._load_state_dict(list(flat.items()))
        except Exception:
            self.param_groups[0].update(before)
            raise

    def __repr__(self) -> str:
        lines = [f"    {key}: {value}" for key, value in sorted(self.param_groups[0].items()) if key != "params"]
        return "\n".join(["LBFGS (", "Parameter Group 0", *lines, ")"])


def _entries(name: str, value: Any) -> list[tuple[str, Any]]:
    if name == "al" or value is None:  # what a step leaves behind
        return []
    if isinstance(value, list):
        return [(f"{name}.{i}", part) for i, part in enumerate(value)]
    return [(name, value)]
