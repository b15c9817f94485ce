"""Datasets of files."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from neura import _C
from neura._C import Tensor
from neura.utils.data.composition import native_transforms
from neura.utils.data.dataset import Dataset, IterableDataset
from neura.utils.data.io import ImageReadMode, read_image
from neura.utils.data.worker import get_worker_info


class _Images(Dataset):
    """Images and labels that C++ reads. Transforms of C++ run there, others in Python."""

    classes: tuple[str, ...] = ()
    _name = ""

    def __init__(
        self,
        root: Any = "",
        train: bool = True,
        transform: Any = None,
        target_transform: Callable[[Any], Any] | None = None,
        download: bool = False,
    ) -> None:
        if download:
            raise ValueError(f"{type(self).__name__}: nothing is downloaded here; give the folder of the files as root")
        self.root, self.train = root, train
        self.transform, self.target_transform = transform, target_transform
        inside = native_transforms(transform) if target_transform is None else None
        self._source = _C.data.images(self._name, train, os.fspath(root), inside or [])
        # Where Python has a part in the examples, the loader asks for each.
        self._native = self._source if inside is not None else None

    @property
    def class_to_idx(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.classes)}

    def __len__(self) -> int:
        return len(self._source)

    def __getitem__(self, index: int) -> Any:
        image, label = self._source[index]
        if self._native is not None:
            return image, label
        if self.transform is not None:
            image = self.transform(image)
        return image, label if self.target_transform is None else self.target_transform(label)

    _native_getitem = __getitem__


class FashionMNIST(_Images):
    """60,000 training or 10,000 test images of clothing: uint8 [1, 28, 28] and the class, int64.

    `transform` is a function of an image, or a list of neura.utils.data.transforms; these run in C++. Without a root,
    Debian's package dataset-fashion-mnist is read.
    """

    _name = "fashion_mnist"
    classes = (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    )


class CIFAR10(_Images):
    """50,000 training or 10,000 test images: uint8 [3, 32, 32] and the class, int64. `root` holds the binary version's
    files, or their folder cifar-10-batches-bin."""

    _name = "cifar10"
    classes = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


class CIFAR100(_Images):
    """The same of a hundred classes; the folder is cifar-100-binary."""

    _name = "cifar100"


IMG_EXTENSIONS = (".jpg", ".jpeg", ".png")


def _load_rgb(path: str) -> Tensor:
    return read_image(path, ImageReadMode.RGB)


class DatasetFolder(Dataset):
    """Files in folders, one for each class, in the order of their names: loader(path) and the class's number."""

    def __init__(
        self,
        root: Any,
        loader: Callable[[str], Any],
        extensions: Sequence[str] | None = None,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        if (extensions is None) == (is_valid_file is None):
            raise ValueError(f"{type(self).__name__}: give either extensions or is_valid_file, not both or none")
        self.root, self.loader, self.extensions = os.fspath(root), loader, extensions
        self.transform, self.target_transform = transform, target_transform
        self.classes, self.class_to_idx = self.find_classes(self.root)
        self.samples = self._find(is_valid_file, allow_empty)
        self.targets = [target for _, target in self.samples]

    def find_classes(self, directory: str) -> tuple[list[str], dict[str, int]]:
        """The names of the folders, and their numbers."""
        classes = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())
        if not classes:
            raise FileNotFoundError(f"Couldn't find any class folder in {directory}.")
        return classes, {name: i for i, name in enumerate(classes)}

    def _find(self, is_valid_file: Callable[[str], bool] | None, allow_empty: bool) -> list[tuple[str, int]]:
        endings = tuple(extension.lower() for extension in self.extensions or ())
        samples: list[tuple[str, int]] = []
        empty = []
        for name in sorted(self.class_to_idx):
            before, visited = len(samples), set()
            for folder, folders, files in sorted(os.walk(os.path.join(self.root, name), followlinks=True)):
                real = os.path.realpath(folder)
                if real in visited:  # a link leads back to it
                    folders.clear()
                    continue
                visited.add(real)
                for file in sorted(files):
                    path = os.path.join(folder, file)
                    if is_valid_file(path) if is_valid_file is not None else file.lower().endswith(endings):
                        samples.append((path, self.class_to_idx[name]))
            if len(samples) == before:
                empty.append(name)
        if empty and not allow_empty:
            text = f"Found no valid file for the classes {', '.join(empty)} in {self.root}."
            if self.extensions is not None:
                text += f" Supported extensions are: {', '.join(self.extensions)}"
            raise FileNotFoundError(text)
        return samples

    def __getitem__(self, index: int) -> Any:
        path, target = self.samples[index]
        sample = self.loader(path)
        if self.transform is not None:
            sample = self.transform(sample)
        return sample, target if self.target_transform is None else self.target_transform(target)

    def __len__(self) -> int:
        return len(self.samples)


