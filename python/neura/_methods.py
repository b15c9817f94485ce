"""Methods of Tensor that are written in Python."""

import weakref
from collections.abc import Callable
from typing import Any

from neura import _C
from neura._C import Generator, Tensor
from neura._aliases import ALIASES
from neura._storage import Storage
from neura._types import tensor_of, type_
from neura.autograd import HookHandle


def _method(function: Callable[..., Any]) -> Callable[..., Any]:
    setattr(Tensor, function.__name__, function)
    return function


for _name, _target in ALIASES.items():
    for _suffix in ("", "_"):
        if hasattr(Tensor, _target + _suffix):
            setattr(Tensor, _name + _suffix, getattr(Tensor, _target + _suffix))

setattr(Tensor, "nelement", Tensor.numel)
setattr(Tensor, "ndimension", Tensor.dim)
for _name in ("is_cuda", "is_quantized", "is_mps", "is_meta", "is_mkldnn", "is_xpu", "is_nested"):
    setattr(Tensor, _name, property(lambda self: False))
setattr(Tensor, "is_cpu", property(lambda self: True))
setattr(Tensor, "layout", property(lambda self: "sparse_coo" if self.is_sparse else "strided"))
# Before an array: numpy.float64(2) * tensor is a tensor.
setattr(Tensor, "__array_priority__", 1000)
setattr(Tensor, "output_nr", property(lambda self: (_C._gradient_edge(self) or (None, 0))[1]))


@_method
def __format__(self: Tensor, spec: str) -> str:
    """A tensor without dimensions is formatted as its number; a parameter only where a format is given, as in PyTorch."""
    as_number = self.ndim == 0 and (spec != "" or self.__class__ is Tensor)
    return format(self.item(), spec) if as_number else object.__format__(self, spec)


