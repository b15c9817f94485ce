"""Datasets, loaders and samplers: the same batches for any number of workers, errors, early ends."""

import collections
import gc
import itertools
import os
import pickle
import subprocess
import sys
import threading
import time

import neura as nr
import numpy as np
import pytest
import torch
from neura.utils.data import (
    BatchSampler,
    CachedDataset,
    ChainDataset,
    ConcatDataset,
    DataLoader,
    Dataset,
    DistributedSampler,
    FashionMNIST,
    IterableDataset,
    MapDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    StackDataset,
    StratifiedSampler,
    Subset,
    SubsetRandomSampler,
    TensorDataset,
    WeightedRandomSampler,
    default_collate,
    default_convert,
    get_worker_info,
    random_split,
    transforms,
)

WORKERS = [0, 1, 2, 3]


class Squares(Dataset):
    def __init__(self, size=23):
        self.size = size

    def __len__(self):
        return self.size

    def __getitem__(self, index):
        if not 0 <= index < self.size:
            raise IndexError(index)
        return nr.tensor([float(index), float(index) ** 2]), index


def indices(loader):
    return [batch[1].tolist() for batch in loader]


@pytest.mark.parametrize("dataset", [Squares(), TensorDataset(nr.arange(46.0).reshape(23, 2), nr.arange(23))], ids=["python", "tensors"])
def test_order_does_not_depend_on_workers(dataset):
    def batches(workers, **kwargs):
        loader = DataLoader(dataset, num_workers=workers, **kwargs)
        return [indices(loader) for _ in range(2)]

    for kwargs in ({"batch_size": 4}, {"batch_size": 5, "shuffle": True, "seed": 3}, {"batch_size": 4, "drop_last": True}):
        first = batches(0, **kwargs)
        for workers in WORKERS[1:]:
            assert batches(workers, **kwargs) == first
    plain = batches(0, batch_size=4)[0]
    assert plain == [list(range(i, min(i + 4, 23))) for i in range(0, 23, 4)]
    shuffled = batches(0, batch_size=4, shuffle=True, seed=1)
    assert shuffled[0] != shuffled[1] and sorted(sum(shuffled[0], [])) == list(range(23))


def test_shuffling_follows_the_seed():
    def order(**kwargs):
        return indices(DataLoader(Squares(), 4, shuffle=True, **kwargs))

    nr.manual_seed(5)
    first = order()
    nr.manual_seed(5)
    assert order() == first
    nr.manual_seed(6)
    assert order() != first
    assert order(generator=nr.Generator().manual_seed(1)) == order(generator=nr.Generator().manual_seed(1))


@pytest.mark.parametrize("workers", WORKERS)
def test_length_and_shapes(workers):
    loader = DataLoader(Squares(), batch_size=5, num_workers=workers)
    assert len(loader) == 5
    shapes = [x.shape for x, _ in loader]
    assert shapes == [(5, 2)] * 4 + [(3, 2)]
    assert len(DataLoader(Squares(), batch_size=5, drop_last=True)) == 4
    assert len(list(DataLoader(Squares(0), batch_size=5, num_workers=workers))) == 0
    assert [x.shape for x, _ in DataLoader(Squares(3), num_workers=workers)] == [(1, 2)] * 3


def test_collating_is_that_of_pytorch():
    examples = [
        [(np.ones(2, np.float32), 1, 2.5, "a", {"k": np.int64(i), "l": [i, 1.0]}) for i in range(3)],
        [[1, 2], [3, 4], [5, 6]],
        [np.zeros((2, 2)), np.ones((2, 2))],
        [1.5, 2.5],
        [True, False],
        ["a", "b"],
    ]

    def plain(value):
        if isinstance(value, (nr.Tensor, torch.Tensor)):
            return str(value.dtype).split(".")[1], value.tolist()
        if isinstance(value, dict):
            return {k: plain(v) for k, v in value.items()}
        if isinstance(value, (list, tuple)):
            return [plain(v) for v in value]
        return value

    for batch in examples:
        (ours,) = DataLoader(batch, batch_size=len(batch))
        (theirs,) = torch.utils.data.DataLoader(batch, batch_size=len(batch))
        assert plain(ours) == plain(theirs)


