"""State dicts of optimizers: by PyTorch's names for Python, flat for C++."""

from typing import Any

from neura import _C
from neura.optim.optimizer import Native, check_state
from neura.optim.optimizer import to_python as to_options

# What PyTorch keeps beside the tensors, all of which follows from the step.
_DERIVED = ("mu_product", "eta", "mu")


def option_to_tensor(value: Any) -> _C.Tensor:
    """As C++ has options in its state dicts: numbers, and texts by their letters."""
    if isinstance(value, str):
        return _C.tensor(list(value.encode()), dtype=_C.uint8)
    if value is None or isinstance(value, bool):
        value = float(bool(value))
    return _C.tensor(float(value), dtype=_C.float64)


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


def _of_another(optimizer: Native, theirs: dict[str, Any]) -> list[str]:
    """The options in a group of a state that only other optimizers have, where it lacks some of this one."""
    ours = set(optimizer._defaults)
    others = {key for _, _, defaults in _C.optim._optimizers() for key in to_options(defaults)} - ours
    return sorted(others & set(theirs)) if ours - set(theirs) - {"maximize"} else []


def to_cpp(optimizer: Native, given: Any) -> tuple[dict[str, _C.Tensor], list[dict[str, Any]]]:
    """The flat state of an optimizer from a state dict, and what the groups of that hold that is no option."""
    name, groups = type(optimizer).__name__, optimizer.param_groups
    check_state(name, given, groups)
    known = {"step", *optimizer._cpp.state_names()}
    flat: dict[str, _C.Tensor] = {}
    notes: list[dict[str, Any]] = []
    places: dict[int, int] = {}
    for i, (theirs, ours) in enumerate(zip(given["param_groups"], groups)):
        foreign = _of_another(optimizer, theirs)
        if foreign:
            raise ValueError(f"{name}: the state is that of another optimizer: its group {i} has {', '.join(foreign)}")
        for number in theirs["params"]:
            places[number] = len(places)
        options = {key: theirs.get(key, value) for key, value in ours.items() if key in optimizer._defaults}
        for key, value in optimizer._flat(options).items():
            flat[f"group.{i}.{key}"] = option_to_tensor(value)
        notes.append({key: value for key, value in theirs.items() if key != "params" and key not in optimizer._defaults})
    for number, tensors in given["state"].items():
        if number not in places:
            raise ValueError(f"{name}: the state has a parameter {number} that is in none of its groups")
        kept = {key: value for key, value in tensors.items() if value is not None and key not in _DERIVED}
        foreign = sorted(set(kept) - known)
        if foreign:
            raise ValueError(
                f"{name}: the state is that of another optimizer: parameter {number} has {', '.join(foreign)}, where {name} "
                f"keeps {', '.join(sorted(known - {'step'}))}"
            )
        if kept:  # PyTorch's SGD does not count its steps
            kept["step"] = _C.tensor(int(kept.get("step", 1)))
        flat.update({f"state.{places[number]}.{key}": value for key, value in kept.items()})
    return flat, notes
