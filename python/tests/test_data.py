"""Loaders: the same batches for any number of workers, options, errors, early ends."""

import gc
import os
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
    ConcatDataset,
    DataLoader,
    FashionMNIST,
    IterableDataset,
    RandomSampler,
    Sampler,
    SequentialSampler,
    Subset,
    TensorDataset,
    random_split,
    transforms,
)

from sample_data import WORKERS, Squares, Stream, indices


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


def test_examples_that_a_sampler_repeats_are_augmented_anew():
    images = FashionMNIST(train=False, transform=[transforms.RandomCrop(10)])
    order = [3, 3, 5, 3, 5, 5, 3, 7]

    def crops(**options):
        loader = DataLoader(images, batch_size=2, sampler=order, seed=2, **options)
        return [image for batch, _ in loader for image in batch]

    expected = crops()
    assert len({tuple(image.flatten().tolist()) for image, index in zip(expected, order) if index == 3}) == 4
    for workers in (1, 3):
        assert all(a.equal(b) for a, b in zip(crops(num_workers=workers), expected))
    # Where the rest of a pass is read, it is what it would have been.
    loader = DataLoader(images, batch_size=2, sampler=order, seed=2, num_workers=2)
    batches = iter(loader)
    next(batches), next(batches)
    rest = DataLoader(images, batch_size=2, sampler=order, seed=2)
    rest.load_state_dict(loader.state_dict())
    assert all(a.equal(b) for a, b in zip([image for batch, _ in rest for image in batch], expected[4:]))
