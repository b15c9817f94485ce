"""Files: whatever holds tensors, and safetensors."""

import io
import os
import pickle
from collections.abc import Mapping
from typing import IO, Any, Union

from neura import _C
from neura._C import Tensor

Path = Union[str, "os.PathLike[str]"]

_MAGIC = b"NEURA-1\n"


def save(obj: Any, f: Path | IO[bytes]) -> None:
    """Writes an object that holds tensors, e.g. a state dict, to a path or a binary file.

    A path that ends in .safetensors takes a dict of tensors in that format. A file at a path is
    either the old one or the whole new one at any moment.
    """
    if isinstance(f, (str, os.PathLike)) and os.fspath(f).endswith(".safetensors"):
        save_file(obj, f)
        return
    data = _MAGIC + pickle.dumps(obj, protocol=4)
    if isinstance(f, (str, os.PathLike)):
        _C._write_file(os.fspath(f), data)
    else:
        f.write(data)


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
    ("neura._serialization", "_rebuild_tensor"),
    ("neura._serialization", "_dtype"),
    ("neura._size", "Size"),
    ("neura.nn.parameter", "_rebuild_parameter"),
}


class _WeightsUnpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _SAFE:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(
            f"load(): the file names {module}.{name}, which is no plain data; if you trust where it "
            "comes from, pass weights_only=False, which lets it run code"
        )


def load(f: Path | IO[bytes], map_location: Any = None, weights_only: bool = True) -> Any:
    """Reads what save() has written.

    With weights_only, nothing but tensors and plain data is made of the file; without it, a file can
    run any code: use that for files that you trust.
    """
    if isinstance(f, (str, os.PathLike)):
        if os.fspath(f).endswith(".safetensors"):
            return load_file(f)
        with open(f, "rb") as file:
            data = file.read()
    else:
        data = f.read()
    if not data.startswith(_MAGIC):
        raise ValueError("load(): not a file that neura.save() has written")
    stream = io.BytesIO(data[len(_MAGIC) :])
    try:
        return (_WeightsUnpickler if weights_only else pickle.Unpickler)(stream).load()
    except (EOFError, IndexError, KeyError, AttributeError, TypeError) as error:
        raise ValueError(f"load(): the file is damaged: {error}") from error


def save_file(tensors: Mapping[str, Tensor], filename: Path, metadata: dict[str, str] | None = None) -> None:
    """Writes a dict of tensors in the safetensors format."""
    _C._save_safetensors(dict(tensors), os.fspath(filename), metadata or {})


def load_file(filename: Path) -> dict[str, Tensor]:
    """Reads a safetensors file as a dict of tensors."""
    tensors: dict[str, Tensor] = _C._load_safetensors(os.fspath(filename))[0]
    return tensors


def _dtype(name: str) -> _C.dtype:
    value = getattr(_C, name)
    if not isinstance(value, _C.dtype):
        raise pickle.UnpicklingError(f"load(): {name} is no dtype")
    return value


def _rebuild_tensor(dtype_name: str, shape: tuple[int, ...], data: bytes, requires_grad: bool) -> Tensor:
    """A tensor from the bytes of its elements."""
    tensor: Tensor = _C._from_bytes(data, shape, _dtype(dtype_name))
    return tensor.requires_grad_() if requires_grad else tensor


def _reduce_tensor(tensor: Tensor) -> Any:
    if not tensor.is_leaf:
        raise RuntimeError("only leaves of a graph can be pickled or copied; detach() the tensor first")
    plain = tensor.detach().contiguous()
    return _rebuild_tensor, (plain.dtype.name, tuple(plain.shape), _C._to_bytes(plain), tensor.requires_grad)


def _deepcopy_tensor(tensor: Tensor, memo: dict[int, Any]) -> Tensor:
    if not tensor.is_leaf:
        raise RuntimeError("only leaves of a graph can be deep-copied; detach() or clone() the tensor")
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
