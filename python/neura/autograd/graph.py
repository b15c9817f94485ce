"""Graphs: what they keep, where gradients are made, pictures of them."""

import contextlib
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from neura import _C
from neura._C import Tensor

Node = _C._GradFn


class GradientEdge(NamedTuple):
    """Where a gradient is made: a node, and which of its outputs."""

    node: Any
    output_nr: int


def get_gradient_edge(tensor: Tensor) -> GradientEdge:
    """Where the gradient of a tensor is made."""
    edge = _C._gradient_edge(tensor)
    if edge is None:
        raise RuntimeError("get_gradient_edge: the tensor does not require a gradient")
    return GradientEdge(*edge)


_refusals = threading.local()


@contextlib.contextmanager
def disable_saved_tensors_hooks(error_message: str) -> Iterator[None]:
    """Inside, entering saved_tensors_hooks is an error with this message."""
    before = getattr(_refusals, "message", None)
    _refusals.message = error_message
    try:
        yield
    finally:
        _refusals.message = before


class _Handles:
    """Of several hooks."""

    def __init__(self, handles: list[Any]) -> None:
        self._handles = handles

    def remove(self) -> None:
        """Takes the hooks away."""
        for handle in self._handles:
            handle.remove()


def register_multi_grad_hook(tensors: Sequence[Tensor], fn: Callable[[Sequence[Tensor | None]], None]) -> _Handles:
    """Calls fn with the gradients of all tensors at the end of a backward pass that computes any of them; None stands for
    those that it does not reach. handle.remove() takes the hook away."""
    met: dict[int, Tensor] = {}

    def hook(place: int, grad: Tensor) -> None:
        if place in met:  # of a pass that failed
            met.clear()
        if not met:
            _C._queue_callback(end)
        met[place] = grad

    def end() -> None:
        grads = [met.get(place) for place in range(len(tensors))]
        met.clear()
        fn(grads)

    return _Handles([t.register_hook(lambda grad, place=place: hook(place, grad)) for place, t in enumerate(tensors)])


class saved_tensors_hooks:
    """Inside, operations keep pack_hook(tensor) of what backward needs, and unpack_hook() of that brings it back."""

    def __init__(self, pack_hook: Callable[[Tensor], Any], unpack_hook: Callable[[Any], Tensor]) -> None:
        self.pack_hook, self.unpack_hook = pack_hook, unpack_hook
        self._scopes: list[Any] = []

    def __enter__(self) -> None:
        if refusal := getattr(_refusals, "message", None):
            raise RuntimeError(refusal)
        scope = _C._SavedTensors(self.pack_hook, self.unpack_hook)
        scope.enter()
        self._scopes.append(scope)

    def __exit__(self, *exception: Any) -> None:
        self._scopes.pop().exit()


class save_on_cpu(saved_tensors_hooks):
    """Inside, what backward needs is kept in the host's memory."""

    def __init__(self, pin_memory: bool = False, device_type: str = "cuda") -> None:
        super().__init__(lambda t: (t.device, t.cpu()), _bring_back)


def _bring_back(kept: tuple[Any, Tensor]) -> Tensor:
    device, tensor = kept
    return tensor.to(device)


def dot(*tensors: Tensor) -> str:
    """What led to the tensors, in the language of Graphviz."""
    text: str = _C._dot(tensors)
    return text
