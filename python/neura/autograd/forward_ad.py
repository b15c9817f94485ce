"""Derivatives forward: tensors that carry one, and what is computed of them.

    with dual_level():
        x = make_dual(point, direction)
        primal, tangent = unpack_dual(f(x))

The tangent is made of two passes backward when it is asked for, so that a dual tensor requires a gradient, and what is
computed inside a no_grad() is a constant.
"""

import threading
from typing import Any, NamedTuple

from neura import _C
from neura._C import Tensor
from neura.autograd.function import _forward
from neura.autograd.grad_mode import enable_grad


class UnpackedDualTensor(NamedTuple):
    """A tensor and its tangent, or None where it does not depend on a dual one."""

    primal: Tensor
    tangent: Tensor | None


class _Levels(threading.local):
    def __init__(self) -> None:
        self.stack: list[list[tuple[Tensor, Tensor]]] = []


_levels = _Levels()


class dual_level:
    """Inside, tensors can be made dual; what they carry ends with it. Levels do not nest, as in PyTorch."""

    def __enter__(self) -> int:
        return enter_dual_level()

    def __exit__(self, *exception: Any) -> None:
        exit_dual_level()


def enter_dual_level() -> int:
    """Begins a level; returns its number."""
    if _levels.stack:
        raise RuntimeError("forward_ad: dual levels do not nest")
    _levels.stack.append([])
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """Ends the level."""
    _duals("exit_dual_level")
    _levels.stack.pop()


def _duals(caller: str) -> list[tuple[Tensor, Tensor]]:
    if not _levels.stack:
        raise RuntimeError(f"{caller}: there is no dual_level()")
    return _levels.stack[-1]


def make_dual(tensor: Tensor, tangent: Tensor, *, level: int | None = None) -> Tensor:
    """The tensor with a direction in which it changes, of its shape and dtype."""
    if tangent.shape != tensor.shape or tangent.dtype != tensor.dtype:
        raise ValueError(
            f"make_dual: the tangent of a {tensor.dtype} tensor of shape {tuple(tensor.shape)} cannot be a "
            f"{tangent.dtype} one of {tuple(tangent.shape)}"
        )
    duals = _duals("make_dual")
    (dual,) = _C._fresh([tensor], True)
    duals.append((dual, tangent))
    made: Tensor = dual
    return made


def unpack_dual(tensor: Tensor, *, level: int | None = None) -> UnpackedDualTensor:
    """The value and its derivative in the directions of the dual tensors that it was computed of."""
    duals = _duals("unpack_dual")
    fresh = [dual for dual, _ in duals]
    others = _C._depend_on_others([tensor], fresh)
    primal = tensor if others else tensor.detach()
    if not tensor.requires_grad or not fresh:
        return UnpackedDualTensor(primal, None)
    with enable_grad(), _forward:
        u = _C.zeros_like(tensor).requires_grad_()
        grads = _C._grad([tensor], fresh, [u], True, True, True)
        pairs = [(g, t) for g, (_, t) in zip(grads, duals) if g is not None and g.requires_grad]
        if not pairs:
            return UnpackedDualTensor(primal, None)
        given = [t for _, t in pairs]
        graph = others or _C._depend_on_others(given, ())
        (tangent,) = _C._grad([g for g, _ in pairs], [u], given, True, graph, True)
    return UnpackedDualTensor(primal, tangent)
