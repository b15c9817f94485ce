"""Datasets that tests of the loader share."""

import neura as nr
from neura.utils.data import Dataset, IterableDataset

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


class Stream(IterableDataset):
    def __iter__(self):
        return iter(range(5))
