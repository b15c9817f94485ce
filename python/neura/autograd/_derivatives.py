"""Gradients of tensors, and numerical checks of them."""

from collections.abc import Callable, Iterable
from typing import Any

from neura import _C
from neura._C import Tensor


def _listed(tensors: Tensor | Iterable[Any]) -> list[Any]:
    return [tensors] if isinstance(tensors, Tensor) else list(tensors)


def grad(
    outputs: Tensor | Iterable[Tensor],
    inputs: Tensor | Iterable[Tensor],
    grad_outputs: Tensor | Iterable[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Tensor, ...]:
    """The gradients of the sum of `outputs` for each of `inputs`, as a tuple; no .grad changes."""
    given = None if grad_outputs is None else _listed(grad_outputs)
    retain = create_graph if retain_graph is None else retain_graph
    grads: tuple[Tensor, ...] = _C._grad(
        _listed(outputs), _listed(inputs), given, retain, create_graph, allow_unused
    )
    return grads


def backward(
    tensors: Tensor | Iterable[Tensor],
    grad_tensors: Tensor | Iterable[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
) -> None:
    """Adds the gradient of the sum of `tensors` to .grad of every leaf."""
    tensors = _listed(tensors)
    grads = [None] * len(tensors) if grad_tensors is None else _listed(grad_tensors)
    retain = create_graph if retain_graph is None else retain_graph
    for i, (tensor, gradient) in enumerate(zip(tensors, grads)):
        last = i + 1 == len(tensors)
        tensor.backward(gradient, retain_graph=retain or not last, create_graph=create_graph)


class HookHandle:
    """What register_hook() returns: calls the hook until remove() takes it away."""

    def __init__(self, hook: Callable[[Tensor], Any]) -> None:
        self._hook: Callable[[Tensor], Any] | None = hook

    def __call__(self, grad: Tensor) -> Any:
        return None if self._hook is None else self._hook(grad)

    def remove(self) -> None:
        self._hook = None


def _check(
    func: Callable[..., Any], inputs: Any, eps: float, atol: float, rtol: float, second: bool, raise_exception: bool
) -> bool:
    try:
        return bool(_C._gradcheck(func, _listed(inputs), eps, atol, rtol, second))
    except _C.GradcheckError:
        if raise_exception:
            raise
        return False


def gradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Iterable[Any],
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
) -> bool:
    """Whether gradients agree with central differences, for float64 inputs.

    Where they do not: RuntimeError, or False without raise_exception.
    """
    return _check(func, inputs, eps, atol, rtol, False, raise_exception)


def gradgradcheck(
    func: Callable[..., Any],
    inputs: Tensor | Iterable[Any],
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
) -> bool:
    """The same for the gradients of the gradients."""
    return _check(func, inputs, eps, atol, rtol, True, raise_exception)


def Variable(data: Tensor, requires_grad: bool = False) -> Tensor:
    """PyTorch's old name of a tensor that may require a gradient: the same memory under a new tensor."""
    return data.detach().requires_grad_(requires_grad)