@pytest.mark.parametrize("workers", WORKERS)
def test_collate_fn(workers):
    threads = set()

    def collate(examples):
        threads.add(threading.get_ident())
        return [index for _, index in examples], "made here"

    loader = DataLoader(Squares(10), 4, num_workers=workers, collate_fn=collate)
    assert list(loader) == [([0, 1, 2, 3], "made here"), ([4, 5, 6, 7], "made here"), ([8, 9], "made here")]
    assert (threading.get_ident() in threads) == (workers == 0)


@pytest.mark.parametrize("workers", WORKERS)
def test_exceptions_come_out(workers):
    class Failing(Squares):
        def __getitem__(self, index):
            if index == 9:
                raise LookupError("example 9 is bad")
            return super().__getitem__(index)

    seen = []
    with pytest.raises(LookupError, match="example 9 is bad"):
        for _, index in DataLoader(Failing(), 4, num_workers=workers):
            seen.append(index.tolist())
    assert seen == [[0, 1, 2, 3], [4, 5, 6, 7]]

    def fail(examples):
        raise ZeroDivisionError("in collate_fn")

    with pytest.raises(ZeroDivisionError, match="in collate_fn"):
        list(DataLoader(Squares(), 4, num_workers=workers, collate_fn=fail))
    with pytest.raises(TypeError, match="batch must contain"):
        list(DataLoader([object()], num_workers=workers))


@pytest.mark.parametrize("workers", WORKERS)
def test_leaving_early(workers):
    loader = DataLoader(Squares(1000), 2, num_workers=workers)
    for _ in range(20):
        for x, _ in loader:
            break
    a, b = iter(loader), iter(loader)
    assert next(a)[1].tolist() == next(b)[1].tolist() == [0, 1]
    assert next(a)[1].tolist() == [2, 3]
    del a, b
    gc.collect()
    iterator = iter(DataLoader(Squares(3), 2, num_workers=workers))
    assert len(list(iterator)) == 2
    with pytest.raises(StopIteration):
        next(iterator)


@pytest.mark.parametrize("workers", WORKERS)
def test_samplers(workers):
    class Backwards(Sampler):
        def __init__(self, source):
            self.source = source

        def __iter__(self):
            return iter(range(len(self.source) - 1, -1, -1))

        def __len__(self):
            return len(self.source)

    data = Squares(5)
    assert indices(DataLoader(data, 2, sampler=Backwards(data), num_workers=workers)) == [[4, 3], [2, 1], [0]]
    assert indices(DataLoader(data, 2, sampler=[3, 3, 0], num_workers=workers)) == [[3, 3], [0]]
    batches = BatchSampler(SequentialSampler(data), 2, drop_last=True)
    loader = DataLoader(data, batch_sampler=batches, num_workers=workers)
    assert indices(loader) == [[0, 1], [2, 3]] and len(loader) == len(batches) == 2
    drawn = list(RandomSampler(data, generator=nr.Generator().manual_seed(1)))
    assert sorted(drawn) == [0, 1, 2, 3, 4]
    with pytest.raises(ValueError, match="sampler"):
        DataLoader(data, shuffle=True, sampler=Backwards(data))
    with pytest.raises(IndexError):
        list(DataLoader(data, sampler=[99], num_workers=workers))


def test_subsets_and_splits():
    data = Squares(10)
    subset = Subset(data, [3, 1, 4])
    assert len(subset) == 3 and subset[1][1] == 1
    a, b = random_split(data, [7, 3], generator=nr.Generator().manual_seed(0))
    assert sorted(a.indices + b.indices) == list(range(10)) and len(a) == 7
    again, _ = random_split(data, [7, 3], generator=nr.Generator().manual_seed(0))
    assert again.indices == a.indices
    assert [len(p) for p in random_split(data, [0.5, 0.25, 0.25])] == [6, 2, 2]
    with pytest.raises((ValueError, RuntimeError)):
        random_split(data, [7, 2])
    joined = ConcatDataset([Squares(2), Squares(3)])
    assert len(joined) == 5 and joined[3][1] == 1 and joined[-1][1] == 2
    assert len(Squares(2) + Squares(3)) == 5
    with pytest.raises(IndexError):
        joined[5]
    tensors = TensorDataset(nr.arange(6.0).reshape(3, 2), nr.arange(3))
    assert tensors[2][0].tolist() == [4.0, 5.0] and len(tensors) == 3
    parts = DataLoader(Subset(tensors, [2, 0]), batch_size=2, num_workers=2)
    assert [y.tolist() for _, y in parts] == [[2, 0]]
    with pytest.raises((ValueError, RuntimeError, AssertionError)):
        TensorDataset(nr.ones(3), nr.ones(2))


