"""Hooks of modules, before and after a call and on its way back: methods of neura.nn.Module."""

import collections
import warnings

from collections.abc import Callable
from typing import Any

from neura import _C
from neura._C import Tensor
from neura.nn.module import Module, RemovableHandle, _method


def _add_hook(self: Module, kind: str, hook: Callable[..., Any]) -> RemovableHandle:
    hooks = self.__dict__.setdefault(kind, collections.OrderedDict())
    handle = RemovableHandle(hooks)
    hooks[handle.id] = hook
    _C._count_hooks(1)
    return handle


@_method
def register_forward_pre_hook(self: Module, hook: Callable[..., Any]) -> Any:
    """Calls hook(module, args) before forward(); a result replaces the arguments."""
    return _add_hook(self, "_forward_pre_hooks", hook)


@_method
def register_forward_hook(self: Module, hook: Callable[..., Any]) -> Any:
    """Calls hook(module, args, output) after forward(); a result replaces the output."""
    return _add_hook(self, "_forward_hooks", hook)


@_method
def register_full_backward_pre_hook(self: Module, hook: Callable[..., Any]) -> Any:
    """Calls hook(module, grad_output) on the way back, before the gradients of what lies inside are computed; a result replaces
    the gradients of the outputs. They are a tuple, with None for what has none."""
    return _add_hook(self, "_backward_pre_hooks", hook)


@_method
def register_full_backward_hook(self: Module, hook: Callable[..., Any]) -> Any:
    """Calls hook(module, grad_input, grad_output) when the gradients of a call's positional arguments are known; a result replaces
    these. Both are tuples, with None for what has none; where no argument requires a gradient, the hook is called all the same."""
    return _add_backward_hook(self, hook, True)


@_method
def register_backward_hook(self: Module, hook: Callable[..., Any]) -> Any:
    """The older form of register_full_backward_hook(), not to be mixed with it on one module. PyTorch's sees the gradients of a
    module's last operation; here it sees those of the module's inputs, which are the same for modules of one operation of them."""
    return _add_backward_hook(self, hook, False)


def _add_backward_hook(self: Module, hook: Callable[..., Any], full: bool) -> RemovableHandle:
    if self.__dict__.setdefault("_is_full_backward_hook", full) is not full:
        raise RuntimeError(
            "Cannot use both regular backward hooks and full backward hooks on a single Module. Please use only one of them."
        )
    return _add_hook(self, "_backward_hooks", hook)


def _hooks(self: Module, kind: str) -> tuple[Callable[..., Any], ...]:
    return tuple(self.__dict__.get(kind, {}).values())


@_method
def _call_with_hooks(self: Module, *args: Any, **kwargs: Any) -> Any:
    for hook in _hooks(self, "_forward_pre_hooks"):
        result = hook(self, args)
        if result is not None:
            args = result if isinstance(result, tuple) else (result,)
    back = _way_back(self)
    if back is not None:
        args = tuple(_passed(back.inputs, args))
    output = self.forward(*args, **kwargs)
    for hook in _hooks(self, "_forward_hooks"):
        result = hook(self, args, output)
        if result is not None:
            output = result
    if back is None:
        return output
    if isinstance(output, Tensor):
        return _passed(back.outputs, [output])[0]
    if isinstance(output, dict):
        return type(output)(zip(output, _passed(back.outputs, output.values())))
    if not isinstance(output, (tuple, list)):
        warnings.warn(
            f"backward hooks of {type(self).__name__} are not called: its result is no Tensor, nor a tuple, list or dict of Tensors,"
            f" but {type(output).__name__}",
            stacklevel=2,
        )
        return output
    parts = _passed(back.outputs, output)
    return type(output)(*parts) if hasattr(output, "_fields") else type(output)(parts)


def _way_back(self: Module) -> Any:
    """What lets the hooks of a module see the gradients of one call; None where there are no such hooks."""
    first, last = _hooks(self, "_backward_pre_hooks"), _hooks(self, "_backward_hooks")
    if not first and not last:
        return None

    def before(grad_output: Any) -> Any:
        for hook in first:
            grad_output = _replaced("pre-hook", hook(self, grad_output), grad_output)
        return grad_output if first else None

    def after(grad_input: Any, grad_output: Any) -> Any:
        if not grad_output:
            return None  # a result that could not be followed
        for hook in last:
            grad_input = _replaced("hook", hook(self, grad_input, grad_output), grad_input)
        return grad_input if last else None

    return _C._WayBack(before, after)


def _replaced(kind: str, result: Any, gradients: Any) -> Any:
    if result is None:
        return gradients
    results = result if isinstance(result, tuple) else (result,)
    if not all(each is None or isinstance(each, Tensor) for each in results):
        raise TypeError(f"a full backward {kind} returns None, or a Tensor or a tuple of them for the gradients, not {result!r}")
    return results


def _passed(step: Callable[[list[Any]], list[Any]], values: Any) -> list[Any]:
    """The values, of which a step has replaced the tensors."""
    values = list(values)
    made = step([value if isinstance(value, Tensor) else None for value in values])
    return [new if isinstance(value, Tensor) else value for value, new in zip(values, made)]
