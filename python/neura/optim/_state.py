"""State dicts of optimizers: by PyTorch's names for Python, flat for C++."""

from collections.abc import Callable, Mapping
from typing import Any

from neura import _C

# What PyTorch keeps beside the tensors, all of which follows from the step.
_DERIVED = ("mu_product", "eta", "mu")


def to_python(flat: dict[str, _C.Tensor], groups: list[Any]) -> dict[str, Any]:
    """{"state": {0: {"step": ..., "exp_avg": ...}}, "param_groups": [{"lr": ..., "params": [0, 1]}]}"""
    state: dict[int, dict[str, _C.Tensor]] = {}
    for name, tensor in flat.items():
        kind, number, rest = name.split(".", 2)
        if kind == "state":
            state.setdefault(int(number), {})[rest] = tensor.to(_C.float32) if rest == "step" else tensor
    described: list[dict[str, Any]] = []
    first = 0
    for group in groups:
        count = len(group["params"])
        own = {key: value for key, value in group.items() if key != "params"}
        described.append({**own, "params": list(range(first, first + count))})
        first += count
    return {"state": state, "param_groups": described}


def to_cpp(
    given: Any, groups: list[Any], to_options: Callable[[dict[str, Any]], dict[str, Any]]
) -> tuple[dict[str, _C.Tensor], list[dict[str, Any]]]:
    """The flat state for groups of these, and what the given groups hold that is no option."""
    if not isinstance(given, Mapping) or not {"state", "param_groups"} <= set(given):
        raise ValueError("load_state_dict() expects what state_dict() gave: a dict with 'state' and 'param_groups'")
    if len(given["param_groups"]) != len(groups):
        raise ValueError(f"the state has {len(given['param_groups'])} parameter groups, the optimizer {len(groups)}")
    flat: dict[str, _C.Tensor] = {}
    notes: list[dict[str, Any]] = []
    places: dict[int, int] = {}
    for i, (theirs, ours) in enumerate(zip(given["param_groups"], groups)):
        if len(theirs["params"]) != len(ours["params"]):
            raise ValueError(
                f"group {i} of the state has {len(theirs['params'])} parameters, of the optimizer {len(ours['params'])}"
            )
        for number in theirs["params"]:
            places[number] = len(places)
        options = {key: theirs.get(key, value) for key, value in ours.items() if ours.is_option(key)}
        for key, value in to_options(options).items():
            if isinstance(value, bool) or value is None:
                value = float(bool(value))
            flat[f"group.{i}.{key}"] = _C.tensor(float(value), dtype=_C.float64)
        notes.append({key: value for key, value in theirs.items() if key != "params" and not ours.is_option(key)})
    for number, tensors in given["state"].items():
        if number not in places:
            raise ValueError(f"the state has a parameter {number} that is in none of its groups")
        kept = {name: value for name, value in tensors.items() if value is not None and name not in _DERIVED}
        if kept:  # PyTorch's SGD does not count its steps
            kept["step"] = _C.tensor(int(kept.get("step", 1)))
        flat.update({f"state.{places[number]}.{name}": value for name, value in kept.items()})
    return flat, notes