def test_iterable_datasets():
    class Stream(IterableDataset):
        def __iter__(self):
            return iter(range(5))

    assert [b.tolist() for b in DataLoader(Stream(), batch_size=2)] == [[0, 1], [2, 3], [4]]
    assert [b.tolist() for b in DataLoader(Stream(), batch_size=2, drop_last=True)] == [[0, 1], [2, 3]]
    assert list(DataLoader(Stream(), batch_size=None)) == list(range(5))


def test_datasets_that_compute_gradients_and_batches_across_threads():
    layer = nr.nn.Linear(2, 2)

    class Computed(Squares):
        def __getitem__(self, index):
            with nr.no_grad():
                return layer(nr.full((2,), float(index)))

    results = [b.tolist() for b in DataLoader(Computed(), 6, num_workers=3)]
    assert results == [b.tolist() for b in DataLoader(Computed(), 6)]
    assert nr.is_grad_enabled()


def test_loaders_free_their_data():
    import weakref

    data = Squares()
    gone = weakref.ref(data)
    loader = DataLoader(data, 4, num_workers=2)
    iterator = iter(loader)
    next(iterator)
    del data, loader, iterator
    gc.collect()
    assert gone() is None


def test_fashion_mnist():
    data = FashionMNIST(train=False, transform=[transforms.ToFloat(), transforms.Normalize([0.5], [0.5])])
    assert len(data) == 10000 and len(data.classes) == 10
    image, label = data[0]
    assert image.shape == (1, 28, 28) and image.dtype is nr.float32 and data.classes[int(label)] == "Ankle boot"
    assert image.min().item() == -1.0
    images, labels = next(iter(DataLoader(data, 32, num_workers=2)))
    assert images.shape == (32, 1, 28, 28) and labels.shape == (32,) and labels.dtype is nr.int64
    assert images[0].tolist() == image.tolist()
    with pytest.raises((FileNotFoundError, RuntimeError, OSError)):
        FashionMNIST(root="/nowhere")


# ---- options and faults ----------------------------------------------------------------------


def batches_by_two(data):
    return BatchSampler(SequentialSampler(data), 2, drop_last=False)


class Stream(IterableDataset):
    def __iter__(self):
        return iter(range(5))


@pytest.mark.parametrize(
    "arguments",
    [
        {"timeout": -1},
        {"timeout": float("nan")},
        {"timeout": 1},  # nobody to wait for
        {"persistent_workers": True},
        {"num_workers": -1},
        {"num_workers": 10**6},
        {"num_workers": -1, "batch_sampler": [[0]]},
        {"num_workers": -1, "batch_size": None},
        {"num_workers": -1, "dataset": Stream()},
        {"batch_size": 0},
        {"batch_size": None, "drop_last": True},
        {"batch_sampler": [[0]], "batch_size": 2},
        {"batch_sampler": [[0]], "shuffle": True},
        {"batch_sampler": [[0]], "sampler": [0]},
        {"batch_sampler": [[0]], "drop_last": True},
        {"dataset": Stream(), "shuffle": True},
        {"dataset": Stream(), "sampler": [0]},
        {"dataset": Stream(), "batch_sampler": [[0]]},
        {"dataset": Stream(), "batch_size": 0},
        {"prefetch_factor": 2},
        {"prefetch_factor": 0, "num_workers": 1},
    ],
    ids=str,
)
def test_options_that_make_no_sense(arguments):
    with pytest.raises(ValueError, match="DataLoader"):
        DataLoader(**{"dataset": Squares(4), **arguments})


