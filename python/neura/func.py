"""Functions of functions: derivatives, maps over examples, modules as functions, as in torch.func.

Arguments and results may be tuples, lists and dicts of tensors. Transforms nest in any order.
"""

import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from neura import _C
from neura._C import Tensor
from neura._trees import flatten, spread, unflatten
from neura.autograd.function import VmapInfo, _forward, mapping
from neura.autograd.grad_mode import enable_grad, is_grad_enabled, no_grad
from neura.nn.module import Module

_Function = Callable[..., Any]

__all__ = [
    "functional_call",
    "grad",
    "grad_and_value",
    "hessian",
    "jacfwd",
    "jacrev",
    "jvp",
    "linearize",
    "stack_module_state",
    "vjp",
    "vmap",
]


def _tensors_of(tree: Any, what: str) -> tuple[list[Tensor], Any]:
    leaves, form = flatten(tree)
    for leaf in leaves:
        if not isinstance(leaf, Tensor):
            raise ValueError(f"{what} must be tensors, or tuples, lists and dicts of them, not {type(leaf).__name__}")
    return leaves, form


class _Run(NamedTuple):
    """What a function made of inputs of its own."""

    fresh: list[Tensor]
    outputs: list[Tensor]
    form: Any  # of the outputs
    aux: Any
    others: bool  # the outputs depend on tensors besides these inputs, and somebody records

    def gradients(self, cotangents: list[Tensor], retain: bool) -> list[Tensor]:
        """The gradients of the outputs, weighted, for the inputs."""
        graph = self.others or (is_grad_enabled() and _C._depend_on_others(cotangents, ()))
        return _grad_or_zeros(self.outputs, self.fresh, cotangents, retain, graph)

    def results(self, tensors: list[Tensor]) -> list[Tensor]:
        """Results without what led to these inputs, where that is all that led to them."""
        return tensors if self.others else [t.detach() for t in tensors]

    def value(self) -> Any:
        return unflatten(self.results(self.outputs), self.form)

    def extra(self) -> Any:
        leaves, form = flatten(self.aux)
        return unflatten([self.results([x])[0] if isinstance(x, Tensor) else x for x in leaves], form)


def _run(call: Callable[[list[Tensor]], Any], inputs: list[Tensor], has_aux: bool, caller: str) -> _Run:
    recorded = is_grad_enabled()
    with enable_grad():
        fresh = list(_C._fresh(inputs, recorded))
        result = call(fresh)
    aux = None
    if has_aux:
        if not isinstance(result, tuple) or len(result) != 2:
            raise ValueError(f"{caller}: with has_aux the function must return (output, aux)")
        result, aux = result
    outputs, form = _tensors_of(result, f"{caller}: what the function returns")
    return _Run(fresh, outputs, form, aux, recorded and _C._depend_on_others(outputs, fresh))


def _grad_or_zeros(
    outputs: list[Tensor], inputs: list[Tensor], cotangents: list[Tensor], retain: bool, graph: bool
) -> list[Tensor]:
    pairs = [(o, c) for o, c in zip(outputs, cotangents) if o.requires_grad]
    grads: Any = [None] * len(inputs)
    if pairs:
        grads = _C._grad([o for o, _ in pairs], inputs, [c for _, c in pairs], retain, graph, True)
    return [_C.zeros_like(i) if g is None else g for g, i in zip(grads, inputs)]


def _chosen(argnums: int | tuple[int, ...], args: tuple[Any, ...], caller: str) -> tuple[list[Tensor], Any, Any]:
    """The tensors of the arguments to differentiate for, their form, and all arguments with others in their place."""
    places = (argnums,) if isinstance(argnums, int) else tuple(argnums)
    for place in places:
        if not -len(args) <= place < len(args):
            raise ValueError(f"{caller}: argnums={argnums} names none of {len(args)} arguments")
    tensors, form = _tensors_of(
        args[places[0]] if isinstance(argnums, int) else tuple(args[p] for p in places), f"{caller}: arguments"
    )

    def others(fresh: list[Tensor]) -> list[Any]:
        values = unflatten(fresh, form)
        full = list(args)
        for place, value in zip(places, (values,) if isinstance(argnums, int) else values):
            full[place] = value
        return full

    return tensors, form, others


