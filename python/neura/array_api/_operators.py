"""Operators of tensors as the standard has them."""

import threading

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from neura._C import Tensor
from neura.array_api import _elementwise

_FUNCTIONS = {
    "add": _elementwise.add,
    "sub": _elementwise.subtract,
    "mul": _elementwise.multiply,
    "truediv": _elementwise.divide,
    "floordiv": _elementwise.floor_divide,
    "mod": _elementwise.remainder,
    "pow": _elementwise.pow,
    "and": _elementwise.bitwise_and,
    "or": _elementwise.bitwise_or,
    "xor": _elementwise.bitwise_xor,
    "lshift": _elementwise.bitwise_left_shift,
    "rshift": _elementwise.bitwise_right_shift,
}
_COMPARISONS = {
    "lt": _elementwise.less,
    "le": _elementwise.less_equal,
    "gt": _elementwise.greater,
    "ge": _elementwise.greater_equal,
    "eq": _elementwise.equal,
    "ne": _elementwise.not_equal,
}
_Operator = Callable[[Tensor, Any], Any]


def _operator(function: Callable[[Any, Any], Tensor], otherwise: _Operator, arrange: _Operator) -> _Operator:
    # Whatever the standard has no rule for, NumPy's arrays or lists, keeps its own.
    def of_two(self: Tensor, other: Any) -> Any:
        if not isinstance(other, (Tensor, bool, int, float, complex)):
            return otherwise(self, other)
        return arrange(self, other)

    of_two.__name__ = otherwise.__name__
    of_two.__doc__ = function.__doc__
    return of_two


def _standard() -> dict[str, _Operator]:
    operators: dict[str, _Operator] = {}

    def add(name: str, function: Callable[[Any, Any], Tensor], arrange: _Operator) -> None:
        operators[name] = _operator(function, getattr(Tensor, name), arrange)

    for name, function in (_FUNCTIONS | _COMPARISONS).items():
        add(f"__{name}__", function, function)
    for name, function in _FUNCTIONS.items():
        add(f"__r{name}__", function, lambda x1, x2, function=function: function(x2, x1))  # type: ignore[misc]
    # In place alone differs what is left of an infinity; the dtype is the first operand's by both.
    floor = _elementwise.floor_divide
    add("__ifloordiv__", floor, lambda x1, x2: x1.copy_(floor(x1, x2)))
    return operators


@contextmanager
def standard_operators() -> Iterator[None]:
    """Operators of all tensors, in all threads, are the functions of this namespace until the block ends.

        with array_api.standard_operators():
            (array_api.asarray(1.0, dtype=array_api.float64) + array_api.ones(2, dtype=array_api.float32)).dtype  # float64

    Otherwise they are PyTorch's, which differ in two points: a tensor without dimensions has a say in the dtype of a result
    by its kind alone, and inf // 2.0 is nan.
    """
    global _uses
    with _lock:
        if _uses == 0:
            _before.update({name: getattr(Tensor, name) for name in _OPERATORS})
            _set(_OPERATORS)
        _uses += 1
    try:
        yield
    finally:
        with _lock:
            _uses -= 1
            if _uses == 0:
                _set(_before)


def _set(operators: dict[str, _Operator]) -> None:
    for name, operator in operators.items():
        setattr(Tensor, name, operator)


_OPERATORS = _standard()
# Blocks of several threads may overlap: the first one that begins changes the operators, and the last one that ends restores them.
_lock = threading.Lock()
_uses = 0
_before: dict[str, _Operator] = {}