@pytest.mark.parametrize("workers", WORKERS)
def test_examples_without_batches(workers):
    class Endless(Squares):
        def __getitem__(self, index):
            return index * 10

    def items(**arguments):
        loader = DataLoader(Endless(4), batch_size=None, num_workers=workers, **arguments)
        assert len(loader) == len(list(loader))
        return list(loader)

    assert items() == [0, 10, 20, 30]
    assert items(sampler=[2, 0]) == [20, 0]
    assert items(collate_fn=str) == ["0", "10", "20", "30"]
    shuffled = items(shuffle=True, seed=4)
    assert sorted(shuffled) == [0, 10, 20, 30]
    first = list(DataLoader(TensorDataset(nr.arange(3), nr.arange(3)), batch_size=None, num_workers=workers))
    assert [(a.item(), b.item()) for a, b in first] == [(0, 0), (1, 1), (2, 2)]


@pytest.mark.parametrize("workers", WORKERS)
def test_batch_samplers_prepare_with_workers(workers):
    data, threads = Squares(5), set()

    class Watched(Squares):
        def __getitem__(self, index):
            threads.add(threading.get_ident())
            return super().__getitem__(index)

    loader = DataLoader(Watched(5), batch_sampler=batches_by_two(data), num_workers=workers)
    assert indices(loader) == indices(loader) == [[0, 1], [2, 3], [4]]
    assert (threading.get_ident() in threads) == (workers == 0)
    with pytest.raises(IndexError):
        list(DataLoader(data, batch_sampler=[[0], [7]], num_workers=workers))


def test_batches_that_do_not_come_in_time():
    released = threading.Event()

    class Slow(Squares):
        def __getitem__(self, index):
            if index == 4:
                released.wait()
            return super().__getitem__(index)

    batches = iter(DataLoader(Slow(6), 2, num_workers=1, timeout=0.5))
    seen = []
    with pytest.raises(RuntimeError, match="timeout of 0.5 seconds"):
        for _, index in batches:
            seen.append(index.tolist())
    assert seen == [[0, 1], [2, 3]] and list(batches) == []
    released.set()
    assert len(list(DataLoader(Slow(6), 2, num_workers=2, timeout=100))) == 3


def test_workers_begin_with_worker_init_fn():
    started = []

    def start(worker):
        started.append((worker, threading.get_ident()))

    class Waiting(Squares):
        def __getitem__(self, index):
            # Else two could do all the work before the third began.
            deadline = time.monotonic() + 60
            while len(started) < 3 and time.monotonic() < deadline:
                time.sleep(0.001)
            return super().__getitem__(index)

    loader = DataLoader(Waiting(40), 2, num_workers=3, worker_init_fn=start, persistent_workers=True)
    assert len(list(loader)) == 20
    assert sorted(worker for worker, _ in started) == [0, 1, 2]
    assert len({thread for _, thread in started} | {threading.get_ident()}) == 4
    assert len(list(DataLoader(Squares(4), worker_init_fn=start))) == 4 and len(started) == 3

    def fail(worker):
        raise LookupError(f"worker {worker} is ill")

    with pytest.raises(LookupError, match="worker . is ill"):
        list(DataLoader(Squares(40), num_workers=2, worker_init_fn=fail))


@pytest.mark.parametrize("workers", WORKERS)
def test_stop_iteration_does_not_end_a_pass(workers):
    class Ending(Squares):
        def __getitem__(self, index):
            if index == 3:
                raise StopIteration
            return super().__getitem__(index)

    for arguments in ({"batch_size": 2}, {"batch_size": None}, {"batch_sampler": [[1], [2, 3]]}):
        with pytest.raises(RuntimeError, match="example 3 raised StopIteration") as caught:
            list(DataLoader(Ending(6), num_workers=workers, **arguments))
        assert isinstance(caught.value.__cause__, StopIteration)

    def stop(examples):
        raise StopIteration

    with pytest.raises(RuntimeError, match="StopIteration"):
        list(DataLoader(Squares(4), num_workers=workers, collate_fn=stop))


