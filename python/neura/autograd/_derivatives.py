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
    is_grads_batched: bool = False,
    materialize_grads: bool = False,
) -> tuple[Tensor, ...]:
    """The gradients of the sum of `outputs` for each of `inputs`, as a tuple; no .grad changes.

    With is_grads_batched, grad_outputs are many, along a first dimension, and so are the gradients. Inputs that the outputs
    do not depend on are an error, None with allow_unused, or zeros with materialize_grads.
    """
    from_, to = _listed(outputs), _listed(inputs)
    given = None if grad_outputs is None else _listed(grad_outputs)
    retain = create_graph if retain_graph is None else retain_graph

    def run(*weights: Tensor) -> tuple[Tensor, ...]:
        found = _C._grad(from_, to, weights or None, retain, create_graph, allow_unused or materialize_grads)
        zeros = materialize_grads or is_grads_batched
        return tuple(_C.zeros_like(i) if g is None and zeros else g for g, i in zip(found, to))

    if not is_grads_batched:
        return run(*given or ())
    from neura.func import vmap

    grads: tuple[Tensor, ...] = vmap(run)(*given or ())
    return grads


def backward(
    tensors: Tensor | Iterable[Tensor],
    grad_tensors: Tensor | Iterable[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    inputs: Tensor | Iterable[Tensor] | None = None,
) -> None:
    """Adds the gradient of the sum of `tensors` to .grad of every leaf, or of those among `inputs`."""
    grads = () if grad_tensors is None else _listed(grad_tensors)
    retain = create_graph if retain_graph is None else retain_graph
    _C._backward(_listed(tensors), grads, retain, create_graph, () if inputs is None else _listed(inputs))


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
