"""Datasets and their loader."""

from neura.utils.data.dataset import (
    ConcatDataset,
    Dataset,
    FashionMNIST,
    IterableDataset,
    Subset,
    TensorDataset,
    random_split,
)
from neura.utils.data.dataloader import DataLoader, default_collate
from neura.utils.data.sampler import BatchSampler, RandomSampler, Sampler, SequentialSampler

__all__ = [
    "BatchSampler",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "FashionMNIST",
    "IterableDataset",
    "RandomSampler",
    "Sampler",
    "SequentialSampler",
    "Subset",
    "TensorDataset",
    "default_collate",
    "random_split",
]
