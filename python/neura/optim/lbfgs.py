"""L-BFGS, whose step evaluates the loss as often as it needs to."""

from collections.abc import Callable, Mapping
from typing import Any

from neura import _C
from neura.optim import _state
from neura.optim.optimizer import Native, check_state

_VECTORS = ("d", "prev_flat_grad", "old_dirs", "old_stps")


class LBFGS(Native):
    """Liu and Nocedal, 1989, with a line search by the strong Wolfe conditions or none. step() takes a closure that clears
    the gradients, computes the loss and its gradients, and returns it."""

    _defaults = {
        "lr": 1,
        "max_iter": 20,
        "max_eval": None,
        "tolerance_grad": 1e-7,
        "tolerance_change": 1e-9,
        "history_size": 100,
        "line_search_fn": None,
    }

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
        if max_eval is None:
            max_eval = max_iter * 5 // 4
        values = (lr, max_iter, max_eval, tolerance_grad, tolerance_change, history_size, line_search_fn)
        self._construct(params, dict(zip(self._defaults, values)))

    def _make(self, groups: list[Any]) -> Any:
        if len(groups) != 1:
            raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")
        ((params, options),) = groups
        return _C.optim.LBFGS(params, **options)

    def _flat(self, options: Mapping[str, Any]) -> dict[str, Any]:
        return {**super()._flat(options), "line_search_fn": options["line_search_fn"] or ""}

    def add_param_group(self, param_group: Mapping[str, Any]) -> None:
        """An error: there is one group."""
        raise ValueError("LBFGS doesn't support per-parameter options (parameter groups)")

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Up to max_iter iterations; returns the loss before them."""
        if closure is None:
            raise TypeError("LBFGS.step() needs a closure, which clears the gradients, computes the loss and its gradients, and returns it")
        return self._cpp.step(closure)

    @property
    def state(self) -> dict[_C.Tensor, dict[str, Any]]:
        """What is kept of all parameters, by the first one: copies."""
        kept = self.state_dict()["state"][0]
        return {self.param_groups[0]["params"][0]: kept} if kept["n_iter"] else {}

    def state_dict(self) -> dict[str, Any]:
        """Options and state by PyTorch's names."""
        state: dict[str, Any] = {}
        for name, tensor in dict(self._cpp.state_dict()).items():
            stem, _, number = name.partition(".")
            if stem == "group":
                continue
            value = tensor if stem in _VECTORS else tensor.item()
            if number:
                state.setdefault(stem, []).append(value)
            else:
                state[stem] = value
        group = {key: value for key, value in self.param_groups[0].items() if key != "params"}
        count = len(self.param_groups[0]["params"])
        return {"state": {0: state}, "param_groups": [{**group, "params": list(range(count))}]}

    def load_state_dict(self, state_dict: Mapping[str, Any]) -> None:
        """Restores what state_dict() gave."""
        check_state("LBFGS", state_dict, self.param_groups)
        (theirs,) = state_dict["param_groups"]
        options = {key: theirs.get(key, self.param_groups[0][key]) for key in self._defaults}
        flat = {"func_evals": _C.tensor(0), "n_iter": _C.tensor(0)}  # before the first step
        for name, value in self._flat(options).items():
            none = name == "max_eval" and value is None
            flat[f"group.0.{name}"] = _state.option_to_tensor(float("nan") if none else value)
        for name, value in state_dict["state"].get(0, {}).items():
            for key, part in _entries(name, value):
                if not isinstance(part, _C.Tensor):
                    part = _C.tensor(part, dtype=_C.int64 if name in ("func_evals", "n_iter") else _C.float64)
                flat[key] = part
        self._cpp.load_state_dict(list(flat.items()))
        notes = {key: value for key, value in theirs.items() if key != "params" and key not in self._defaults}
        self.param_groups[0].update(notes)


def _entries(name: str, value: Any) -> list[tuple[str, Any]]:
    if name == "al" or value is None:  # what a step leaves behind
        return []
    if isinstance(value, list):
        return [(f"{name}.{i}", part) for i, part in enumerate(value)]
    return [(name, value)]
