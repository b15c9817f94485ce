"""Datasets, samplers, states and streams of loaders as PyTorch's users know them."""

import collections
import gc
import itertools
import os
import pickle
import threading

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
    DistributedSampler,
    IterableDataset,
    MapDataset,
    RandomSampler,
    Sampler,
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

from sample_data import WORKERS, Squares, Stream, indices


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

    both = threading.Barrier(2, timeout=60)

    def begin(worker):
        started.append(worker)
        both.wait()

    loader = DataLoader(Watched(), 4, num_workers=2, worker_init_fn=begin, persistent_workers=True)
    first = indices(loader)
    for _ in range(5):
        assert indices(loader) == first
        next(iter(loader))
    assert sorted(started) == [0, 1] and len(threads) <= 2
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
