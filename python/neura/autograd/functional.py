"""Products with Jacobians and Hessians of functions, and these themselves, as PyTorch names them.

Inputs and what a function returns are a tensor or a tuple of tensors; results have the same form.
"""

from collections.abc import Callable
from typing import Any

from neura import _C
from neura._C import Tensor
from neura.autograd.function import _forward

_Function = Callable[..., Any]


class _Call:
    """A function of a tuple of tensors, which remembers whether it returned one tensor."""

    def __init__(self, func: _Function) -> None:
        self._func = func
        self.single = True

    def __call__(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        result = self._func(*inputs)
        self.single = isinstance(result, Tensor)
        return (result,) if self.single else tuple(result)


def _tuple(tensors: Any) -> tuple[Any, ...]:
    if tensors is None:
        return ()
    return (tensors,) if isinstance(tensors, Tensor) else tuple(tensors)


def _like(tensors: tuple[Any, ...], single: bool) -> Any:
    return tensors[0] if single else tuple(tensors)


def _product(product: Any, func: _Function, inputs: Any, v: Any, like_inputs: bool, *options: bool) -> Any:
    call = _Call(func)
    outputs, products = product(call, _tuple(inputs), _tuple(v), *options)
    single = isinstance(inputs, Tensor) if like_inputs else call.single
    return _like(outputs, call.single), _like(products, single)


def vjp(func: _Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """(outputs, v^T J): for each input the gradient of the sum of v times the outputs.

    v may be left out where the only output has one element. Only with create_graph do the results belong to a graph.
    With strict, an output that does not depend on an input is an error rather than a zero.
    """
    return _product(_C._vjp, func, inputs, v, True, create_graph, strict)


def jvp(func: _Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """(outputs, J v): how each output changes when the inputs change by v; otherwise as vjp()."""
    with _forward:
        return _product(_C._jvp, func, inputs, v, False, create_graph, strict)


def hvp(func: _Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """(value, H v) of a function of one number; otherwise as vjp()."""
    return _product(_C._hvp, func, inputs, v, True, create_graph, strict)


def vhp(func: _Function, inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """(value, v^T H), which is hvp(): a Hessian is symmetric."""
    return hvp(func, inputs, v, create_graph, strict)


def _matrix(rows: Any, single_output: bool, single_input: bool) -> Any:
    return _like(tuple(_like(row, single_input) for row in rows), single_output)


def jacobian(
    func: _Function,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """The derivative of each output for each input, of the output's shape followed by the input's.

    vectorize computes all rows at once, by vmap; with strategy="forward-mode", all columns.
    """
    call = _Call(func)
    if strategy == "forward-mode":
        if create_graph or strict or not vectorize:
            raise ValueError("jacobian: strategy='forward-mode' needs vectorize=True and neither create_graph nor strict")
        from neura.func import jacfwd

        several = _tuple(inputs)
        result = jacfwd(call, tuple(range(len(several))))(*several)
        rows = [[column.detach() for column in row] for row in result]
    elif strategy == "reverse-mode":
        rows = _C._jacobian(call, _tuple(inputs), create_graph, strict, vectorize)
    else:
        raise ValueError(f"jacobian: strategy must be 'reverse-mode' or 'forward-mode', not {strategy!r}")
    return _matrix(rows, call.single, isinstance(inputs, Tensor))


def hessian(
    func: _Function,
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """The second derivatives of a function of one number for each pair of inputs, of both their shapes."""
    if outer_jacobian_strategy not in ("reverse-mode", "forward-mode"):
        raise ValueError(
            f"hessian: outer_jacobian_strategy must be 'reverse-mode' or 'forward-mode', not {outer_jacobian_strategy!r}"
        )
    single = isinstance(inputs, Tensor)
    # Symmetric, so that both strategies give the same; backward takes fewer passes.
    rows = _C._hessian(_Call(func), _tuple(inputs), create_graph, strict, vectorize)
    return _matrix(rows, single, single)
