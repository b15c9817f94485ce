"""Functions with gradients of one's own."""

import functools
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from neura import _C
from neura._C import Tensor
from neura.autograd.grad_mode import is_grad_enabled, no_grad


class FunctionCtx:
    """What forward() hands to backward(): saved tensors and any attribute one sets."""

    def __init__(self, name: str, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self._name = name
        self._saved: tuple[Any, ...] = ()
        self._versions: tuple[int | None, ...] = ()
        self._non_differentiable: tuple[Tensor, ...] = ()
        self._dirty: tuple[Tensor, ...] = ()
        self._for_forward: tuple[Any, ...] = ()
        self._materialize = True

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{self._name}: forward() has set no ctx.{name}")

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keeps tensors for backward(), which refuses them when they were changed since."""
        self._saved = tensors
        self._versions = tuple(None if t is None else t._version for t in tensors)

    def save_for_forward(self, *tensors: Tensor | None) -> None:
        """Keeps tensors for jvp(), which gets them as saved_tensors."""
        self._for_forward = tensors

    @property
    def saved_tensors(self) -> Any:
        """What save_for_backward() has kept."""
        saved = tuple(t.restore() if isinstance(t, _SavedOutput) else t for t in self._saved)
        for tensor, version in zip(saved, self._versions):
            if tensor is not None and tensor._version != version:
                raise RuntimeError(
                    f"{self._name}: a saved tensor of shape {tuple(tensor.shape)} was changed in place "
                    f"after save_for_backward() (version {tensor._version}, expected {version}); "
                    "clone() it before changing it"
                )
        return saved

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Outputs through which no gradient flows."""
        self._non_differentiable = tensors

    def mark_dirty(self, *tensors: Tensor) -> None:
        """Inputs that forward() has changed in place and returns."""
        self._dirty = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """With False, backward() gets None instead of zeros where nothing depends on an output."""
        self._materialize = value


class _SavedOutput:
    """An output that was saved, without its history: with it, it would keep itself alive."""

    def __init__(self, step: "_Step", place: int, tensor: Tensor) -> None:
        self._step, self._place, self._tensor = step, place, tensor.detach()

    def restore(self) -> Tensor:
        """The output as it was: where a graph is being made, a gradient flows through it again."""
        if not is_grad_enabled():
            return self._tensor
        outputs = [_C.empty(*shape, dtype=dtype) for shape, dtype in self._step.shapes]
        outputs[self._place] = self._tensor.detach()
        self._step.record(outputs)
        return outputs[self._place]


class _Step:
    """One call of a Function, and its gradient."""

    def __init__(self, function: Any, ctx: FunctionCtx, inputs: tuple[Any, ...], outputs: tuple[Any, ...]) -> None:
        self._function, self._ctx, self._inputs = function, ctx, inputs
        recorded = [
            (i, o)
            for i, o in enumerate(outputs)
            if isinstance(o, Tensor) and not any(o is n for n in ctx._non_differentiable)
        ]
        self._count = len(outputs)
        self._places = [i for i, _ in recorded]
        self.shapes = [(o.shape, o.dtype) for _, o in recorded]
        saved = list(ctx._saved)
        for k, tensor in enumerate(saved):
            for place, (_, output) in enumerate(recorded):
                if tensor is output:
                    saved[k] = _SavedOutput(self, place, output)
        ctx._saved = tuple(saved)
        self.record([o for _, o in recorded])

    def record(self, outputs: list[Tensor]) -> None:
        """Notes this step as what made the tensors."""
        tensors = [i for i in self._inputs if isinstance(i, Tensor)]
        _C._record_function(self._function.__name__, tensors, outputs, self)

    def _full(self, given: Any) -> list[Tensor | None]:
        """One for each output, of those for the recorded ones."""
        if self._ctx._materialize:
            given = [
                _C.zeros(*shape, dtype=dtype) if g is None else g for g, (shape, dtype) in zip(given, self.shapes)
            ]
        full: list[Tensor | None] = [None] * self._count
        for place, gradient in zip(self._places, given):
            full[place] = gradient
        return full

    def __call__(self, *given: Tensor | None) -> list[Tensor | None]:
        function = self._function
        # What cannot be differentiated in turn may say its forward derivative instead.
        if is_grad_enabled() and function.jvp is not Function.jvp and not _differentiable_twice(function):
            return self._backward_by_jvp(given)
        return self._backward(given)

    def _backward(self, given: Any) -> list[Tensor | None]:
        results = self._function.backward(self._ctx, *self._full(given))
        results = results if isinstance(results, (tuple, list)) else (results,)
        if len(results) < len(self._inputs):
            raise RuntimeError(
                f"{self._function.__name__}.backward() returned {len(results)} gradients for "
                f"{len(self._inputs)} inputs"
            )
        return [r for r, i in zip(results, self._inputs) if isinstance(i, Tensor)]

    def _backward_by_jvp(self, given: Any) -> list[Tensor | None]:
        """The gradients, whose own derivative for the gradients that they are made of is jvp()."""
        tensors = [i for i in self._inputs if isinstance(i, Tensor)]
        if self._function.backward is not Function.backward:
            with no_grad():
                results = self._backward(given)
        elif _forward.depth > 0:
            results = [_C.zeros_like(t) for t in tensors]  # nobody looks at them
        else:
            return self._backward(given)
        made = [_C.zeros_like(t) if r is None else r.detach() for r, t in zip(results, tensors)]
        step = [None if g is None else g.detach() for g in given]

        def derivative(*directions: Tensor | None) -> list[Tensor | None]:
            remaining = list(directions)
            full = [remaining.pop(0) if isinstance(i, Tensor) else None for i in self._inputs]
            saved, self._ctx._saved = self._ctx._saved, self._ctx._for_forward or self._ctx._saved
            try:
                tangents = self._function.jvp(self._ctx, *full)
            finally:
                self._ctx._saved = saved
            tangents = tangents if isinstance(tangents, (tuple, list)) else (tangents,)
            return [None if g is None else tangents[place] for place, g in zip(self._places, step)]

        _C._record_function(self._function.__name__, list(given), made, derivative)
        return list(made)


class _Forward(threading.local):
    """How many forward derivatives are being computed: what they are made of needs no values."""

    depth = 0

    def __enter__(self) -> None:
        self.depth += 1

    def __exit__(self, *exception: Any) -> None:
        self.depth -= 1


_forward = _Forward()


def _differentiable_twice(function: Any) -> bool:
    return function.backward is not Function.backward and not hasattr(function.backward, "_once_differentiable")


def once_differentiable(function: Callable[..., Any]) -> Callable[..., Any]:
    """Decorates a backward() whose gradients cannot be differentiated: an attempt is a RuntimeError."""

    @functools.wraps(function)
    def wrapped(ctx: FunctionCtx, *grads: Any) -> Any:
        with no_grad():
            results = function(ctx, *grads)
        inputs = [g for g in grads if isinstance(g, Tensor) and g.requires_grad]
        if not is_grad_enabled() or not inputs:
            return results
        listed = list(results) if isinstance(results, (tuple, list)) else [results]
        made = [r.detach() if isinstance(r, Tensor) else r for r in listed]
        _C._record_function(ctx._name, inputs, [r for r in made if isinstance(r, Tensor)], _refuse)
        return tuple(made) if isinstance(results, (tuple, list)) else made[0]

    setattr(wrapped, "_once_differentiable", True)
    return wrapped


def _refuse(*grads: Any) -> Any:
    raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")


class VmapInfo(NamedTuple):
    """What vmap() of a Function learns of the batch."""

    batch_size: int
    randomness: str


class _Mapping(threading.local):
    """The vmaps inside of which this thread is: (level, VmapInfo), outermost first."""

    def __init__(self) -> None:
        self.levels: list[tuple[int, VmapInfo]] = []


mapping = _Mapping()


class Function:
    """A function with a gradient of its own.

        class Exp(Function):
            @staticmethod
            def forward(ctx, x):
                y = x.exp()
                ctx.save_for_backward(y)
                return y

            @staticmethod
            def backward(ctx, grad):
                (y,) = ctx.saved_tensors
                return grad * y

        y = Exp.apply(x)
    """

    generate_vmap_rule = True  # what happens where vmap() is not defined

    if TYPE_CHECKING:  # each function has arguments of its own
        forward: Callable[..., Any]
        backward: Callable[..., Any]
    else:

        @staticmethod
        def forward(ctx, *args, **kwargs):
            raise NotImplementedError("a Function must define forward()")

        @staticmethod
        def backward(ctx, *grad_outputs):
            raise NotImplementedError("a Function must define backward() to be differentiated")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> None:
        """Where it is defined, forward() gets no ctx, and this fills it afterwards."""
        raise NotImplementedError

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """How the outputs change when the inputs change so: for a backward() that cannot be differentiated."""
        raise NotImplementedError

    @staticmethod
    def vmap(info: VmapInfo, in_dims: tuple[int | None, ...], *args: Any) -> Any:
        """The outputs of all examples and their out_dims; without it, forward() and backward() are mapped."""
        raise NotImplementedError

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Runs forward() and records it as one step."""
        if cls.vmap is not Function.vmap:
            for level, info in reversed(mapping.levels):
                given = [_C._examples_of(a, level) if isinstance(a, Tensor) else None for a in args]
                if any(g is not None for g in given):
                    return cls._apply_mapped(level, info, given, args)
        ctx, result = cls._run(args, kwargs)
        return cls._record(ctx, args, result)

    @classmethod
    def _run(cls, args: Any, kwargs: Any) -> tuple[FunctionCtx, Any]:
        ctx = FunctionCtx(cls.__name__, tuple(isinstance(a, Tensor) and a.requires_grad for a in args))
        with no_grad():
            if cls.setup_context is Function.setup_context:
                return ctx, cls.forward(ctx, *args, **kwargs)
            result = cls.forward(*args, **kwargs)
            cls.setup_context(ctx, args, result)
            return ctx, result

    @classmethod
    def _record(cls, ctx: FunctionCtx, args: Any, result: Any) -> Any:
        outputs = result if isinstance(result, tuple) else (result,)
        dirty = {id(t) for t in ctx._dirty}
        if is_grad_enabled() and any(t.requires_grad and t.is_leaf for t in ctx._dirty):
            raise RuntimeError(f"{cls.__name__}: a leaf that requires a gradient was changed in place")
        # An input that is returned as it is needs a tensor of its own to carry the step.
        given = {id(a) for a in args if isinstance(a, Tensor)} - dirty
        outputs = tuple(_C._detach(o) if id(o) in given else o for o in outputs)
        if is_grad_enabled():
            _Step(cls, ctx, args, outputs)
        return outputs if isinstance(result, tuple) else outputs[0]

    @classmethod
    def _apply_mapped(cls, level: int, info: VmapInfo, given: list[Tensor | None], args: Any) -> Any:
        in_dims = tuple(None if g is None else 0 for g in given)
        result, out_dims = cls.vmap(info, in_dims, *(a if g is None else g for a, g in zip(args, given)))
        several = isinstance(result, tuple)
        outputs = result if several else (result,)
        dims = out_dims if isinstance(out_dims, tuple) else (out_dims,) * len(outputs)
        ones = tuple(
            o if d is None else _C._stand_for(o.movedim(d, 0), level) for o, d in zip(outputs, dims)
        )
        if is_grad_enabled() and any(isinstance(a, Tensor) and a.requires_grad for a in args):
            # For gradients of each example that are taken inside of the mapped function.
            ctx, own = cls._run(args, {})
            same = {id(o): one for o, one in zip(own if several else (own,), ones)}
            ctx._saved = tuple(same.get(id(t), t) for t in ctx._saved)
            ctx._non_differentiable = tuple(same.get(id(t), t) for t in ctx._non_differentiable)
            _Step(cls, ctx, args, ones)
        return ones if several else ones[0]
