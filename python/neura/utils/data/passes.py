"""One pass over a loader's batches."""

import atexit
import itertools
import os
import threading
import weakref
from collections.abc import Iterable, Iterator
from typing import Any

from neura import _C
from neura.utils.data.fetching import ENDED, SKIPPED, Fetch, MapFetch, StreamFetch, worker_infos
from neura.utils.data.worker import WorkerScope

# What has threads that go on. Workers have to end while the interpreter can still let them run Python. No WeakSet: an
# interrupt that comes while Python runs its callback, at the end of each pass, would be lost.
_running: set["weakref.ref[Any]"] = set()


def _remember(running: Any) -> None:
    for reference in [reference for reference in list(_running) if reference() is None]:
        _running.discard(reference)
    _running.add(weakref.ref(running))


@atexit.register
def _close_all() -> None:
    for reference in list(_running):
        running = reference()
        if running is not None:
            running.close()


class Position:
    """Which batches of a pass were taken: the first ones, and the numbers of those beyond them."""

    def __init__(self, batches: int = 0, beyond: Iterable[int] = ()) -> None:
        self.batches, self.beyond, self.complete = batches, set(beyond), False

    def taken(self, number: int) -> bool:
        return number < self.batches or number in self.beyond

    def take(self, number: int) -> None:
        self.beyond.add(number)
        while self.batches in self.beyond:
            self.beyond.remove(self.batches)
            self.batches += 1


def _left(items: Iterable[tuple[int, Any]], taken: Position) -> Iterator[tuple[int, Any]]:
    """The numbered items without those that were taken."""
    return (item for item in items if not taken.taken(item[0]))


class Threads:
    """The workers of a loader, and what each of them is told."""

    def __init__(self, loader: Any, count: int, window: int, seed: int, iterable: bool) -> None:
        self.count, self.window = count, window
        self.infos = infos = worker_infos(loader, loader.num_workers, seed, iterable)
        init = loader.worker_init_fn

        def start(worker: int) -> None:
            with WorkerScope(infos[worker]):
                try:
                    init(worker)
                except StopIteration as error:
                    raise RuntimeError("DataLoader: worker_init_fn raised StopIteration") from error

        self.native = _C.data.Workers(
            count, window, None if init is None else start, pinned=iterable, kept=loader.persistent_workers
        )
        self._process = os.getpid()
        _remember(self)

    @property
    def usable(self) -> bool:
        return os.getpid() == self._process and bool(self.native.usable)

    def close(self) -> None:
        if os.getpid() == self._process:
            self.native.close()


class Pass:
    """An iterator over the batches, from which several threads may take: each batch goes to one of them."""

    def __init__(self, loader: Any, seed: int, position: Position) -> None:
        self._loader, self._position = loader, position
        self._lock, self._process = threading.Lock(), os.getpid()
        self._closed = self._over = False
        self._waiting = 0  # for batches that were claimed
        self._numbers: dict[int, int] = {}  # of batches, by their submissions
        self._submitted = self._claimed = 0
        self._tasks: Any = None
        self._threads: Any = None
        self._ended: set[int] = set()  # streams that are over
        self._taken = Position(position.batches, position.beyond)  # as it is now
        iterable = loader._iterable
        items: Iterator[tuple[int, Any]] = enumerate(itertools.repeat(None) if iterable else iter(loader._index_sampler))
        if loader._native is not None:
            repeats = _C.data.Repeats(loader._native)
            items = ((number, repeats.read(indices)) for number, indices in items)
        # No method of the pass: it would keep the pass until a garbage collection.
        self._items: Iterator[tuple[int, Any]] = items if iterable else _left(items, self._taken)
        self._ahead: tuple[int, Any] | None = next(self._items, None)
        if loader.num_workers > 0:
            self._threads = loader._threads_for(seed)
        infos = self._threads.infos if self._threads is not None else []
        self._fetch: Fetch = (
            StreamFetch(loader, infos, seed, self._taken.taken) if iterable else MapFetch(loader, infos, seed)
        )
        self._seed, self._native = seed, loader._native
        if self._threads is not None:
            self._tasks = _C.data.Pass(self._threads.native, self._fetch, self._native, seed)
            with self._lock:
                self._feed()
            _remember(self)
        elif self._ahead is None:
            self._finish()

    def _next_item(self) -> tuple[int, Any] | None:
        item, self._ahead = self._ahead, None
        if item is not None:
            self._ahead = next(self._items, None)
        return item

    def _feed(self) -> None:
        while self._submitted < self._claimed + self._threads.window:
            item = self._next_item()
            if item is None:
                break
            self._tasks.submit(item if self._native is None else item[1])
            self._numbers[self._submitted] = item[0]
            self._submitted += 1
        if self._claimed == self._submitted and not self._numbers:
            self._finish()

    def _finish(self) -> None:
        self._position.complete = True

    def _check_process(self) -> None:
        if os.getpid() != self._process:  # who held the lock may have stayed in the parent
            self._lock, self._process = threading.Lock(), os.getpid()

    def __iter__(self) -> "Pass":
        return self

    def __next__(self) -> Any:
        self._check_process()
        while True:
            number, batch = self._take() if self._threads is not None else self._make()
            if batch is SKIPPED:
                continue
            if batch is ENDED:
                with self._lock:
                    self._ended.add(number % self._threads.count if self._threads is not None else 0)
                    if len(self._ended) < (1 if self._threads is None else self._threads.count):
                        continue
                    self._finish()
                    self._over = True
                self._close_when_idle()
                raise StopIteration
            with self._lock:
                self._position.take(number)
                if not self._loader._iterable and self._ahead is None and not self._numbers:
                    self._finish()
            return batch

    def _make(self) -> tuple[int, Any]:
        with self._lock:
            item = None if self._closed else self._next_item()
            if item is None:
                raise StopIteration
            if self._loader._iterable:
                return item[0], self._fetch(0, *item)
        if self._native is not None:
            return item[0], self._native.get_batch(item[1], self._seed)
        return item[0], self._fetch(0, *item)

    def _take(self) -> tuple[int, Any]:
        with self._lock:
            if not self._closed and not self._over:
                self._feed()
            claimed = None
            if not self._closed and not self._over and self._claimed < self._submitted:
                claimed = self._claimed
                self._claimed += 1
                self._waiting += 1
        if claimed is None:
            self._close_when_idle()
            raise StopIteration
        taken, in_order = None, self._loader.in_order
        try:
            taken = self._tasks.take(claimed if in_order else -1, self._loader.timeout or None)
        finally:
            with self._lock:
                self._waiting -= 1
                if taken is not None:
                    number = self._numbers.pop(taken[0])
                elif in_order:
                    self._numbers.pop(claimed)
        if taken is None:
            raise StopIteration
        self._close_when_idle()
        return number, taken[1]

    def _close_when_idle(self) -> None:
        """Lets the workers end once nothing is left, and nobody waits for what he has claimed."""
        with self._lock:
            left = self._ahead is not None or self._claimed < self._submitted
            idle = self._waiting == 0 and (self._over or not left)
        if idle:
            self.close()

    def close(self) -> None:
        """Ends the workers, which may be in the middle of a batch, but does not wait for them for ever."""
        self._closed = True
        if self._tasks is not None:
            self._tasks.close()
