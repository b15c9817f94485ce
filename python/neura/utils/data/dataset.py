"""Datasets: anything with __getitem__ and __len__."""

import bisect
import itertools
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from neura import _C
from neura._C import Generator, Tensor


class Dataset:
    """Examples by index; subclass it and define __getitem__ and __len__."""

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError("a Dataset must define __getitem__()")

    def __add__(self, other: "Dataset") -> "ConcatDataset":
        return ConcatDataset([self, other])


class IterableDataset(Dataset):
    """Examples one after the other; subclass it and define __iter__."""

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError("an IterableDataset must define __iter__()")


def native(dataset: Any) -> Any:
    """The dataset of C++ behind a dataset, or None."""
    if isinstance(dataset, Subset):
        inner = native(dataset.dataset)
        return None if inner is None else _C.data.subset(inner, list(dataset.indices))
    return getattr(dataset, "_native", None)


class TensorDataset(Dataset):
    """Example i is element i of each tensor."""

    def __init__(self, *tensors: Tensor) -> None:
        self._native = _C.data.tensor_dataset(list(tensors))
        self.tensors = tensors

    def __len__(self) -> int:
        return int(len(self._native))

    def __getitem__(self, index: int) -> tuple[Tensor, ...]:
        return tuple(tensor[index] for tensor in self.tensors)


class Subset(Dataset):
    """Chosen examples of another dataset."""

    def __init__(self, dataset: Any, indices: Iterable[int]) -> None:
        self.dataset = dataset
        self.indices = [int(index) for index in indices]

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Any:
        return self.dataset[self.indices[index]]


class ConcatDataset(Dataset):
    """Datasets one after the other."""

    def __init__(self, datasets: Iterable[Any]) -> None:
        self.datasets = list(datasets)
        self.cumulative_sizes = list(itertools.accumulate(map(len, self.datasets)))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1] if self.datasets else 0

    def __getitem__(self, index: int) -> Any:
        if not -len(self) <= index < len(self):
            raise IndexError(f"dataset index {index} is outside a dataset of {len(self)}")
        index %= len(self)
        which = bisect.bisect_right(self.cumulative_sizes, index)
        return self.datasets[which][index - (self.cumulative_sizes[which - 1] if which else 0)]


def random_split(dataset: Any, lengths: Sequence[float], generator: Generator | None = None) -> list[Subset]:
    """Parts of the given lengths, or fractions that add up to 1, at random."""
    size = len(dataset)
    if abs(sum(lengths) - 1) < 1e-6 and all(0 <= length <= 1 for length in lengths):
        counts = [int(size * fraction) for fraction in lengths]
        for i in range(size - sum(counts)):
            counts[i % len(counts)] += 1
    else:
        counts = [int(length) for length in lengths]
    seed = int(_C.randint(0, 2**62, (), generator=generator).item())
    return [Subset(dataset, part) for part in _C.data.random_parts(size, counts, seed)]


class FashionMNIST(Dataset):
    """60,000 training or 10,000 test images of clothing: uint8 [1, 28, 28] and the class, int64.

    `transform` is one of neura.utils.data.transforms, or a list of them, which run in C++. Without a
    root, Debian's package dataset-fashion-mnist is read.
    """

    classes = (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    )

    def __init__(self, root: str = "", train: bool = True, transform: Any = ()) -> None:
        transforms = list(transform) if isinstance(transform, (list, tuple)) else [transform]
        self.train = train
        self._native = _C.data.fashion_mnist(train, str(root), transforms)

    def __len__(self) -> int:
        return int(len(self._native))

    def __getitem__(self, index: int) -> Any:
        return tuple(self._native[index])
