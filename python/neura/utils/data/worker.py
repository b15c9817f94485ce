"""Which of a loader's threads a dataset is asked on."""

import threading
from dataclasses import dataclass
from typing import Any


@dataclass
class WorkerInfo:
    """Of a worker: its number, how many there are, its seed, and the dataset; of an IterableDataset a copy of its own."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


class _Local(threading.local):
    info: WorkerInfo | None = None


_local = _Local()


def get_worker_info() -> WorkerInfo | None:
    """Inside of what a DataLoader's worker runs: which one it is. Elsewhere None."""
    return _local.info


class WorkerScope:
    """get_worker_info() for a while."""

    def __init__(self, info: WorkerInfo | None) -> None:
        self._info = info

    def __enter__(self) -> None:
        self._previous = _local.info
        _local.info = self._info

    def __exit__(self, *exception: Any) -> None:
        _local.info = self._previous
