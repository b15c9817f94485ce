"""Tensors by the names that PyTorch had before dtypes: `neura.FloatTensor(2, 3)`, `Tensor.type()`."""

from typing import Any

from neura import _C
from neura._C import Tensor, dtype

# The dtype of each name, as PyTorch writes it.
DTYPES: dict[str, dtype] = {
    "FloatTensor": _C.float32,
    "DoubleTensor": _C.float64,
    "HalfTensor": _C.float16,
    "BFloat16Tensor": _C.bfloat16,
    "ByteTensor": _C.uint8,
    "CharTensor": _C.int8,
    "ShortTensor": _C.int16,
    "IntTensor": _C.int32,
    "LongTensor": _C.int64,
    "BoolTensor": _C.bool,
}
_NAMES = {value: name for name, value in DTYPES.items()}


def tensor_of(of: dtype, data: tuple[Any, ...]) -> Tensor:
    """Uninitialized memory of the given extents, or a copy of the data."""
    if all(isinstance(extent, int) and not isinstance(extent, bool) for extent in data):
        return _C.empty(*data, dtype=of) if data else _C.empty(0, dtype=of)
    if len(data) != 1:
        raise TypeError("expected extents, or one sequence, array or tensor")
    if isinstance(data[0], tuple) and type(data[0]) is not tuple:
        return _C.empty(*data[0], dtype=of)  # a Size
    return _C.tensor(data[0], dtype=of)


def legacy_tensor(*data: Any, device: Any = "cpu") -> Tensor:
    """Tensor(2, 3), or Tensor of a sequence, an array or a tensor: the default dtype, whatever the data's."""
    _C.device(device)  # there is one, or this says so
    return tensor_of(_C.get_default_dtype(), data)


class _LegacyType(type):
    """The type of FloatTensor and its kin: isinstance() asks for the dtype."""

    dtype: dtype

    def __instancecheck__(cls, instance: object) -> bool:
        return isinstance(instance, Tensor) and instance.dtype is cls.dtype

    def __call__(cls, *data: Any, device: Any = "cpu") -> Tensor:
        _C.device(device)  # there is one, or this says so
        return tensor_of(cls.dtype, data)


TYPES: dict[str, type] = {
    name: _LegacyType(name, (), {"dtype": of, "__module__": "neura", "__doc__": f"A tensor of {of!r}."})
    for name, of in DTYPES.items()
}


def named(name: str) -> dtype:
    """The dtype of "torch.FloatTensor", "neura.FloatTensor" or "FloatTensor"."""
    library, _, short = name.rpartition(".")
    if library not in ("", "torch", "neura") or short not in DTYPES:
        raise ValueError(f"invalid type: '{name}'")
    return DTYPES[short]


def type_(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The name of the tensor's type, or a tensor of another one: a dtype, a name or a legacy type."""
    if dtype is None:
        return f"torch.{_NAMES.get(self.dtype, repr(self.dtype).removeprefix('neura.'))}"
    if isinstance(dtype, str):
        dtype = named(dtype)
    elif isinstance(dtype, _LegacyType):
        dtype = dtype.dtype
    return self.to(dtype)


def set_default_tensor_type(t: Any) -> None:
    """set_default_dtype() by the name of a type, or the type."""
    _C.set_default_dtype(named(t) if isinstance(t, str) else t.dtype)