# ---- what PyTorch's users know ---------------------------------------------------------------


def test_attributes_are_those_of_pytorch():
    data = Squares(10)
    loader = DataLoader(data, 3, True, num_workers=2)
    assert loader.batch_size == 3 and loader.dataset is data and not loader.drop_last
    assert isinstance(loader.sampler, RandomSampler) and isinstance(loader.batch_sampler, BatchSampler)
    assert loader.prefetch_factor == 2 and DataLoader(data).prefetch_factor is None
    assert loader.collate_fn is default_collate and DataLoader(data, batch_size=None).collate_fn is default_convert
    assert DataLoader(data, batch_sampler=[[0]]).batch_size is None
    with pytest.raises(ValueError, match="batch_size attribute should not be set"):
        loader.batch_size = 4
    loader.num_workers = 0
    assert len(list(loader)) == 4
    with pytest.warns(UserWarning, match="no accelerator"):
        DataLoader(data, pin_memory=True)


def test_shuffling_draws_when_a_pass_begins():
    loader = DataLoader(Squares(), 4, shuffle=True)
    nr.manual_seed(1)
    first, second = indices(loader), indices(loader)
    nr.manual_seed(1)
    assert indices(loader) == first != second
    generator = nr.Generator().manual_seed(3)
    loader = DataLoader(Squares(), 4, shuffle=True, generator=generator)
    first = indices(loader)
    generator.manual_seed(3)
    assert indices(loader) == first


class Noisy(Squares):
    """Examples that are random numbers, which collate_fn adds to."""

    def __getitem__(self, index):
        return nr.rand(2), transforms.RandomCrop(2)(nr.arange(16.0).reshape(1, 4, 4))


def noisy_collate(examples):
    return default_collate(examples) + [nr.rand(1)]


def plain(value):
    if isinstance(value, nr.Tensor):
        return value.tolist()
    return [plain(part) for part in value] if isinstance(value, (list, tuple)) else value


@pytest.mark.parametrize("in_order", [True, False])
def test_random_examples_do_not_depend_on_workers(in_order):
    def batches(workers):
        nr.manual_seed(7)
        loader = DataLoader(Noisy(17), 3, num_workers=workers, collate_fn=noisy_collate, in_order=in_order)
        epochs = [plain(list(loader)) for _ in range(2)]
        return [epoch if in_order else sorted(epoch) for epoch in epochs], nr.rand(1).item()

    first = batches(0)
    assert first[0][0] != first[0][1]
    for workers in (1, 2, 4):
        assert batches(workers) == first


@pytest.mark.parametrize("workers", WORKERS)
def test_errors_name_the_example(workers):
    class Failing(Squares):
        def __getitem__(self, index):
            if index == 5:
                raise KeyError("gone")
            return super().__getitem__(index)

    with pytest.raises(KeyError) as caught:
        list(DataLoader(Failing(8), 4, num_workers=workers))
    assert caught.value.args == ("gone",)
    assert caught.value.__notes__ == ["DataLoader: this is from the dataset's example 5"]


def loader_kinds():
    data, labels = Noisy(23), [0, 1] * 11 + [0]
    yield "plain", lambda **o: DataLoader(data, 4, **o)
    yield "shuffled", lambda **o: DataLoader(data, 4, shuffle=True, **o)
    yield "seeded", lambda **o: DataLoader(data, 4, shuffle=True, seed=5, **o)
    yield "generator", lambda **o: DataLoader(data, 4, shuffle=True, generator=nr.Generator().manual_seed(2), **o)
    yield "replacement", lambda **o: DataLoader(data, 4, sampler=RandomSampler(data, True, 50), **o)
    yield "weighted", lambda **o: DataLoader(data, 4, sampler=WeightedRandomSampler(range(1, 24), 30, generator=nr.Generator()), **o)
    yield "stratified", lambda **o: DataLoader(data, 4, sampler=StratifiedSampler(labels), **o)
    yield "distributed", lambda **o: DataLoader(data, 2, sampler=DistributedSampler(data, 2, 1), **o)
    yield "batch_sampler", lambda **o: DataLoader(data, batch_sampler=BatchSampler(RandomSampler(data), 5, True), **o)
    yield "no batches", lambda **o: DataLoader(data, batch_size=None, shuffle=True, **o)
    yield "tensors", lambda **o: DataLoader(TensorDataset(nr.arange(23)), 4, shuffle=True, **o)
    yield "stream", lambda **o: DataLoader(Shared(23), 4, **o)


