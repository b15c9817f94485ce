"""Files: whatever holds tensors, safetensors, and NumPy's formats."""

import io
import os
import pickle
import stat
import weakref
from collections.abc import Callable, Mapping
from typing import IO, Any, Union

from neura import _C
from neura._C import Tensor
from neura._torch_files import LEGACY_MAGIC, ZIP_MAGIC, load_archive, unpickled

Path = Union[str, "os.PathLike[str]"]

_MAGIC = b"NEURA-1\n"



def save(obj: Any, f: Path | IO[bytes]) -> None:
    """Writes an object that holds tensors, e.g. a state dict, to a path or a binary file.

    A path that ends in .safetensors takes a dict of tensors in that format, one in .npy a tensor and
    one in .npz a dict of tensors in NumPy's formats. A file at a path is either the old one or the
    whole new one at any moment. Tensors that share memory do so again when they are loaded, except
    from the formats of others; the whole of the memory that a view belongs to is written.
    """
    if not isinstance(f, (str, os.PathLike)):
        if not hasattr(f, "write"):
            raise TypeError(f"save(): expected a path or a binary file, not {type(f).__name__}")
        f.write(_MAGIC + pickle.dumps(obj, protocol=4))
        return
    path = os.fspath(f)
    _, extension = os.path.splitext(path)
    if extension in _FORMATS:
        _FORMATS[extension][0](obj, path)
    else:
        _C._write_file(path, _MAGIC + pickle.dumps(obj, protocol=4))


def _save_npy(tensor: Tensor, path: str) -> None:
    if not isinstance(tensor, Tensor):
        raise TypeError(f"save(): a .npy file takes a tensor, not {type(tensor).__name__}")
    _C._save_npy(path, tensor.detach())


def _save_npz(tensors: Mapping[str, Tensor], path: str) -> None:
    if not isinstance(tensors, Mapping) or not all(isinstance(tensor, Tensor) for tensor in tensors.values()):
        raise TypeError("save(): a .npz file takes a dict of names to tensors")
    _C._save_npz(path, {name: tensor.detach() for name, tensor in tensors.items()})


def _load_npz(path: str) -> dict[str, Tensor]:
    try:
        tensors: dict[str, Tensor] = _C._load_npz(path)
        return tensors
    except RuntimeError as error:
        raise ValueError(f"load(): {path}: {error}") from error


def _open_regular(path: str) -> IO[bytes]:
    """A file to read, which no pipe or device is: they have no end, or wait for a writer."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise ValueError(f"load(): {path!r} is not a regular file")
    return open(path, "rb")


# What a file may name when only weights are wanted.
_SAFE = {
    ("builtins", "set"),
    ("builtins", "frozenset"),
    ("builtins", "complex"),
    ("builtins", "slice"),
    ("builtins", "range"),
    ("collections", "OrderedDict"),
    ("collections", "defaultdict"),
    ("collections", "Counter"),
    ("neura._serialization", "_rebuild_memory"),
    ("neura._serialization", "_rebuild_tensor"),
    ("neura._serialization", "_rebuild_view"),
    ("neura._serialization", "_dtype"),
    ("neura._size", "Size"),
    ("neura.nn.parameter", "_rebuild_parameter"),
}


# A range takes no room in a file, but what is made of it may.
_MAX_RANGES = 1 << 20


class _WeightsUnpickler(pickle.Unpickler):
    _ranges = 0

    def _range(self, *args: int) -> range:
        result = range(*args)
        self._ranges += max((result.stop - result.start) // result.step, 0) + 1
        if self._ranges > _MAX_RANGES:
            raise pickle.UnpicklingError("load(): the file holds ranges that are too long")
        return result

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("builtins", "range"):
            return self._range
        if (module, name) in _SAFE:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(
            f"load(): the file names {module}.{name}, which is no plain data; if you trust where it "
            "comes from, pass weights_only=False, which lets it run code"
        )


def load(f: Path | IO[bytes], map_location: Any = None, weights_only: bool = True) -> Any:
    """Reads what save() has written, safetensors, NumPy's .npy (as a tensor) and .npz (as a dict of
    tensors), and files that torch.save() has written, such as state dicts.

    With weights_only, nothing but tensors and plain data is made of the file; without it, a file can
    run any code: use that for files that you trust. PyTorch's files are read the first way always. Tensors come to the CPU, the only device that
    `map_location` may name.
    """
    if isinstance(map_location, str):
        _C.device(map_location)  # refuses what is not there
    elif not (map_location is None or isinstance(map_location, (_C.device, Mapping)) or callable(map_location)):
        raise TypeError(f"load(): argument 'map_location' must be a device, not {type(map_location).__name__}")
    if isinstance(f, (str, os.PathLike)):
        path = os.fspath(f)
        _, extension = os.path.splitext(path)
        if extension in _FORMATS:
            return _FORMATS[extension][1](path)
        with _open_regular(path) as file:
            return _load_pickle(file, weights_only)
    return _load_pickle(f, weights_only)


def _load_pickle(file: IO[bytes], weights_only: bool) -> Any:
    # Nothing more is read of what is something else.
    start = file.read(len(_MAGIC))
    if start == LEGACY_MAGIC:
        raise ValueError("load(): a file as PyTorch wrote it before 1.6; load it there and save it again")
    if start != _MAGIC and not start.startswith(ZIP_MAGIC):
        raise ValueError("load(): not a file that neura.save() or torch.save() has written")
    if start != _MAGIC:
        return load_archive(file if file.seekable() else io.BytesIO(start + file.read()))
    data = file.read()
    if weights_only and (problem := _C._check_pickle(data)):
        raise ValueError(f"load(): the file is damaged: {problem}")
    return unpickled((_WeightsUnpickler if weights_only else pickle.Unpickler)(io.BytesIO(data)))


def save_file(tensors: Mapping[str, Tensor], filename: Path, metadata: dict[str, str] | None = None) -> None:
    """Writes a dict of tensors in the safetensors format."""
    _C._save_safetensors(dict(tensors), os.fspath(filename), metadata or {})


def load_file(filename: Path) -> dict[str, Tensor]:
    """Reads a safetensors file as a dict of tensors."""
    tensors: dict[str, Tensor] = _C._load_safetensors(os.fspath(filename))[0]
    return tensors


class safe_open:
    """A safetensors file whose tensors are read where they are touched:

        with neura.safe_open("model.safetensors") as f:
            rows = f.get_slice("embedding.weight")[100:200]

    Tensors keep the file open; what is written to them stays in memory. The file must not become
    shorter meanwhile.
    """

    def __init__(self, filename: Path, framework: str = "pt", device: Any = "cpu") -> None:
        if framework not in ("pt", "pytorch", "neura"):
            raise ValueError(f"safe_open(): tensors are neura's, not of framework={framework!r}")
        self._device = device
        self._file: Any = _C._SafetensorsFile(os.fspath(filename))

    def _opened(self) -> Any:
        if self._file is None:
            raise ValueError("safe_open(): the file is closed")
        return self._file

    def keys(self) -> list[str]:
        """The names of the tensors."""
        names: list[str] = self._opened().names()
        return names

    def metadata(self) -> dict[str, str] | None:
        """The file's texts, or None where it has none."""
        return self._opened().metadata() or None

    def get_tensor(self, name: str) -> Tensor:
        """The tensor of that name."""
        tensor: Tensor = self._opened().get(name)
        return tensor.to(self._device)

    def get_slice(self, name: str) -> Tensor:
        """The tensor of that name on the CPU; of what is indexed, only that is read."""
        tensor: Tensor = self._opened().get(name)
        return tensor

    def __enter__(self) -> "safe_open":
        return self

    def __exit__(self, *_: object) -> None:
        self._file = None


