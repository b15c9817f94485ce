"""The memory that tensors view."""

from collections.abc import Iterator
from typing import Any

from neura import _C
from neura._C import Tensor, dtype


class Storage:
    """Memory as a sequence of elements, which several tensors may view."""

    def __init__(self, tensor: Tensor, of: dtype) -> None:
        self._address, self._bytes, _ = _C._memory_of(tensor.detach())
        count = self._bytes.numel() // of.itemsize
        self._elements: Tensor = _C._view_of(self._bytes, of, (count,), (1,), 0)
        self.dtype = of

    def __len__(self) -> int:
        return self._elements.numel()

    def __getitem__(self, index: Any) -> Any:
        element = self._elements[index]
        return element if isinstance(index, slice) else element.item()

    def __setitem__(self, index: Any, value: Any) -> None:
        self._elements[index] = value

    def __iter__(self) -> Iterator[Any]:
        return iter(self._elements.tolist())

    def size(self) -> int:
        """The number of elements."""
        return len(self)

    def nbytes(self) -> int:
        """The number of bytes."""
        return int(self._bytes.numel())

    def element_size(self) -> int:
        """Bytes of one element."""
        return self.dtype.itemsize

    def data_ptr(self) -> int:
        """The address of the first byte."""
        return int(self._address)

    def tolist(self) -> list[Any]:
        """The elements as Python numbers."""
        return list(self)

    def untyped(self) -> "Storage":
        """The same memory as bytes."""
        return Storage(self._bytes, _C.uint8)

    def __repr__(self) -> str:
        return f"<Storage of {len(self)} elements of {self.dtype!r}>"
