"""The loader: C++ threads that prepare batches of datasets of either language."""

import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from neura import _C
from neura._C import Generator
from neura.utils.data.collate import default_collate, default_convert
from neura.utils.data.dataset import IterableDataset, native
from neura.utils.data.iterables import require_restart
from neura.utils.data.passes import Pass, Position, Threads
from neura.utils.data.sampler import BatchSampler, RandomSampler, SequentialSampler

_FIXED = ("batch_size", "batch_sampler", "sampler", "drop_last", "dataset", "persistent_workers")
_MOST_AHEAD = 2**20


def _check(*conditions: tuple[Any, str]) -> None:
    for wrong, message in conditions:
        if wrong:
            raise ValueError(f"DataLoader: {message}")


def _pair(state: Iterable[int]) -> tuple[int, int]:
    """A generator's state, which a file may have made a list."""
    seed, offset = state
    return seed, offset


class _SeededOrder(RandomSampler):
    """The order of a loader of C++ with this seed."""

    seed = epoch = 0

    def __iter__(self) -> Iterator[Any]:
        return iter(_C.data.seeded_order(len(self.data_source), self.seed, self.epoch))


class DataLoader:
    """Batches of a dataset, prepared ahead on other threads.

    Batches and their order depend on the default generator, or `generator`, as it is when a pass begins, or on `seed`
    and the number of the pass: they are the same for any number of workers. Inside of a dataset and of collate_fn, the
    default generator of neura is one of the example's own. Workers are threads, not processes; Python code in a dataset
    runs in one at a time, C++ in all at once. They start when a pass begins and end with it unless persistent_workers is
    set, when there is one pass at a time; each calls `worker_init_fn` with its number first.

    Of an IterableDataset each worker reads a stream of a copy of its own, as PyTorch's do: get_worker_info() says which
    part of the examples a stream should give.

    Where no batch comes within `timeout` seconds (0: no limit), the pass is closed with a RuntimeError. With in_order
    False, batches come as they become ready. An error in an example keeps its type; a note says which example it was.
    Several threads may take from one pass: each batch goes to one of them. A pass with workers is over in a process
    that is forked meanwhile.

    state_dict() says where the pass that began last stands; a loader made in the same way that loads it goes on with
    the next batch.
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int | None = 1,
        shuffle: bool | None = None,
        sampler: Iterable[Any] | None = None,
        batch_sampler: Iterable[Any] | None = None,
        num_workers: int = 0,
        collate_fn: Callable[[Any], Any] | None = None,
        pin_memory: bool = False,
        drop_last: bool = False,
        timeout: float = 0,
        worker_init_fn: Callable[[int], Any] | None = None,
        multiprocessing_context: Any = None,
        generator: Generator | None = None,
        *,
        prefetch_factor: int | None = None,
        persistent_workers: bool = False,
        pin_memory_device: str = "",
        in_order: bool = True,
        seed: int | None = None,
    ) -> None:
        iterable = isinstance(dataset, IterableDataset) or not hasattr(dataset, "__getitem__")
        if iterable and not hasattr(dataset, "__iter__"):
            raise TypeError(f"DataLoader: a dataset has __getitem__ and __len__, or __iter__; {type(dataset).__name__} has neither")
        numbers = {"batch_size": batch_size, "num_workers": num_workers, "prefetch_factor": prefetch_factor}
        for name, number in numbers.items():
            if number is not None and not isinstance(number, int):
                raise TypeError(f"DataLoader: {name} must be int, not {type(number).__name__}")
        if not isinstance(timeout, (int, float)):
            raise TypeError(f"DataLoader: timeout must be a number of seconds, not {type(timeout).__name__}")
        _check(
            (shuffle and sampler is not None, "sampler option is mutually exclusive with shuffle"),
            (
                batch_sampler is not None and (batch_size != 1 or shuffle or sampler is not None or drop_last),
                "batch_sampler option is mutually exclusive with batch_size, shuffle, sampler, and drop_last",
            ),
            (
                iterable and (shuffle or sampler is not None or batch_sampler is not None),
                "an IterableDataset decides the order itself: no shuffle, sampler or batch_sampler",
            ),
            (
                batch_size is not None and (isinstance(batch_size, bool) or batch_size < 1),
                f"batch_size should be a positive integer value or None, but got batch_size={batch_size}",
            ),
            (batch_size is None and drop_last, "without batches (batch_size=None) there is no drop_last"),
            (
                not 0 <= num_workers <= _C.MAX_THREADS,
                f"num_workers must be from 0 to {_C.MAX_THREADS}, not {num_workers}",
            ),
            (
                num_workers == 0 and prefetch_factor is not None,
                "prefetch_factor needs workers: it says how far each of them is ahead",
            ),
            (prefetch_factor is not None and prefetch_factor < 1, f"prefetch_factor is {prefetch_factor}, not positive"),
            (not timeout >= 0, f"timeout must not be negative: {timeout}"),
            (timeout > 0 and num_workers == 0, "timeout needs workers: it limits the wait for them"),
            (persistent_workers and num_workers == 0, "persistent_workers needs workers"),
        )
        self.dataset, self.num_workers, self.drop_last = dataset, num_workers, drop_last
        self.prefetch_factor = 2 if prefetch_factor is None and num_workers > 0 else prefetch_factor
        self.pin_memory, self.pin_memory_device = pin_memory, pin_memory_device
        self.timeout, self.worker_init_fn, self.generator = timeout, worker_init_fn, generator
        self.persistent_workers, self.in_order = persistent_workers, in_order
        self.multiprocessing_context = multiprocessing_context
        self._iterable, self._seed, self._epoch = iterable, seed, 0
        self._own_order: _SeededOrder | None = None
        if sampler is None and not iterable and batch_sampler is None:
            if shuffle:
                self._own_order = _SeededOrder(dataset) if seed is not None else None
                sampler = self._own_order or RandomSampler(dataset, generator=generator)
            else:
                sampler = SequentialSampler(dataset)
        if batch_sampler is not None:
            batch_size = None
        elif batch_size is not None and not iterable:
            batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self.batch_size, self.sampler, self.batch_sampler = batch_size, sampler, batch_sampler
        batched = batch_sampler is not None or (iterable and batch_size is not None)
        self.collate_fn = collate_fn or (default_collate if batched else default_convert)
        if pin_memory:
            warnings.warn(
                "'pin_memory' argument is set as true but no accelerator is found, then device pinned memory won't be used.",
                stacklevel=2,
            )
        self._native = native(dataset) if collate_fn is None and batched and not iterable else None
        self._threads: Any = None
        self._position: Position | None = None
        self._start: dict[str, Any] = {}
        self._resume: dict[str, Any] | None = None
        self._ready = True

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIXED and self.__dict__.get("_ready"):
            raise ValueError(f"{name} attribute should not be set after {type(self).__name__} is initialized")
        super().__setattr__(name, value)

    @property
    def _index_sampler(self) -> Any:
        return self.sampler if self.batch_sampler is None else self.batch_sampler

    def _threads_for(self, seed: int) -> Any:
        if self._threads is not None and self._threads.usable:
            return self._threads
        count = self.num_workers
        if self.worker_init_fn is None and not self.persistent_workers and not self._iterable:
            try:
                count = max(1, min(count, len(self)))
            except TypeError:  # a sampler of no known length
                pass
        window = min(_MOST_AHEAD, count * (self.prefetch_factor or 1))
        threads = Threads(self, count, window, seed, self._iterable)
        if self.persistent_workers:
            self._threads = threads
        return threads

    def __iter__(self) -> Iterator[Any]:
        state, self._resume = self._resume, None
        if state is None or not state["in_pass"]:
            return self._begin(Position())
        # The numbers that were drawn then, without touching what is drawn next here.
        default = _C.default_generator.get_state()
        try:
            _C.default_generator.set_state(_pair(state["default_generator"]))
            return self._begin(Position(state["batches"], state["beyond"]))
        finally:
            _C.default_generator.set_state(default)

    def _begin(self, position: Position) -> Iterator[Any]:
        if self._position is not None and self._position.complete:
            inner = getattr(self.batch_sampler, "sampler", None)
            for name, given in (("dataset", self.dataset), ("sampler", self.sampler or inner), ("batch_sampler", self.batch_sampler)):
                require_restart(f"DataLoader: the {name}", given)
        self._start = self._random_states()
        if self._seed is not None:
            seed = int(_C.data.mix_seed(self._seed, self._epoch, 0))
            if self._own_order is not None:
                self._own_order.seed, self._own_order.epoch = self._seed, self._epoch
        else:
            seed = int(_C.randint(0, 2**62, (), generator=self.generator).item())
        self._epoch += 1
        self._position = position
        return Pass(self, seed, position)

    def __len__(self) -> int:
        if not self._iterable:
            return len(self._index_sampler)
        count = len(self.dataset)
        if self.batch_size is None:
            return count
        whole, rest = divmod(count, self.batch_size)
        return whole + (1 if rest and not self.drop_last else 0)

    # ---- where it stands -------------------------------------------------------------------------

    def _parts(self) -> Iterator[tuple[str, Any]]:
        """What an order may come from, under names."""
        yield "loader", self
        yield "sampler", self.sampler
        yield "batch_sampler", self.batch_sampler
        inner = getattr(self.batch_sampler, "sampler", None)
        if inner is not None and inner is not self.sampler:
            yield "batch_sampler.sampler", inner

    def _random_states(self) -> dict[str, Any]:
        state: dict[str, Any] = {
            "epoch": self._epoch,
            "default_generator": _C.default_generator.get_state(),
            "generators": {},
            "samplers": {},
        }
        for name, part in self._parts():
            generator = getattr(part, "generator", None)
            if isinstance(generator, Generator):
                state["generators"][name] = generator.get_state()
            if part is not self and hasattr(part, "state_dict"):
                state["samplers"][name] = part.state_dict()
        return state

    def state_dict(self) -> dict[str, Any]:
        """Where the pass that began last stands: the random states from which its order follows, and which batches were
        taken. Numbers, names and tuples alone."""
        if self._resume is not None:
            return dict(self._resume)
        position = self._position
        if position is None or position.complete:
            return {**self._random_states(), "in_pass": False, "batches": 0, "beyond": []}
        return {**self._start, "in_pass": True, "batches": position.batches, "beyond": sorted(position.beyond)}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """The next pass goes on where the one of the state stood. Of an IterableDataset, what was taken is read again,
        and num_workers has to be the same."""
        missing = {"epoch", "default_generator", "generators", "samplers", "in_pass", "batches", "beyond"} - set(state_dict)
        if missing:
            raise ValueError(f"DataLoader: the state_dict lacks {', '.join(sorted(missing))}")
        for name, part in self._parts():
            generator = getattr(part, "generator", None)
            if name in state_dict["generators"] and isinstance(generator, Generator):
                generator.set_state(_pair(state_dict["generators"][name]))
            if name in state_dict["samplers"] and hasattr(part, "load_state_dict") and part is not self:
                part.load_state_dict(state_dict["samplers"][name])
        self._epoch = state_dict["epoch"]
        self._position = None
        self._resume = dict(state_dict)

    def _leave_pass(self) -> None:
        """Nobody goes on with the pass that began last: state_dict() says how the next one begins."""
        self._position = self._resume = None

    def set_epoch(self, epoch: int) -> None:
        """The number of the pass that begins next, for an order that follows `seed`."""
        self._epoch = epoch
        self._resume = None
