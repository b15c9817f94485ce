"""Files that torch.save() has written: zip archives of a pickle and the memory that its tensors view.

Nothing that the pickle names is run: tensors, parameters and plain data are made of it, and other names are refused.
The format: torch/serialization.py and torch/_utils.py of PyTorch 1.6 and later.
"""

import collections
import io
import pickle
import zipfile
import zlib
from struct import error as struct_error
from typing import IO, Any

from neura import _C
from neura._C import Tensor
from neura._size import Size

ZIP_MAGIC = b"PK\x03\x04"
# The number 0x1950a86a20f9469cfc6c, with which files began before PyTorch 1.6.
LEGACY_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF"

_STORAGES = {
    "FloatStorage": "float32",
    "DoubleStorage": "float64",
    "HalfStorage": "float16",
    "BFloat16Storage": "bfloat16",
    "ByteStorage": "uint8",
    "UntypedStorage": "uint8",
    "CharStorage": "int8",
    "ShortStorage": "int16",
    "IntStorage": "int32",
    "LongStorage": "int64",
    "BoolStorage": "bool",
    "ComplexFloatStorage": "complex64",
    "ComplexDoubleStorage": "complex128",
}


class _Memory:
    """The bytes that tensors of the file share."""

    def __init__(self, data: Tensor, dtype: _C.dtype) -> None:
        self.data, self.dtype = data, dtype


def _view(memory: _Memory, dtype: _C.dtype, offset: int, size: Any, stride: Any, requires_grad: bool) -> Tensor:
    if not isinstance(memory, _Memory):
        raise pickle.UnpicklingError("load(): the file has a tensor without memory")
    tensor: Tensor = _C._view_of(memory.data, dtype, tuple(size), tuple(stride), offset)
    return tensor.requires_grad_() if requires_grad else tensor


def _tensor(memory: _Memory, offset: int, size: Any, stride: Any, requires_grad: bool = False, *_: Any) -> Tensor:
    return _view(memory, memory.dtype, offset, size, stride, requires_grad)


def _tensor_of_dtype(
    memory: _Memory, offset: int, size: Any, stride: Any, requires_grad: bool, _hooks: Any, dtype: _C.dtype, *_: Any
) -> Tensor:
    return _view(memory, dtype, offset, size, stride, requires_grad)


def _parameter(data: Tensor, requires_grad: bool, *_: Any) -> Tensor:
    from neura.nn import Parameter  # which imports this package

    return Parameter(data, requires_grad)


def _of_type(function: Any, _type: Any, args: Any, _state: Any) -> Any:
    if function not in (_tensor, _tensor_of_dtype, _parameter):
        raise pickle.UnpicklingError("load(): the file makes a tensor of something else")
    return function(*args)


def _device(*args: Any) -> _C.device:
    return _C.device(*args)


_NAMES: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): collections.OrderedDict,
    ("collections", "defaultdict"): collections.defaultdict,
    ("collections", "Counter"): collections.Counter,
    ("builtins", "set"): set,
    ("builtins", "complex"): complex,
    ("builtins", "dict"): dict,
    ("builtins", "list"): list,
    ("torch", "Size"): Size,
    ("torch", "device"): _device,
    ("torch", "Tensor"): "a type",
    ("torch.nn.parameter", "Parameter"): "a type",
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_tensor_v3"): _tensor_of_dtype,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    ("torch._utils", "_rebuild_parameter_with_state"): _parameter,
    ("torch._tensor", "_rebuild_from_type_v2"): _of_type,
}


class _Unpickler(pickle.Unpickler):
    def __init__(self, archive: zipfile.ZipFile, folder: str, data: bytes) -> None:
        super().__init__(io.BytesIO(data), encoding="utf-8")
        self._archive, self._folder = archive, folder
        self._memories: dict[str, Tensor] = {}

    def find_class(self, module: str, name: str) -> Any:
        # As Python 2 called it, which PyTorch's pickles follow.
        module = "builtins" if module == "__builtin__" else module
        if (module, name) in _NAMES:
            return _NAMES[module, name]
        if module in ("torch", "torch.storage") and name in _STORAGES:
            return getattr(_C, _STORAGES[name])
        if module == "torch" and isinstance(value := getattr(_C, name, None), _C.dtype):
            return value
        raise pickle.UnpicklingError(
            f"load(): the file names {module}.{name}, which is neither a tensor nor plain data; save "
            "model.state_dict() instead of the model, or tensors alone"
        )

    def persistent_load(self, pid: Any) -> _Memory:
        kind, dtype, key, _, count = pid
        if kind != "storage" or not isinstance(dtype, _C.dtype) or not isinstance(key, str):
            raise pickle.UnpicklingError("load(): the file names memory in a way that is not PyTorch's")
        if key not in self._memories:
            data = _read(self._archive, f"{self._folder}/data/{key}")
            if len(data) != count * dtype.itemsize:
                raise pickle.UnpicklingError(
                    f"load(): storage {key} has {len(data)} bytes, {count} elements of {dtype} are expected"
                )
            self._memories[key] = _C._from_bytes(data, (len(data),), _C.uint8)
        return _Memory(self._memories[key], dtype)


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise ValueError(f"load(): the file is damaged: it has no {name}") from None
    # PyTorch compresses nothing, which could make much of little.
    if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 1:
        raise ValueError(f"load(): {name} is compressed or encrypted, which PyTorch's files are not")
    return archive.read(info)


def unpickled(unpickler: pickle.Unpickler) -> Any:
    """What it loads; whatever a damaged file leads to is a ValueError."""
    try:
        return unpickler.load()
    except (
        EOFError,
        IndexError,
        KeyError,
        AttributeError,
        TypeError,
        OverflowError,
        RecursionError,
        UnicodeDecodeError,
    ) as error:
        raise ValueError(f"load(): the file is damaged: {error}") from error


def load_archive(file: IO[bytes]) -> Any:
    """What torch.save() has written to a seekable file."""
    size = file.seek(0, io.SEEK_END)
    try:
        with zipfile.ZipFile(file) as archive:
            names = archive.namelist()
            # Entries that overlap would make much of little.
            if sum(info.file_size for info in archive.infolist()) > size:
                raise ValueError("load(): the file is damaged: its parts are larger than it is")
            folders = [name.partition("/")[0] for name in names if name.count("/") == 1 and name.endswith("/data.pkl")]
            if len(folders) != 1:
                raise ValueError("load(): a zip archive, but none that torch.save() has written")
            folder = folders[0]
            if f"{folder}/constants.pkl" in names:
                raise ValueError("load(): a TorchScript program; in PyTorch, save its state_dict()")
            if f"{folder}/byteorder" in names and _read(archive, f"{folder}/byteorder") != b"little":
                raise ValueError("load(): the file has the byte order of another machine")
            pickled = _read(archive, f"{folder}/data.pkl")
            if problem := _C._check_pickle(pickled):
                raise ValueError(f"load(): the file is damaged: {problem}")
            return unpickled(_Unpickler(archive, folder, pickled))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, struct_error, OverflowError, EOFError) as error:
        raise ValueError(f"load(): the file is damaged: {error}") from error