# ---- derivatives -----------------------------------------------------------------------------


def grad_and_value(func: _Function, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> _Function:
    """A function that returns (gradient, value) of one that returns a number; with has_aux (gradient, (value, aux))."""

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        tensors, form, others = _chosen(argnums, args, "grad")
        run = _run(lambda fresh: func(*others(fresh), **kwargs), tensors, has_aux, "grad")
        if len(run.outputs) != 1 or run.outputs[0].ndim != 0:
            raise RuntimeError("grad: the function must return one tensor without dimensions")
        gradient = unflatten(run.gradients([_C.ones_like(run.outputs[0])], run.others), form)
        value = run.value()
        return gradient, ((value, run.extra()) if has_aux else value)

    return wrapped


def grad(func: _Function, argnums: int | tuple[int, ...] = 0, has_aux: bool = False) -> _Function:
    """A function that returns the gradient of one that returns a number; with has_aux (gradient, aux)."""
    both = grad_and_value(func, argnums, has_aux)

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        gradient, value = both(*args, **kwargs)
        return (gradient, value[1]) if has_aux else gradient

    return wrapped


def vjp(func: _Function, *primals: Any, has_aux: bool = False) -> Any:
    """(output, function): the function takes v, of the output's form, and returns v^T J for each of primals.

    With has_aux, func returns (output, aux), and this (output, function, aux).
    """
    tensors, form = _tensors_of(primals, "vjp: primals")
    run = _run(lambda fresh: func(*unflatten(fresh, form)), tensors, has_aux, "vjp")

    def product(cotangents: Any) -> Any:
        given, given_form = _tensors_of(cotangents, "vjp: cotangents")
        if len(given) != len(run.outputs):
            raise RuntimeError(f"vjp: {len(given)} cotangents for {len(run.outputs)} outputs: {given_form!r}")
        result = unflatten(run.gradients(given, True), form)
        return result[0] if len(primals) == 1 else result

    return (run.value(), product, run.extra()) if has_aux else (run.value(), product)


class _Linear:
    """J of a run: for tangents of its inputs those of its outputs."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        with enable_grad():
            self._u = [_C.zeros_like(o).requires_grad_(o.requires_grad) for o in run.outputs]
            self._products = _grad_or_zeros(run.outputs, run.fresh, self._u, True, True)

    def __call__(self, tangents: list[Tensor]) -> list[Tensor]:
        wanted = [u for u in self._u if u.requires_grad]
        graph = self._run.others or (is_grad_enabled() and _C._depend_on_others(tangents, ()))
        found = iter(_grad_or_zeros(self._products, wanted, tangents, True, graph))
        return [next(found) if u.requires_grad else _C.zeros_like(u) for u in self._u]


def _tangents_for(run: _Run, tangents: Any, form: Any, caller: str) -> list[Tensor]:
    given, given_form = _tensors_of(tangents, f"{caller}: tangents")
    if len(given) != len(run.fresh) or any(t.shape != f.shape for t, f in zip(given, run.fresh)):
        raise RuntimeError(f"{caller}: tangents must have the form and the shapes of primals: {given_form!r}, {form!r}")
    return given


def jvp(func: _Function, primals: Any, tangents: Any, *, strict: bool = False, has_aux: bool = False) -> Any:
    """(output, J v): how the output changes when primals change by tangents; with has_aux (output, J v, aux)."""
    tensors, form = _tensors_of(tuple(primals), "jvp: primals")
    with _forward:
        run = _run(lambda fresh: func(*unflatten(fresh, form)), tensors, has_aux, "jvp")
        given = _tangents_for(run, tuple(tangents), form, "jvp")
        if strict and not all(o.requires_grad for o in run.outputs):
            raise RuntimeError("jvp: an output does not depend on the primals")
        product = unflatten(_Linear(run)(given), run.form)
    return (run.value(), product, run.extra()) if has_aux else (run.value(), product)


def linearize(func: _Function, *primals: Any) -> Any:
    """(output, function): the function takes tangents and returns J v without running func again."""
    tensors, form = _tensors_of(primals, "linearize: primals")
    with _forward:
        run = _run(lambda fresh: func(*unflatten(fresh, form)), tensors, False, "linearize")
        linear = _Linear(run)

    def product(*tangents: Any) -> Any:
        return unflatten(linear(_tangents_for(run, tangents, form, "linearize")), run.form)

    return run.value(), product


def _units(tensors: list[Tensor], place: int) -> list[Tensor]:
    """For each element of one of the tensors, 1 there and 0 everywhere else."""
    count = tensors[place].numel()
    return [
        _C.eye(count, dtype=t.dtype).reshape((count, *t.shape)) if i == place else _C.zeros(count, *t.shape, dtype=t.dtype)
        for i, t in enumerate(tensors)
    ]


def jacrev(
    func: _Function, argnums: int | tuple[int, ...] = 0, *, has_aux: bool = False, chunk_size: int | None = None
) -> _Function:
    """A function that returns the Jacobian of another: for each output the form of the arguments, of both shapes.

    One pass backward over a batch of all rows, or over chunk_size of them at a time.
    """

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        tensors, form, others = _chosen(argnums, args, "jacrev")
        run = _run(lambda fresh: func(*others(fresh), **kwargs), tensors, has_aux, "jacrev")
        rows = []
        for place, output in enumerate(run.outputs):
            products = vmap(lambda *units: run.gradients(list(units), True), chunk_size=chunk_size)
            found = products(*_units(run.outputs, place))
            rows.append(unflatten([g.reshape((*output.shape, *t.shape)) for g, t in zip(found, tensors)], form))
        jacobian = unflatten(rows, run.form)
        return (jacobian, run.extra()) if has_aux else jacobian

    return wrapped


def jacfwd(
    func: _Function, argnums: int | tuple[int, ...] = 0, has_aux: bool = False, *, randomness: str = "error"
) -> _Function:
    """As jacrev(), by a forward derivative over a batch of all columns."""

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        tensors, form, others = _chosen(argnums, args, "jacfwd")
        with _forward:
            run = _run(lambda fresh: func(*others(fresh), **kwargs), tensors, has_aux, "jacfwd")
            linear = _Linear(run)
            columns = []  # for each input one for each output
            for place, tensor in enumerate(tensors):
                found = vmap(lambda *units: linear(list(units)), out_dims=-1, randomness=randomness)(
                    *_units(tensors, place)
                )
                columns.append([c.reshape((*o.shape, *tensor.shape)) for c, o in zip(found, run.outputs)])
        jacobian = unflatten([unflatten(row, form) for row in zip(*columns)], run.form)
        return (jacobian, run.extra()) if has_aux else jacobian

    return wrapped


def hessian(func: _Function, argnums: int | tuple[int, ...] = 0) -> _Function:
    """A function that returns the second derivatives of another: jacfwd(jacrev(func))."""
    return jacfwd(jacrev(func, argnums), argnums)


# ---- maps ------------------------------------------------------------------------------------


def _is_dim(value: Any) -> bool:
    return value is None or isinstance(value, int)


def _batch_size(leaves: list[Any], dims: list[int | None]) -> int:
    sizes = set()
    for leaf, dim in zip(leaves, dims):
        if dim is None:
            continue
        if not isinstance(leaf, Tensor):
            raise ValueError(f"vmap: in_dims names a dimension of a {type(leaf).__name__}, which is no tensor")
        if not -leaf.ndim <= dim < leaf.ndim:
            raise ValueError(f"vmap: a tensor of shape {tuple(leaf.shape)} has no dimension {dim}")
        sizes.add(leaf.shape[dim])
    if len(sizes) != 1:
        raise ValueError(f"vmap: inputs must have one number of examples, not {sorted(sizes)}")
    return int(sizes.pop())


def vmap(
    func: _Function,
    in_dims: Any = 0,
    out_dims: Any = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> _Function:
    """A function that maps func, which sees one example, over all of them at once.

    in_dims and out_dims say where examples are counted, for all or for each argument and result; None for what all of them
    share. Keyword arguments are counted by their first dimension. randomness says whether random operations are an 'error',
    give all examples the 'same' numbers or 'different' ones. With chunk_size, so many examples are computed at a time.
    """

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        leaves, form = flatten((args, kwargs))
        count = len(flatten(args)[0])
        dims = spread(in_dims if _is_dim(in_dims) else tuple(in_dims), form[0], _is_dim, "vmap: in_dims")
        dims += [0] * (len(leaves) - count)
        size = _batch_size(leaves, dims)
        step = size if chunk_size is None else chunk_size
        if step < 1 and size > 0:
            raise ValueError(f"vmap: chunk_size must be at least 1, not {chunk_size}")
        parts = []
        for begin in range(0, max(size, 1), max(step, 1)):
            length = min(step, size - begin)
            part = leaves if length == size else [
                x if d is None else x.narrow(d, begin, length) for x, d in zip(leaves, dims)
            ]
            parts.append(_mapped(func, part, form, dims, out_dims, length, randomness))
        outputs, found_dims, out_form = parts[0]
        if len(parts) > 1:
            outputs = [
                outputs[i] if d is None else _C.cat([part[0][i] for part in parts], d) for i, d in enumerate(found_dims)
            ]
        return unflatten(outputs, out_form)

    return wrapped


def _mapped(
    func: _Function, leaves: list[Any], form: Any, dims: list[int | None], out_dims: Any, size: int, randomness: str
) -> Any:
    places = [i for i, leaf in enumerate(leaves) if isinstance(leaf, Tensor)]
    found: list[Any] = []

    def one(level: int, tensors: tuple[Tensor, ...]) -> Any:
        values = list(leaves)
        for place, tensor in zip(places, tensors):
            values[place] = tensor
        args, kwargs = unflatten(values, form)
        mapping.levels.append((level, VmapInfo(size, randomness)))
        try:
            outputs, out_form = _tensors_of(func(*args, **kwargs), "vmap: what the function returns")
        finally:
            mapping.levels.pop()
        found_dims = spread(out_dims, out_form, _is_dim, "vmap: out_dims")
        found.extend((found_dims, out_form))
        return outputs, found_dims

    outputs = _C._vmap(one, [leaves[i] for i in places], [dims[i] for i in places], size, randomness)
    return list(outputs), *found


# ---- modules ---------------------------------------------------------------------------------


def functional_call(
    module: Module,
    parameter_and_buffer_dicts: Mapping[str, Tensor] | Iterable[Mapping[str, Tensor]],
    args: Any = None,
    kwargs: Mapping[str, Any] | None = None,
    *,
    strict: bool = False,
) -> Any:
    """What module(*args, **kwargs) returns with other tensors in the place of its parameters and buffers.

    Those that share a tensor change together. With strict, every name must be given.
    """
    given = parameter_and_buffer_dicts
    dicts = [given] if isinstance(given, Mapping) else list(given)
    tensors = [item for each in dicts for item in each.items()]
    positional = () if args is None else args if isinstance(args, tuple) else (args,)
    return _C._call_with_others(module, tensors, strict, lambda: module(*positional, **(kwargs or {})))


def stack_module_state(models: Iterable[Module]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The parameters and the buffers of modules of one kind, each stacked along a new first dimension."""
    listed = list(models)
    if not listed:
        raise RuntimeError("stack_module_state: there are no models")
    parameters = [dict(m.named_parameters()) for m in listed]
    buffers = [dict(m.named_buffers()) for m in listed]
    with no_grad():
        stacked = {
            name: _C.stack([p[name] for p in parameters]).requires_grad_(first.requires_grad)
            for name, first in parameters[0].items()
        }
        return stacked, {name: _C.stack([b[name] for b in buffers]) for name in buffers[0]}