class Shared(IterableDataset):
    """The numbers below `size` with random ones beside them, shared among the workers."""

    def __init__(self, size):
        self.size = size

    def __iter__(self):
        info = get_worker_info()
        part, parts = (0, 1) if info is None else (info.id, info.num_workers)
        for i in range(part, self.size, parts):
            yield i, nr.rand(1)


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("name, make", loader_kinds(), ids=lambda value: value if isinstance(value, str) else "")
def test_a_saved_state_goes_on_with_the_next_batch(name, make, workers):
    nr.manual_seed(11)
    whole = make(num_workers=workers)
    epochs = [plain(list(whole)) for _ in range(3)]
    for stop in (0, 1, 3, len(epochs[1]) - 1, len(epochs[1])):
        nr.manual_seed(11)
        begun = make(num_workers=workers)
        list(begun)
        batches = iter(begun)
        seen = plain(list(itertools.islice(batches, stop)))
        state = pickle.loads(pickle.dumps(begun.state_dict()))
        random_state = nr.get_rng_state()
        assert seen == epochs[1][:stop]
        if name == "stream" and stop == len(epochs[1]):
            continue  # its end is not known before it is reached
        nr.manual_seed(99)
        resumed = make(num_workers=workers)
        nr.set_rng_state(random_state)
        resumed.load_state_dict(state)
        assert resumed.state_dict() == state
        if stop < len(epochs[1]):
            assert plain(list(resumed)) == epochs[1][stop:]
        assert plain(list(resumed)) == epochs[2]


def test_states_of_batches_in_any_order():
    for workers in (1, 2, 4):
        nr.manual_seed(3)
        loader = DataLoader(Squares(40), 1, shuffle=True, num_workers=workers, in_order=False)
        batches = iter(loader)
        seen = [next(batches)[1].item() for _ in range(13)]
        state = loader.state_dict()
        batches.close()
        other = DataLoader(Squares(40), 1, shuffle=True, num_workers=workers, in_order=False)
        other.load_state_dict(state)
        seen += [index.item() for _, index in other]
        assert sorted(seen) == list(range(40))
    with pytest.raises(ValueError, match="lacks"):
        loader.load_state_dict({})


def test_streams_are_read_by_workers():
    class Watched(IterableDataset):
        def __init__(self):
            self.start = 0

        def __iter__(self):
            assert get_worker_info().dataset is self
            return iter(range(self.start, self.start + 3))

    def begin(worker):
        info = get_worker_info()
        assert info.id == worker and info.num_workers == 2
        info.dataset.start = 10 * worker

    data = Watched()
    loader = DataLoader(data, 2, num_workers=2, worker_init_fn=begin)
    for _ in range(2):
        assert [b.tolist() for b in loader] == [[0, 1], [10, 11], [2], [12]]
    assert data.start == 0 and get_worker_info() is None
    assert [b.tolist() for b in DataLoader(data, 2, drop_last=True, num_workers=2, worker_init_fn=begin)] == [[0, 1], [10, 11]]

    class Failing(IterableDataset):
        def __iter__(self):
            yield 1
            raise LookupError("no more")

    for workers in (0, 1):
        batches = iter(DataLoader(Failing(), num_workers=workers))
        assert next(batches).tolist() == [1]
        with pytest.raises(LookupError, match="no more"):
            next(batches)


