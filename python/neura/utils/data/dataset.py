"""Datasets: anything with __getitem__ and __len__."""

import bisect
import itertools
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from neura import _C
from neura._C import Generator, Tensor


class Dataset:
    """Examples by index; subclass it and define __getitem__ and __len__. A __getitems__ that takes a list of indices, and
    gives the list of their examples, is used where it is defined."""

    def __class_getitem__(cls, item: Any) -> Any:
        return cls

    def __getitem__(self, index: Any) -> Any:
        raise NotImplementedError("a Dataset must define __getitem__()")

    def __add__(self, other: Any) -> Any:
        return ConcatDataset([self, other])


class IterableDataset(Dataset):
    """Examples one after the other; subclass it and define __iter__."""

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError("an IterableDataset must define __iter__()")

    def __add__(self, other: Any) -> "ChainDataset":
        return ChainDataset([self, other])


def native(dataset: Any) -> Any:
    """The dataset of C++ behind a dataset, or None."""
    if type(dataset) is Subset:
        inner = native(dataset.dataset)
        if inner is None or not all(isinstance(index, int) for index in dataset.indices):
            return None
        size = len(inner)
        return _C.data.subset(inner, [index + size if index < 0 else index for index in dataset.indices])
    # A subclass may give other examples.
    own = getattr(type(dataset), "_native_getitem", None)
    return dataset._native if own is not None and type(dataset).__getitem__ is own else None


class TensorDataset(Dataset):
    """Example i is element i of each tensor."""

    def __init__(self, *tensors: Tensor) -> None:
        for tensor in tensors:
            if not isinstance(tensor, Tensor):
                raise TypeError(f"TensorDataset: tensors are expected, not {type(tensor).__name__}; neura.as_tensor() makes one")
        if not tensors or any(t.dim() == 0 or t.size(0) != tensors[0].size(0) for t in tensors):
            raise ValueError(
                "TensorDataset: tensors with the same extent of dimension 0 are expected, not of the shapes "
                f"{[tuple(t.shape) for t in tensors]}"
            )
        self.tensors = tensors

    @property
    def _native(self) -> Any:
        on_cpu = all(t.device.type == "cpu" and not t.requires_grad for t in self.tensors)
        return _C.data.tensor_dataset(list(self.tensors)) if on_cpu and len(self.tensors) <= 4 else None

    def __len__(self) -> int:
        return int(self.tensors[0].size(0))

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)

    _native_getitem = __getitem__


class StackDataset(Dataset):
    """Example i has example i of each dataset: a tuple, or a dict where the datasets are given by name."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if bool(args) == bool(kwargs):
            raise ValueError("StackDataset: give datasets, either all of them by name or none")
        self.datasets: Any = args or kwargs
        parts = list(args) or list(kwargs.values())
        self._length = len(parts[0])
        if any(len(part) != self._length for part in parts):
            raise ValueError(f"StackDataset: size mismatch between datasets: {[len(part) for part in parts]}")

    def __getitem__(self, index: Any) -> Any:
        if isinstance(self.datasets, dict):
            return {name: dataset[index] for name, dataset in self.datasets.items()}
        return tuple(dataset[index] for dataset in self.datasets)

    def __len__(self) -> int:
        return self._length


class Subset(Dataset):
    """Chosen examples of another dataset."""

    def __init__(self, dataset: Any, indices: Sequence[Any]) -> None:
        self.dataset, self.indices = dataset, indices

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, list):
            return self.dataset[[self.indices[i] for i in index]]
        return self.dataset[self.indices[index]]


class ConcatDataset(Dataset):
    """Datasets one after the other."""

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        if any(isinstance(dataset, IterableDataset) for dataset in self.datasets):
            raise ValueError("ConcatDataset: an IterableDataset has no indices; ChainDataset takes it")
        self.cumulative_sizes = list(itertools.accumulate(map(len, self.datasets)))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1] if self.datasets else 0

    def __getitem__(self, index: int) -> Any:
        if not -len(self) <= index < len(self):
            raise IndexError(f"dataset index {index} is outside a dataset of {len(self)}")
        index %= len(self)
        which = bisect.bisect_right(self.cumulative_sizes, index)
        return self.datasets[which][index - (self.cumulative_sizes[which - 1] if which else 0)]


class ChainDataset(IterableDataset):
    """What one IterableDataset gives after another."""

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = datasets

    def __iter__(self) -> Iterator[Any]:
        for dataset in self.datasets:
            if not isinstance(dataset, IterableDataset):
                raise TypeError(f"ChainDataset: IterableDatasets are expected, not {type(dataset).__name__}")
            yield from dataset

    def __len__(self) -> int:
        return sum(map(len, self.datasets))


class MapDataset(Dataset):
    """Example i is function(example i of another dataset)."""

    def __init__(self, dataset: Any, function: Callable[[Any], Any]) -> None:
        self.dataset, self.function = dataset, function

    def __getitem__(self, index: Any) -> Any:
        return self.function(self.dataset[index])

    def __len__(self) -> int:
        return len(self.dataset)


class CachedDataset(Dataset):
    """Keeps each example of another dataset that was asked for, as it was then, at most `capacity` of them."""

    def __init__(self, dataset: Any, capacity: int | None = None) -> None:
        self.dataset, self.capacity = dataset, capacity
        self._kept: dict[int, Any] = {}
        self._lock = threading.Lock()

    def __getitem__(self, index: int) -> Any:
        with self._lock:
            if index in self._kept:
                return self._kept[index]
        example = self.dataset[index]
        with self._lock:
            if self.capacity is None or len(self._kept) < self.capacity:
                self._kept[index] = example
        return example

    def __len__(self) -> int:
        return len(self.dataset)

    def __getstate__(self) -> dict[str, Any]:
        return {"dataset": self.dataset, "capacity": self.capacity}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["dataset"], state["capacity"])  # type: ignore[misc]


def random_split(dataset: Any, lengths: Sequence[float], generator: Generator | None = None) -> list[Subset]:
    """Parts of the given lengths, or fractions that add up to 1, at random."""
    size = len(dataset)
    if abs(sum(lengths) - 1) < 1e-6 and all(0 <= length <= 1 for length in lengths):
        counts = [int(size * fraction) for fraction in lengths]
        for i in range(size - sum(counts)):
            counts[i % len(counts)] += 1
        for i, count in enumerate(counts):
            if count == 0:
                warnings.warn(f"Length of split at index {i} is 0. This might result in an empty dataset.", stacklevel=2)
    elif sum(lengths) <= 1 and any(isinstance(length, float) and 0 < length < 1 for length in lengths):
        raise ValueError(f"random_split: the fractions {list(lengths)} do not add up to 1")
    else:
        counts = [int(length) for length in lengths]
    if sum(counts) != size or any(count < 0 for count in counts):
        raise ValueError(
            f"random_split: sum of input lengths does not equal the length of the input dataset: {list(lengths)} of {size}"
        )
    seed = int(_C.randint(0, 2**62, (), generator=generator).item())
    return [Subset(dataset, part) for part in _C.data.random_parts(size, counts, seed)]