@_method
def where(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    """This tensor where condition holds, other elsewhere."""
    return _C.where(condition, self, other)


@_method
def retain_grad(self: Tensor) -> None:
    """Keeps this tensor's gradient in .grad, which only leaves have by themselves."""
    if self.is_leaf:
        return
    # A hook belongs to the graph, which belongs to the tensor.
    reference = weakref.ref(self)

    def keep(grad: Tensor) -> None:
        tensor = reference()
        if tensor is not None:
            tensor.grad = grad if tensor.grad is None else tensor.grad + grad

    self.register_hook(keep)


@_method
def register_post_accumulate_grad_hook(self: Tensor, hook: Callable[[Tensor], None]) -> Any:
    """Calls hook with this leaf whenever backward() has added to its .grad; handle.remove() takes the hook away."""

    # Layers of C++ make the object of a parameter anew for each who asks: the hook keeps this one.
    def call(grad: Tensor) -> None:
        hook(self)

    handle = HookHandle(call)
    _C._register_accumulation_hook(self, handle)
    return handle


@_method
def is_inference(self: Tensor) -> bool:
    """False: what inference_mode() makes is a tensor like any other."""
    return False


@_method
def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Overwrites with 1 with probability p, else 0."""
    return self.copy_(_C.rand(self.shape, generator=generator) < p)


# A dtype holds every integer below 2 to the power of this.
_INTEGER_BITS = {
    _C.bool: 1,
    _C.uint8: 8,
    _C.int8: 7,
    _C.uint16: 16,
    _C.int16: 15,
    _C.uint32: 32,
    _C.int32: 31,
    _C.uint64: 62,
    _C.int64: 62,
    _C.float16: 11,
    _C.bfloat16: 8,
    _C.float32: 24,
    _C.float64: 53,
}


@_method
def random_(self: Tensor, low: int = 0, high: int | None = None) -> Tensor:
    """Overwrites with integers in [low, high); with one number, in [0, low)."""
    if high is None:
        low, high = 0, low or 2 ** _INTEGER_BITS[self.dtype]
    return self.copy_(_C.randint(low, high, self.shape, dtype=self.dtype))


@_method
def new_tensor(self: Tensor, data: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """A copy of data, of this tensor's dtype."""
    return _C.tensor(data, dtype=dtype or self.dtype, requires_grad=requires_grad)


@_method
def new_empty(self: Tensor, *size: Any, dtype: Any = None, device: Any = "cpu", requires_grad: bool = False) -> Tensor:
    """Uninitialized, of this tensor's dtype."""
    return _C.empty(*size, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


@_method
def new_empty_strided(
    self: Tensor, size: Any, stride: Any, dtype: Any = None, device: Any = "cpu", requires_grad: bool = False
) -> Tensor:
    """Uninitialized under these extents and strides, of this tensor's dtype."""
    return _C.empty_strided(size, stride, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


@_method
def new_zeros(self: Tensor, *size: Any, dtype: Any = None, device: Any = "cpu", requires_grad: bool = False) -> Tensor:
    """Filled with 0, of this tensor's dtype."""
    return _C.zeros(*size, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


@_method
def new_ones(self: Tensor, *size: Any, dtype: Any = None, device: Any = "cpu", requires_grad: bool = False) -> Tensor:
    """Filled with 1, of this tensor's dtype."""
    return _C.ones(*size, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


@_method
def new_full(
    self: Tensor, size: Any, fill_value: Any, dtype: Any = None, device: Any = "cpu", requires_grad: bool = False
) -> Tensor:
    """Filled with one value, of this tensor's dtype."""
    return _C.full(size, fill_value, dtype=dtype or self.dtype, device=device, requires_grad=requires_grad)


@_method
def new(self: Tensor, *data: Any) -> Tensor:
    """Uninitialized memory of the given extents, or a copy of the data, of this tensor's dtype."""
    return tensor_of(self.dtype, data)


@_method
def type(self: Tensor, dtype: Any = None, non_blocking: bool = False) -> Any:
    """The name of the tensor's type, or a tensor of another one: a dtype, a name or a legacy type."""
    return type_(self, dtype, non_blocking)


@_method
def cuda(self: Tensor, device: Any = None, non_blocking: bool = False) -> Tensor:
    """An error: this build has no backend for a GPU."""
    return self.to(_C.device("cuda"))


@_method
def get_device(self: Tensor) -> int:
    """The number of the tensor's GPU; -1 for one on the CPU."""
    return -1


@_method
def is_nonzero(self: Tensor) -> bool:
    """Whether the only element is not zero."""
    return bool(self)


@_method
def is_pinned(self: Tensor) -> bool:
    """False: without a GPU no memory is pinned."""
    return False


@_method
def pin_memory(self: Tensor) -> Tensor:
    """The tensor itself: without a GPU no memory is pinned."""
    return self


@_method
def share_memory_(self: Tensor) -> Tensor:
    """The tensor itself. Processes that are forked later have copies of its memory, not the memory."""
    return self


@_method
def is_shared(self: Tensor) -> bool:
    """False: no memory is shared between processes."""
    return False


@_method
def apply_(self: Tensor, callable: Callable[..., Any]) -> Tensor:
    """Overwrites each element with what the function gives for it: slow."""
    flat = [callable(item) for item in self.reshape(-1).tolist()]
    return self.copy_(_C.tensor(flat, dtype=self.dtype).reshape(self.shape))


@_method
def map_(self: Tensor, tensor: Tensor, callable: Callable[..., Any]) -> Tensor:
    """Overwrites each element with what the function gives for it and that of the other tensor: slow."""
    pairs = zip(self.reshape(-1).tolist(), tensor.expand_as(self).reshape(-1).tolist())
    return self.copy_(_C.tensor([callable(a, b) for a, b in pairs], dtype=self.dtype).reshape(self.shape))


@_method
def as_subclass(self: Tensor, cls: Any) -> Any:
    """The same tensor as an object of a subclass of Tensor."""
    return _C._as_type(cls, self)


@_method
def hsplit(self: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """tensor_split along dim 1, or dim 0 of a vector."""
    parts: tuple[Tensor, ...] = self.tensor_split(indices_or_sections, 0 if self.ndim == 1 else 1)
    return parts


@_method
def vsplit(self: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """tensor_split along dim 0 of at least a matrix."""
    if self.ndim < 2:
        raise ValueError(f"vsplit: expected two dimensions at least, got {self.ndim}")
    parts: tuple[Tensor, ...] = self.tensor_split(indices_or_sections, 0)
    return parts


@_method
def dsplit(self: Tensor, indices_or_sections: Any) -> tuple[Tensor, ...]:
    """tensor_split along dim 2."""
    if self.ndim < 3:
        raise ValueError(f"dsplit: expected three dimensions at least, got {self.ndim}")
    parts: tuple[Tensor, ...] = self.tensor_split(indices_or_sections, 2)
    return parts


@_method
def untyped_storage(self: Tensor) -> Any:
    """The memory that the tensor views, as bytes."""
    return Storage(self, _C.uint8)


@_method
def storage(self: Tensor) -> Any:
    """The memory that the tensor views, as elements."""
    return Storage(self, self.dtype)


@_method
def __array_namespace__(self: Tensor, /, *, api_version: str | None = None) -> Any:
    """The functions of the Python array API standard: neura.array_api."""
    from neura import array_api

    if api_version not in (None, "2021.12", "2022.12", "2023.12", "2024.12"):
        raise ValueError(f"the array API of {api_version!r} is not known here; there is {array_api.__array_api_version__}")
    return array_api


@_method
def __complex__(self: Tensor) -> Any:
    """The number of a tensor of one element."""
    return complex(self.item())


@_method
def to_device(self: Tensor, device: Any, /, *, stream: Any = None) -> Tensor:
    """The tensor on a device, by the name of the array API."""
    if stream is not None:
        raise ValueError("to_device: the CPU has no streams")
    return self.to(device=device)
