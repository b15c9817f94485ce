"""Sequences of different lengths in one tensor: padded to the longest one, or packed without any padding."""

from collections import namedtuple
from typing import Any

from neura import _C
from neura._C import Tensor

invert_permutation = _C.nn_utils_rnn.invert_permutation
pack_padded_sequence, pad_packed_sequence = _C.nn_utils_rnn.pack_padded_sequence, _C.nn_utils_rnn.pad_packed_sequence
pad_sequence, unpad_sequence = _C.nn_utils_rnn.pad_sequence, _C.nn_utils_rnn.unpad_sequence
pack_sequence, unpack_sequence = _C.nn_utils_rnn.pack_sequence, _C.nn_utils_rnn.unpack_sequence

_Parts = namedtuple("_Parts", ["data", "batch_sizes", "sorted_indices", "unsorted_indices"])


class PackedSequence(_Parts):
    """Sequences by their steps: `data` [sum of the lengths, ...] has the first elements of all of them, from the longest
    to the shortest, then the second ones, and so on; `batch_sizes` says how many have each step."""

    def __new__(
        cls,
        data: Tensor,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> "PackedSequence":
        if batch_sizes is None and isinstance(data, (tuple, list)):
            data, batch_sizes = data
        if batch_sizes is None:
            raise ValueError("PackedSequence: batch_sizes must be given")
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> "PackedSequence":
        """Its data of another dtype or device."""
        data = self.data.to(*args, **kwargs)
        same = data.dtype is self.data.dtype and data.device == self.data.device
        return self if same else self._with(data)

    def _with(self, data: Tensor) -> "PackedSequence":
        return PackedSequence(data, self.batch_sizes, self.sorted_indices, self.unsorted_indices)

    def cpu(self) -> "PackedSequence":
        return self.to("cpu")

    def cuda(self, *args: Any, **kwargs: Any) -> "PackedSequence":
        return self._with(self.data.cuda(*args, **kwargs))

    def double(self) -> "PackedSequence":
        return self.to(_C.float64)

    def float(self) -> "PackedSequence":
        return self.to(_C.float32)

    def half(self) -> "PackedSequence":
        return self.to(_C.float16)

    def long(self) -> "PackedSequence":
        return self.to(_C.int64)

    def int(self) -> "PackedSequence":
        return self.to(_C.int32)

    def short(self) -> "PackedSequence":
        return self.to(_C.int16)

    def char(self) -> "PackedSequence":
        return self.to(_C.int8)

    def byte(self) -> "PackedSequence":
        return self.to(_C.uint8)

    def pin_memory(self) -> "PackedSequence":
        return self

    def is_pinned(self) -> bool:
        return False

    @property
    def is_cuda(self) -> bool:
        return bool(self.data.is_cuda)


_C._set_packed_sequence_type(PackedSequence)