class ImageFolder(DatasetFolder):
    """Images in folders, one for each class: uint8 [3, H, W] of JPEG and PNG files, or what `loader` makes of a path."""

    def __init__(
        self,
        root: Any,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        loader: Callable[[str], Any] = _load_rgb,
        is_valid_file: Callable[[str], bool] | None = None,
        allow_empty: bool = False,
    ) -> None:
        super().__init__(
            root,
            loader,
            IMG_EXTENSIONS if is_valid_file is None else None,
            transform,
            target_transform,
            is_valid_file,
            allow_empty,
        )
        self.imgs = self.samples


def _share() -> tuple[int, int]:
    """This worker's part of a stream: its number, and of how many."""
    info = get_worker_info()
    return (0, 1) if info is None else (info.id, info.num_workers)


class CSVDataset(IterableDataset):
    """The rows of a table of text (RFC 4180), each a tuple of its fields; workers share them.

    `types` has int, float or str for each column, by default str for all. The first row names the columns unless header
    is False: see `columns`. A ValueError names file and row where a field is not of its type, or a row has another
    number of columns.
    """

    def __init__(
        self,
        path: Any,
        types: Sequence[type] | None = None,
        header: bool = True,
        delimiter: str = ",",
        transform: Callable[[tuple[Any, ...]], Any] | None = None,
    ) -> None:
        if len(delimiter.encode()) != 1:
            raise ValueError(f"CSVDataset: delimiter is {delimiter!r}, one ASCII character is expected")
        if any(kind not in (int, float, str) for kind in types or ()):
            raise ValueError(f"CSVDataset: types are {types}; int, float or str is expected for each column")
        self.path, self.types, self.header = os.fspath(path), types, header
        self.delimiter, self.transform = delimiter, transform

    def _rows(self, part: int, parts: int) -> Any:
        types = [kind.__name__ for kind in self.types or ()]
        return _C.data.csv_rows(self.path, self.header, self.delimiter, types, part, parts)

    @property
    def columns(self) -> list[str]:
        return list(self._rows(0, 1).header)

    def __iter__(self) -> Iterator[Any]:
        rows = self._rows(*_share())
        return iter(rows) if self.transform is None else map(self.transform, rows)


class TextLineDataset(IterableDataset):
    """The lines of a file, without their ends; workers share them."""

    def __init__(self, path: Any, transform: Callable[[str], Any] | None = None) -> None:
        self.path, self.transform = os.fspath(path), transform

    def __iter__(self) -> Iterator[Any]:
        lines = _C.data.lines(self.path, *_share())
        return iter(lines) if self.transform is None else map(self.transform, lines)


class TarDataset(IterableDataset):
    """The examples of tar archives, in which the files of an example follow one another: a dict of the bytes of each
    file by what comes after the first dot of its name, and "__key__", what comes before it. Of several workers each
    reads archives of its own."""

    def __init__(self, paths: Any, transform: Callable[[dict[str, Any]], Any] | None = None) -> None:
        single = isinstance(paths, (str, bytes, os.PathLike))
        self.paths = [os.fspath(path) for path in ([paths] if single else paths)]
        self.transform = transform

    def __iter__(self) -> Iterator[Any]:
        examples = _C.data.tar_examples(self.paths, *_share())
        return iter(examples) if self.transform is None else map(self.transform, examples)


class SQLiteDataset(IterableDataset):
    """The rows that a query gives, each a tuple; workers share them, so the query should say their order."""

    def __init__(
        self,
        path: Any,
        query: str,
        parameters: Iterable[Any] = (),
        transform: Callable[[tuple[Any, ...]], Any] | None = None,
    ) -> None:
        self.path, self.query, self.parameters = os.fspath(path), query, tuple(parameters)
        self.transform = transform

    def __iter__(self) -> Iterator[Any]:
        import pathlib
        import sqlite3

        part, parts = _share()
        try:
            # A worker's stream belongs to it, but a loader may be closed elsewhere.
            uri = pathlib.Path(self.path).absolute().as_uri() + "?mode=ro"
            connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        except sqlite3.Error as error:
            raise FileNotFoundError(f"{self.path}: {error}") from error
        try:
            for number, row in enumerate(connection.execute(self.query, self.parameters)):
                if number % parts == part:
                    yield row if self.transform is None else self.transform(row)
        except sqlite3.Error as error:
            raise type(error)(f"{self.path}: {error}") from error
        finally:
            connection.close()