def test_streams_without_end_and_samplers_without_length():
    class Endless(Sampler):
        def __iter__(self):
            return itertools.cycle([3, 1])

    for workers in (0, 2):
        batches = iter(DataLoader(Squares(5), 3, sampler=Endless(), num_workers=workers))
        assert [next(batches)[1].tolist() for _ in range(3)] == [[3, 1, 3], [1, 3, 1], [3, 1, 3]]
        batches.close()
    names = {"a": 1.0, "b": 2.0}
    for workers in (0, 2):
        assert [b.tolist() for b in DataLoader(names, 2, sampler=["b", "a", "b"], num_workers=workers)] == [[2.0, 1.0], [2.0]]


def test_persistent_workers_begin_once():
    started, threads = [], set()

    class Watched(Squares):
        def __getitem__(self, index):
            threads.add(threading.get_ident())
            return super().__getitem__(index)

    loader = DataLoader(Watched(), 4, num_workers=2, worker_init_fn=started.append, persistent_workers=True)
    first = indices(loader)
    for _ in range(5):
        assert indices(loader) == first
        next(iter(loader))
    # One that was never needed may not have begun.
    assert sorted(started) in ([0], [1], [0, 1]) and len(threads) <= 2
    before = threading.active_count()
    del loader
    gc.collect()
    assert threading.active_count() <= before


def test_no_threads_are_left():
    def count():
        return len(os.listdir("/proc/self/task"))

    for _ in DataLoader(Squares(100), num_workers=3):
        break
    gc.collect()
    before = count()
    for _ in range(5):
        for _ in DataLoader(Squares(100), num_workers=3):
            break
        list(DataLoader(Squares(9), num_workers=3))
        with pytest.raises(IndexError):
            list(DataLoader(Squares(9), sampler=[99], num_workers=3))
    gc.collect()
    assert count() <= before


def test_getitems_are_used():
    class Batched(Squares):
        def __getitems__(self, indices):
            return [(nr.zeros(1), index) for index in indices]

    assert [b[0].sum().item() for b in DataLoader(Batched(4), 2)] == [0.0, 0.0]


def test_samplers_of_pytorch():
    generator = nr.Generator().manual_seed(1)
    data = range(10)
    assert sorted(RandomSampler(data, generator=generator)) == list(data)
    many = list(RandomSampler(data, num_samples=25, generator=generator))
    assert len(many) == 25 and sorted(many[:10]) == sorted(many[10:20]) == list(data)
    drawn = list(RandomSampler(data, replacement=True, num_samples=100, generator=generator))
    assert len(drawn) == 100 and set(drawn) <= set(data)
    assert sorted(SubsetRandomSampler([7, 3, 5], generator)) == [3, 5, 7]
    weighted = list(WeightedRandomSampler([1, 0, 3], 4000, generator=generator))
    assert 1 not in weighted and 2800 < weighted.count(2) < 3200
    assert sorted(WeightedRandomSampler([1, 2, 3], 3, replacement=False)) == [0, 1, 2]
    labels = [0] * 20 + [1] * 60
    order = list(StratifiedSampler(labels, generator))
    assert sorted(order) == list(range(80))
    assert all(3 <= sum(labels[i] == 0 for i in order[k : k + 16]) <= 5 for k in range(0, 80, 16))
    for make in (
        lambda: RandomSampler(data, num_samples=0),
        lambda: WeightedRandomSampler([1.0], 0),
        lambda: BatchSampler(data, 0, False),
        lambda: BatchSampler(data, 2, 1),
        lambda: DistributedSampler(data, 2, 2),
    ):
        with pytest.raises(ValueError):
            make()
    with pytest.raises(TypeError):
        RandomSampler(data, replacement=1)


@pytest.mark.parametrize("size", [1, 7, 10])
@pytest.mark.parametrize("drop_last", [False, True])
def test_distributed_samplers(size, drop_last):
    for shuffle in (False, True):
        parts = [DistributedSampler(range(size), 3, rank, shuffle, drop_last=drop_last) for rank in range(3)]
        theirs = [torch.utils.data.DistributedSampler(range(size), 3, rank, False, drop_last=drop_last) for rank in range(3)]
        assert [len(part) for part in parts] == [len(list(part)) for part in parts] == [len(part) for part in theirs]
        if not shuffle:
            assert [list(part) for part in parts] == [list(part) for part in theirs]
        elif not drop_last:
            assert set(itertools.chain(*parts)) == set(range(size))
    if size == 10:
        before = list(parts[0])
        parts[0].set_epoch(1)
        assert list(parts[0]) != before or list(parts[1]) != before


