"""Methods of Tensor that are written in Python."""

import weakref
from collections.abc import Callable
from typing import Any

from neura import _C
from neura._C import Generator, Tensor
from neura._aliases import ALIASES
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
setattr(Tensor, "is_cuda", property(lambda self: False))
setattr(Tensor, "output_nr", property(lambda self: (_C._gradient_edge(self) or (None, 0))[1]))


@_method
def __format__(self: Tensor, spec: str) -> str:
    """A tensor of one element is formatted as its number."""
    return format(self.item(), spec) if spec and self.ndim == 0 else object.__format__(self, spec)


@_method
def short(self: Tensor) -> Tensor:
    """Cast to int16."""
    return self.to(_C.int16)


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
    # The tensor keeps its hooks.
    reference = weakref.ref(self)

    def call(grad: Tensor) -> None:
        tensor = reference()
        if tensor is not None:
            hook(tensor)

    handle = HookHandle(call)
    _C._register_accumulation_hook(self, handle)
    return handle


@_method
def is_inference(self: Tensor) -> bool:
    """False: what inference_mode() makes is a tensor like any other."""
    return False


@_method
def index_add_(self: Tensor, dim: int, index: Tensor, source: Tensor) -> Tensor:
    """Adds each slice of source at the slice of dim that index names."""
    return self.copy_(self.index_add(dim, index, source))


@_method
def scatter_add_(self: Tensor, dim: int, index: Tensor, src: Tensor) -> Tensor:
    """Adds each element of src at the place along dim that index names."""
    return self.copy_(self.scatter_add(dim, index, src))


@_method
def scatter_(self: Tensor, dim: int, index: Tensor, src: Any = None, *, value: Any = None) -> Tensor:
    """Overwrites the places along dim that index names with src, a tensor or a number."""
    return self.copy_(self.scatter(dim, index, value if src is None else src))


@_method
def bernoulli_(self: Tensor, p: Any = 0.5, *, generator: Generator | None = None) -> Tensor:
    """Overwrites with 1 with probability p, else 0."""
    return self.copy_(_C.rand(self.shape, generator=generator) < p)


# A dtype holds every integer below 2 to the power of this.
_INTEGER_BITS = {
    _C.bool: 1,
    _C.uint8: 8,
    _C.int8: 7,
    _C.int16: 15,
    _C.int32: 31,
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
def new_empty(self: Tensor, *size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Uninitialized, of this tensor's dtype."""
    return _C.empty(*size, dtype=dtype or self.dtype, requires_grad=requires_grad)


@_method
def new_zeros(self: Tensor, *size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Filled with 0, of this tensor's dtype."""
    return _C.zeros(*size, dtype=dtype or self.dtype, requires_grad=requires_grad)


@_method
def new_ones(self: Tensor, *size: Any, dtype: Any = None, requires_grad: bool = False) -> Tensor:
    """Filled with 1, of this tensor's dtype."""
    return _C.ones(*size, dtype=dtype or self.dtype, requires_grad=requires_grad)


@_method
def new_full(
    self: Tensor, size: Any, fill_value: Any, dtype: Any = None, requires_grad: bool = False
) -> Tensor:
    """Filled with one value, of this tensor's dtype."""
    return _C.full(size, fill_value, dtype=dtype or self.dtype, requires_grad=requires_grad)
