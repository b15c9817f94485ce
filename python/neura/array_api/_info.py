"""What the namespace can do."""

from typing import Any

from neura import _C
from neura._C import dtype as DType
from neura.array_api import _dtypes


class _Info:
    def capabilities(self) -> dict[str, Any]:
        """What the standard leaves open."""
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": 64}

    def default_device(self) -> Any:
        """Where tensors are made that name no device."""
        return _C.device("cpu")

    def default_dtypes(self, *, device: Any = None) -> dict[str, DType]:
        """The dtypes of what is made without one."""
        real = _C.get_default_dtype()
        return {
            "real floating": real,
            "complex floating": _C.complex128 if real == _C.float64 else _C.complex64,
            "integral": _C.int64,
            "indexing": _C.int64,
        }

    def devices(self) -> list[Any]:
        """Where tensors can be."""
        return [_C.device("cpu")]

    def dtypes(self, *, device: Any = None, kind: str | tuple[str, ...] | None = None) -> dict[str, DType]:
        """The standard's dtypes by name, all or of some kinds."""
        kinds = ("bool", "numeric") if kind is None else (kind,) if isinstance(kind, str) else kind
        return {repr(one).removeprefix("neura."): one for name in kinds for one in _dtypes.KINDS[name]}


def __array_namespace_info__() -> Any:
    """What the namespace can do, and its devices and dtypes."""
    return _Info()
