"""How one batch is made, on whichever thread."""

import copy
import itertools
from collections.abc import Callable, Iterator
from typing import Any

from neura import _C
from neura._C import Generator
from neura.utils.data.worker import WorkerInfo, WorkerScope

ENDED = object()  # in the place of a batch: the worker's stream is over
SKIPPED = object()  # it was taken before the loader's state was saved

_COLLATING = 2**40  # in the place of an example's number in its batch


def seeded(seed: int, function: Callable[..., Any], *arguments: Any) -> Any:
    """Calls a function whose default generator starts from a seed of its own."""
    return _C.data.with_generator(Generator().manual_seed(seed), function, *arguments)


def named(error: BaseException, text: str) -> BaseException:
    """The error, which keeps its type, with a note that a traceback ends with."""
    if not hasattr(error, "add_note"):  # before Python 3.11
        error.__notes__ = [*getattr(error, "__notes__", []), text]
    elif text not in getattr(error, "__notes__", []):
        error.add_note(text)
    return error


class Fetch:
    """What prepares the batches of one pass: a function of a worker's number, the batch's number, and what to fetch."""

    def __init__(self, loader: Any, infos: list[WorkerInfo], seed: int) -> None:
        self.dataset, self.collate_fn = loader.dataset, loader.collate_fn
        self.batched = loader.batch_sampler is not None or (loader.sampler is None and loader.batch_size is not None)
        self.batch_size, self.drop_last = loader.batch_size, loader.drop_last
        self.seed, self._infos = seed, infos

    def __call__(self, worker: int, number: int, item: Any) -> Any:
        # With workers the number is that of the submission, and the item brings the batch's own.
        if self._infos:
            number, item = item
        with WorkerScope(self._infos[worker] if self._infos else None):
            return self._fetch(worker, number, item)

    def _fetch(self, worker: int, number: int, item: Any) -> Any:
        raise NotImplementedError

    def _finish(self, number: int, examples: Any) -> Any:
        seed = _C.data.mix_seed(self.seed, number, _COLLATING)
        try:
            return seeded(seed, self.collate_fn, examples)
        except StopIteration as error:
            raise RuntimeError("DataLoader: collate_fn raised StopIteration") from error


class MapFetch(Fetch):
    """Of a dataset with indices, each example with random numbers of its own."""

    def _fetch(self, worker: int, number: int, item: Any) -> Any:
        if not self.batched:
            return self._finish(number, self._example(number, 0, item))
        if hasattr(self.dataset, "__getitems__") and self.dataset.__getitems__ is not None:
            seed = _C.data.mix_seed(self.seed, number, 0)
            return self._finish(number, seeded(seed, self.dataset.__getitems__, item))
        return self._finish(number, [self._example(number, place, index) for place, index in enumerate(item)])

    def _example(self, number: int, place: int, index: Any) -> Any:
        try:
            return seeded(_C.data.mix_seed(self.seed, number, place), self.dataset.__getitem__, index)
        except StopIteration as error:
            raise RuntimeError(f"DataLoader: the dataset's example {index} raised StopIteration") from error
        except Exception as error:
            raise named(error, f"DataLoader: this is from the dataset's example {index}")


class StreamFetch(Fetch):
    """Of an IterableDataset: each worker has a stream, and a generator for it."""

    def __init__(self, loader: Any, infos: list[WorkerInfo], seed: int, taken: Callable[[int], bool]) -> None:
        super().__init__(loader, infos, seed)
        self._taken = taken
        self._streams: dict[int, Iterator[Any] | None] = {}  # None: it is over
        self._generators: dict[int, Generator] = {}

    def _fetch(self, worker: int, number: int, item: Any) -> Any:
        if worker not in self._streams:
            self._generators[worker] = Generator().manual_seed(_C.data.mix_seed(self.seed, worker, _COLLATING + 1))
            dataset = self._infos[worker].dataset if self._infos else self.dataset
            self._streams[worker] = _C.data.with_generator(self._generators[worker], iter, dataset)
        stream = self._streams[worker]
        if stream is None:
            return ENDED
        wanted = self.batch_size if self.batched else 1
        examples = _C.data.with_generator(self._generators[worker], list, itertools.islice(stream, wanted))
        if len(examples) < wanted:
            self._streams[worker] = None
        if not examples or (len(examples) < wanted and self.drop_last):
            return ENDED
        if self._taken(number):
            return SKIPPED
        return self._finish(number, examples if self.batched else examples[0])


def worker_infos(loader: Any, count: int, seed: int, iterable: bool) -> list[WorkerInfo]:
    """What each worker is told. The threads share a dataset with indices, and get copies of one without, as shallow as
    a class makes them."""
    return [
        WorkerInfo(worker, count, seed + worker, copy.copy(loader.dataset) if iterable else loader.dataset)
        for worker in range(count)
    ]
