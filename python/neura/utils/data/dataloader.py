"""The loader: C++ threads that prepare batches of datasets of either language."""

import atexit
import itertools
import os
import threading
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


# Passes that go on. Their workers have to end while the interpreter can still let them run Python. No WeakSet: an
# interrupt that comes while Python runs its callback, at the end of each pass, would be lost.
_passes: set["weakref.ref[Any]"] = set()


def _remember(running: Any) -> None:
    for reference in [reference for reference in list(_passes) if reference() is None]:
        _passes.discard(reference)
    _passes.add(weakref.ref(running))


@atexit.register
def _close_passes() -> None:
    for reference in list(_passes):
        running = reference()
        if running is not None:
            running.close()


def _example(dataset: Any, index: Any) -> Any:
    try:
        return dataset[index]
    except StopIteration as error:
        raise RuntimeError(f"DataLoader: the dataset's example {index} raised StopIteration") from error


class _Single:
    """The collate function where there are no batches: of the only example."""

    def __init__(self, function: Callable[[Any], Any] | None) -> None:
        self._function = function

    def __call__(self, examples: list[Any]) -> Any:
        return examples[0] if self._function is None else self._function(examples[0])


class _Serial:
    """A generator from which several threads may take: each item goes to one of them."""

    def __init__(self, items: Iterator[Any]) -> None:
        self._items, self._lock, self._process = items, threading.Lock(), os.getpid()

    def __iter__(self) -> "_Serial":
        return self

    def __next__(self) -> Any:
        if os.getpid() != self._process:  # who held the lock may have stayed in the parent
            self._lock, self._process = threading.Lock(), os.getpid()
        with self._lock:
            return next(self._items)

    def close(self) -> None:
        self._items = iter(())


def _check(*conditions: tuple[Any, str]) -> None:
    for wrong, message in conditions:
        if wrong:
            raise ValueError(f"DataLoader: {message}")


class DataLoader:
    """Batches of a dataset, prepared ahead on other threads.

    The order depends on the seed alone, which comes from `generator` or the default one: it is the
    same for any number of workers. Workers are threads, not processes; Python code in a dataset runs
    in one at a time, C++ in all at once. They start when a pass over the loader begins and end with
    it, persistent_workers or not; each calls `worker_init_fn` with its number first. With workers,
    a sampler or batch_sampler is read to its end when a pass begins.

    Where no batch comes within `timeout` seconds (0: no limit), the pass is closed with a
    RuntimeError. Several threads may take from one pass: each batch goes to one of them. A pass with
    workers is over in a process that is forked meanwhile.

    An IterableDataset is read by the thread that takes its batches, whatever num_workers is.
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
        worker_init_fn: Callable[[int], Any] | None = None,
        *,
        prefetch_factor: int = 2,
        generator: Generator | None = None,
        persistent_workers: bool = False,
        seed: int | None = None,
    ) -> None:
        iterable = isinstance(dataset, IterableDataset) or not hasattr(dataset, "__getitem__")
        _check(
            (shuffle and sampler is not None, "give shuffle or a sampler, not both"),
            (
                batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last),
                "with a batch_sampler there is no batch_size, shuffle, sampler or drop_last",
            ),
            (
                iterable and (shuffle or sampler is not None or batch_sampler is not None),
                "an IterableDataset decides the order itself: no shuffle, sampler or batch_sampler",
            ),
            (batch_size is not None and batch_size < 1, f"batch_size must be at least 1 or None, not {batch_size}"),
            (batch_size is None and drop_last, "without batches there is no drop_last"),
            (
                not 0 <= num_workers <= _C.MAX_THREADS,
                f"num_workers must be from 0 to {_C.MAX_THREADS}, not {num_workers}",
            ),
            (not timeout >= 0, f"timeout must not be negative: {timeout}"),
            (timeout > 0 and (num_workers == 0 or iterable), "timeout needs workers: it limits the wait for them"),
            (persistent_workers and num_workers == 0, "persistent_workers needs workers"),
            (iterable and worker_init_fn is not None, "an IterableDataset has no workers for worker_init_fn"),
        )
        self.dataset, self.batch_size, self.sampler = dataset, batch_size, sampler
        self.batch_sampler, self.num_workers, self.drop_last = batch_sampler, num_workers, drop_last
        self.collate_fn = collate_fn or default_collate
        self.timeout, self.worker_init_fn = timeout, worker_init_fn
        self._loader: Any = None
        if iterable or (batch_sampler is not None and num_workers == 0):
            return
        inner = native(dataset) if collate_fn is None and batch_size is not None else None
        if seed is None:
            seed = int(_C.randint(0, 2**62, (), generator=generator).item()) if shuffle else 0
        self._loader = _C.data.Loader(
            inner,
            dataset.__getitem__,
            self.collate_fn if batch_size is not None else _Single(collate_fn),
            len(dataset) if sampler is None and batch_sampler is None else 0,
            1 if batch_size is None else batch_size,
            shuffle,
            drop_last,
            num_workers,
            prefetch_factor,
            seed,
            sampler,
            batch_sampler,
            worker_init_fn,
        )

    def __iter__(self) -> Iterator[Any]:
        if self._loader is None:
            return _Serial(self._iterate())
        running: Iterator[Any] = self._loader.begin(self.timeout or None)
        _remember(running)
        return running

    def _iterate(self) -> Iterator[Any]:
        if self.batch_sampler is not None:
            for indices in self.batch_sampler:
                yield self.collate_fn([_example(self.dataset, index) for index in indices])
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
