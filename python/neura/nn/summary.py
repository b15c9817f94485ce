"""What a module consists of and what one call of it costs; C++ counts (nn/summary.h)."""

from typing import Any, NamedTuple

from neura import _C
from neura._C import Tensor
from neura.nn.module import Module


class LayerSummary(NamedTuple):
    """A module of the tree; what is counted is its own, without the modules in it."""

    name: str
    type: str
    depth: int
    calls: int
    output_shapes: list[tuple[int, ...]]
    parameters: int
    trainable: int
    multiply_adds: int
    output_bytes: int


class ModelSummary:
    """What summary() has found: a table where it is printed."""

    def __init__(self, found: tuple[Any, ...]) -> None:
        rows, *numbers, text = found
        self._text: str = text
        self.layers = [LayerSummary(*row) for row in rows]
        self.parameters, self.trainable, self.multiply_adds, self.input_bytes, self.output_bytes, self.parameter_bytes = numbers

    def __repr__(self) -> str:
        return self._text.rstrip("\n")


def summary(module: Module, *args: Any, **kwargs: Any) -> ModelSummary:
    """Calls module(*args, **kwargs) once, in evaluation and without gradients, and tells of each layer the shape of its output, its
    parameters and its multiply-adds, those of matrix products and convolutions, with sums and bytes below.

        print(neura.summary(model, neura.zeros(1, 3, 32, 32)))
    """
    if not isinstance(module, Module):
        raise TypeError(f"summary() takes a Module and its inputs, not {type(module).__name__}")
    if any(_is_shape(value) for value in (*args, *kwargs.values())):
        raise TypeError("summary() takes the inputs themselves, such as neura.zeros(1, 3, 32, 32), not their shapes")
    counting = _C._Summarizer(module)
    handles = []
    for each in module.modules():
        handles.append(each.register_forward_pre_hook(lambda m, _: counting.enter(m)))
        handles.append(each.register_forward_hook(lambda m, _, output: counting.leave(m, _tensors(output))))
    try:
        module(*args, **kwargs)
        return ModelSummary(counting.finish(_tensors([*args, *kwargs.values()])))
    finally:
        for handle in handles:
            handle.remove()
        counting.close()  # here, not when the last traceback that knows of it is dropped


def _is_shape(value: Any) -> bool:
    return isinstance(value, (tuple, list)) and len(value) > 1 and all(isinstance(extent, int) for extent in value)


def _tensors(value: Any) -> list[Tensor]:
    """The tensors in a result."""
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [tensor for part in value for tensor in _tensors(part)] if isinstance(value, (tuple, list)) else []
