"""Datasets and their loader."""

from neura.utils.data import audio, text
from neura.utils.data.collate import default_collate, default_convert
from neura.utils.data.dataloader import DataLoader
from neura.utils.data.dataset import (
    CachedDataset,
    ChainDataset,
    ConcatDataset,
    Dataset,
    IterableDataset,
    MapDataset,
    StackDataset,
    Subset,
    TensorDataset,
    random_split,
)
from neura.utils.data.datasets import (
    CIFAR10,
    CIFAR100,
    CSVDataset,
    DatasetFolder,
    FashionMNIST,
    ImageFolder,
    SQLiteDataset,
    TarDataset,
    TextLineDataset,
)
from neura.utils.data.io import ImageReadMode, decode_image, read_image
from neura.utils.data.sampler import (
    BatchSampler,
    DistributedSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
    StratifiedSampler,
    SubsetRandomSampler,
    WeightedRandomSampler,
)
from neura.utils.data.worker import WorkerInfo, get_worker_info

__all__ = [
    "BatchSampler",
    "CIFAR10",
    "CIFAR100",
    "CSVDataset",
    "CachedDataset",
    "ChainDataset",
    "ConcatDataset",
    "DataLoader",
    "Dataset",
    "DatasetFolder",
    "DistributedSampler",
    "FashionMNIST",
    "ImageFolder",
    "ImageReadMode",
    "IterableDataset",
    "MapDataset",
    "RandomSampler",
    "SQLiteDataset",
    "Sampler",
    "SequentialSampler",
    "StackDataset",
    "StratifiedSampler",
    "Subset",
    "SubsetRandomSampler",
    "TarDataset",
    "TensorDataset",
    "TextLineDataset",
    "WeightedRandomSampler",
    "WorkerInfo",
    "audio",
    "decode_image",
    "default_collate",
    "default_convert",
    "get_worker_info",
    "random_split",
    "read_image",
    "text",
]
