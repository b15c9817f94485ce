"""Examples joined to batches."""

import collections.abc
import copy
from typing import Any

from neura import _C


def default_collate(batch: Any) -> Any:
    """Examples joined along a new first dimension; mappings, tuples and sequences element by element.

    Tensors, arrays and numbers of one shape become a tensor: int64 of integers, float64 of floats. Strings and bytes
    stay a list, tuples become lists, named tuples, mappings and other sequences keep their types.
    """
    first = batch[0]
    if isinstance(first, _C.Tensor):
        return _C.stack(list(batch))
    if hasattr(first, "__array__") and not isinstance(first, (str, bytes)):
        if getattr(getattr(first, "dtype", None), "kind", "f") in "SUO":
            raise TypeError(f"default_collate: arrays of {first.dtype} cannot become tensors")
        return _C.stack([_C.as_tensor(example) for example in batch])
    if isinstance(first, float):
        return _C.tensor(list(batch), dtype=_C.float64)
    if isinstance(first, (int, complex)):
        return _C.tensor(list(batch))
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, collections.abc.Mapping):
        joined = {key: default_collate([example[key] for example in batch]) for key in first}
        return _like(first, joined)
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*(default_collate(column) for column in _columns(batch)))
    if isinstance(first, tuple):
        return [default_collate(column) for column in _columns(batch)]
    if isinstance(first, collections.abc.Sequence):
        return _like(first, [default_collate(column) for column in _columns(batch)])
    raise TypeError(
        "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found "
        f"{type(first)}; give a collate_fn for others"
    )


def default_convert(data: Any) -> Any:
    """Arrays become tensors, inside of mappings, tuples and sequences too; all else stays what it is."""
    if isinstance(data, _C.Tensor):
        return data
    if hasattr(data, "__array__") and not isinstance(data, (str, bytes)):
        if getattr(getattr(data, "dtype", None), "kind", "f") in "SUO":
            return data
        return _C.as_tensor(data)
    if isinstance(data, collections.abc.Mapping):
        return _like(data, {key: default_convert(value) for key, value in data.items()})
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(default_convert(value) for value in data))
    if isinstance(data, tuple):
        return [default_convert(value) for value in data]
    if isinstance(data, collections.abc.Sequence) and not isinstance(data, (str, bytes)):
        return _like(data, [default_convert(value) for value in data])
    return data


def _columns(batch: Any) -> Any:
    if any(len(example) != len(batch[0]) for example in batch):
        raise RuntimeError("default_collate: each element in list of batch should be of equal size")
    return zip(*batch)


def _like(original: Any, parts: Any) -> Any:
    """The parts in a container of the original's type, where it can be made."""
    if type(original) in (dict, list):
        return parts
    try:
        changed: Any
        if isinstance(original, collections.abc.MutableMapping):
            changed = copy.copy(original)
            changed.update(parts)
            return changed
        if isinstance(original, collections.abc.MutableSequence):
            changed = copy.copy(original)
            changed[:] = parts
            return changed
        return type(original)(parts)
    except TypeError:  # no copies, or another constructor
        return parts