_FORMATS: dict[str, tuple[Callable[[Any, str], None], Callable[[str], Any]]] = {
    ".npy": (_save_npy, _C._load_npy),
    ".npz": (_save_npz, _load_npz),
    ".safetensors": (save_file, load_file),
}


def _dtype(name: str) -> _C.dtype:
    value = getattr(_C, name)
    if not isinstance(value, _C.dtype):
        raise pickle.UnpicklingError(f"load(): {name} is no dtype")
    return value


class _Memory:
    """What tensors view, as bytes: one object for one memory, so that a pickle holds it once."""

    def __init__(self, data: Tensor) -> None:
        self.data = data

    def __reduce__(self) -> Any:
        return _rebuild_memory, (_C._to_bytes(self.data),)


# By address, for as long as a pickler remembers them, and with them the memory.
_memories: "weakref.WeakValueDictionary[tuple[int, int], _Memory]" = weakref.WeakValueDictionary()


def _rebuild_memory(data: bytes) -> _Memory:
    return _Memory(_C._from_bytes(data, (len(data),), _C.uint8))


def _rebuild_view(
    memory: _Memory,
    dtype_name: str,
    shape: tuple[int, ...],
    strides: tuple[int, ...],
    offset: int,
    requires_grad: bool,
) -> Tensor:
    tensor: Tensor = _C._view_of(memory.data, _dtype(dtype_name), shape, strides, offset)
    return tensor.requires_grad_() if requires_grad else tensor


def _rebuild_tensor(dtype_name: str, shape: tuple[int, ...], data: bytes, requires_grad: bool) -> Tensor:
    """A tensor from the bytes of its elements, as files of earlier versions have them."""
    tensor: Tensor = _C._from_bytes(data, shape, _dtype(dtype_name))
    return tensor.requires_grad_() if requires_grad else tensor


def _reduce_tensor(tensor: Tensor) -> Any:
    if not tensor.is_leaf:
        raise RuntimeError("only leaves of a graph can be pickled or copied; detach() the tensor first")
    plain = tensor.detach()
    address, data, offset = _C._memory_of(plain)
    # Two storages may begin at one address: arrays that NumPy has sliced.
    memory = _memories.setdefault((address, data.numel()), _Memory(data)) if data.numel() else _Memory(data)
    args = (memory, plain.dtype.name, tuple(plain.shape), tuple(plain.stride()), offset, tensor.requires_grad)
    return _rebuild_view, args


def _deepcopy_tensor(tensor: Tensor, memo: dict[int, Any]) -> Tensor:
    if not tensor.is_leaf:
        raise RuntimeError("only leaves of a graph can be deep-copied; detach() the tensor")
    copy = tensor.detach().clone()
    if tensor.requires_grad:
        copy.requires_grad_()
    if tensor.grad is not None:
        copy.grad = tensor.grad.clone()
    if type(tensor) is not _C.Tensor:
        copy = _C._as_type(type(tensor), copy)
    memo[id(tensor)] = copy
    return copy


setattr(_C.dtype, "__reduce__", lambda self: (_dtype, (self.name,)))
setattr(Tensor, "__reduce__", _reduce_tensor)
setattr(Tensor, "__deepcopy__", _deepcopy_tensor)
