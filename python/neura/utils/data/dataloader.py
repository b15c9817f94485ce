"""The loader: C++ threads that prepare batches of datasets of either language."""

import atexit
import itertools
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from neura import _C
from neura._C import Generator
from neura.utils.data.dataset import IterableDataset, native


def default_collate(batch: list[Any]) -> Any:
    """Examples joined along a new first dimension; tuples, lists and dicts element by element."""
    first = batch[0]
    if isinstance(first, _C.Tensor):
        return _C.stack(batch)
    if isinstance(first, float):
        return _C.tensor(batch, dtype=_C.float64)
    if isinstance(first, int):
        return _C.tensor(batch)
    if isinstance(first, (str, bytes)):
        return list(batch)
    if isinstance(first, dict):
        return {key: default_collate([example[key] for example in batch]) for key in first}
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*(default_collate(column) for column in zip(*batch)))
    if isinstance(first, (tuple, list)):
        if any(len(example) != len(first) for example in batch):
            raise RuntimeError("default_collate: the examples of a batch have different lengths")
        return [default_collate(column) for column in zip(*batch)]
    if hasattr(first, "__array__"):
        return _C.stack([_C.as_tensor(example) for example in batch])
    raise TypeError(
        f"default_collate: cannot join {type(first).__name__}; give a collate_fn, or examples of "
        "tensors, numbers, strings, arrays, tuples, lists or dicts"
    )


# Passes that go on. Their workers have to end while the interpreter can still let them run Python.
_passes: weakref.WeakSet[Any] = weakref.WeakSet()


@atexit.register
def _close_passes() -> None:
    for running in list(_passes):
        running.close()


class DataLoader:
    """Batches of a dataset, prepared ahead on other threads.

    The order depends on the seed alone, which comes from `generator` or the default one: it is the
    same for any number of workers. Workers are threads; Python code in a dataset runs in one at a
    time, C++ in all at once.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool = False,
        sampler: Any = None,
        batch_sampler: Any = None,
        num_workers: int = 0,
        collate_fn: Callable[[list[Any]], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Any = None,
        *,
        prefetch_factor: int = 2,
        generator: Generator | None = None,
        persistent_workers: bool = False,
        seed: int | None = None,
    ) -> None:
        if shuffle and sampler is not None:
            raise ValueError("DataLoader: give shuffle or a sampler, not both")
        self.dataset, self.batch_size, self.sampler = dataset, batch_size, sampler
        self.batch_sampler, self.num_workers, self.drop_last = batch_sampler, num_workers, drop_last
        self.collate_fn = collate_fn or default_collate
        self._loader: Any = None
        if batch_sampler is not None or isinstance(dataset, IterableDataset) or batch_size is None:
            return
        inner = native(dataset) if collate_fn is None else None
        collate = None if inner is not None else self.collate_fn
        if seed is None:
            seed = int(_C.randint(0, 2**62, (), generator=generator).item()) if shuffle else 0
        self._loader = _C.data.Loader(
            inner,
            dataset.__getitem__,
            collate,
            len(dataset),
            batch_size,
            shuffle,
            drop_last,
            num_workers,
            prefetch_factor,
            seed,
            sampler,
        )

    def __iter__(self) -> Iterator[Any]:
        if self._loader is not None:
            running: Iterator[Any] = iter(self._loader)
            _passes.add(running)
            return running
        return self._iterate()

    def _iterate(self) -> Iterator[Any]:
        if self.batch_sampler is not None:
            for indices in self.batch_sampler:
                yield self.collate_fn([self.dataset[index] for index in indices])
        elif self.batch_size is None:
            yield from self.dataset
        else:
            examples = iter(self.dataset)
            while batch := list(itertools.islice(examples, self.batch_size)):
                if len(batch) < self.batch_size and self.drop_last:
                    return
                yield self.collate_fn(batch)

    def __len__(self) -> int:
        if self.batch_sampler is not None:
            return len(self.batch_sampler)
        count = len(self.dataset if self.sampler is None else self.sampler)
        if self.batch_size is None:
            return count
        whole, rest = divmod(count, self.batch_size)
        return whole + (1 if rest and not self.drop_last else 0)