def test_datasets_of_datasets():
    stacked = StackDataset(Squares(3), [10, 20, 30])
    assert len(stacked) == 3 and stacked[1][1] == 20
    assert StackDataset(x=[1, 2], y=[3, 4])[1] == {"x": 2, "y": 4}
    mapped = MapDataset([1, 2, 3], lambda x: x * x)
    assert [mapped[i] for i in range(len(mapped))] == [1, 4, 9]
    calls = []
    cached = CachedDataset(MapDataset([1, 2, 3], lambda x: calls.append(x) or x), capacity=2)
    assert [cached[i] for i in (0, 1, 2, 0, 1, 2)] == [1, 2, 3, 1, 2, 3] and calls == [1, 2, 3, 3]
    assert pickle.loads(pickle.dumps(CachedDataset([1])))[0] == 1
    chained = ChainDataset([Stream(), Stream()])
    assert list(chained) == list(Stream() + Stream()) == [*range(5), *range(5)]
    assert [b.tolist() for b in DataLoader(chained, 6)] == [[0, 1, 2, 3, 4, 0], [1, 2, 3, 4]]
    for make in (lambda: StackDataset([1], [1, 2]), lambda: StackDataset([1], x=[1]), lambda: ConcatDataset([Stream()])):
        with pytest.raises(ValueError):
            make()
    with pytest.raises(TypeError, match="IterableDatasets"):
        list(ChainDataset([[1]]))
    with pytest.raises(ValueError, match="add up to 1"):
        random_split(range(10), [0.5, 0.4])
    five = TensorDataset(*[nr.arange(6)] * 5)
    assert [len(batch) for batch in DataLoader(five, 6)] == [5]
    assert [y.tolist() for (y,) in DataLoader(Subset(TensorDataset(nr.arange(6)), [-1, 2]), 2)] == [[5, 2]]
    with pytest.raises(IndexError):
        list(DataLoader(Subset(TensorDataset(nr.arange(6)), [0]), sampler=[1]))


def test_converting_and_collating():
    Point = collections.namedtuple("Point", "x y")
    batch = [Point(1, np.float32(2)), Point(3, np.float32(4))]
    joined = default_collate(batch)
    assert isinstance(joined, Point) and joined.x.tolist() == [1, 3] and joined.y.dtype is nr.float32
    ordered = default_collate([collections.OrderedDict(a=1), collections.OrderedDict(a=2)])
    assert type(ordered) is collections.OrderedDict and ordered["a"].tolist() == [1, 2]
    converted = default_convert({"a": np.ones(2), "b": ["x", (np.zeros(1), 3)], "p": batch[0]})
    assert converted["a"].tolist() == [1.0, 1.0] and converted["b"][0] == "x"
    assert converted["b"][1][0].tolist() == [0.0] and isinstance(converted["p"], Point)
    with pytest.raises(RuntimeError, match="equal size"):
        default_collate([[1, 2], [3]])
    with pytest.raises(TypeError, match="batch must contain"):
        default_collate([None, None])


def test_thread_counts_beyond_the_limit():
    before = nr.get_num_threads()
    for count in (0, -1, 4097, 10**9, 2**32 + 1, 10**15):
        with pytest.raises(ValueError, match="expected 1 to 4096"):
            nr.set_num_threads(count)
    assert nr.get_num_threads() == before


@pytest.mark.parametrize("text", ["1000000000", "0", "-3", "many", "99999999999999999999"])
def test_environment_variables_beyond_the_limit(text):
    process = subprocess.run(
        [sys.executable, "-c", "import neura; print(neura.get_num_threads())"],
        env={**os.environ, "NEURA_NUM_THREADS": text},
        capture_output=True,
        text=True,
    )
    assert process.returncode == 0 and 1 <= int(process.stdout) <= 4096
    assert f"NEURA_NUM_THREADS={text} is ignored" in process.stderr
