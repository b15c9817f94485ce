"""Gradients: switches of recording, derivatives of any order, functions with gradients of one's own."""

import functools
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, TypeVar

from neura import _C
from neura._C import Tensor

_F = TypeVar("_F", bound=Callable[..., Any])

is_grad_enabled = _C.is_grad_enabled


class _Mode:
    """A context manager and decorator that turns recording on or off."""

    def __init__(self, enabled: bool) -> None:
        self._enabled = enabled
        self._previous: list[bool] = []

    def __enter__(self) -> None:
        self._previous.append(_C._set_grad_enabled(self._enabled))

    def __exit__(self, *exception: Any) -> None:
        _C._set_grad_enabled(self._previous.pop())

    def __call__(self, function: _F) -> _F:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with _Mode(self._enabled):
                return function(*args, **kwargs)

        return wrapped  # type: ignore[return-value]


class _Switch(_Mode):
    """A mode without arguments, which may decorate without brackets."""

    enabled = False

    def __new__(cls, function: Callable[..., Any] | None = None) -> Any:
        return super().__new__(cls) if function is None else _Mode(cls.enabled)(function)

    def __init__(self, function: Callable[..., Any] | None = None) -> None:
        super().__init__(self.enabled)


class no_grad(_Switch):
    """Inside, operations are not recorded: `with no_grad():` or `@no_grad()`."""


class inference_mode(_Switch):
    """As no_grad()."""


class enable_grad(_Switch):
    """Inside, operations are recorded, also inside a no_grad()."""

    enabled = True


class set_grad_enabled(_Mode):
    """Turns recording on or off from here on, or inside a `with`."""

    def __init__(self, mode: bool) -> None:
        super().__init__(bool(mode))
        self._outer: bool = _C._set_grad_enabled(self._enabled)

    def __enter__(self) -> None:
        self._previous.append(self._outer)
        _C._set_grad_enabled(self._enabled)


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


class FunctionCtx:
    """What forward() hands to backward(): saved tensors and any attribute one sets."""

    def __init__(self, name: str, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self._name = name
        self._saved: tuple[Any, ...] = ()
        self._versions: tuple[int | None, ...] = ()
        self._non_differentiable: tuple[Tensor, ...] = ()
        self._materialize = True

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{self._name}: forward() has set no ctx.{name}")

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keeps tensors for backward(), which refuses them when they were changed since."""
        self._saved = tensors
        self._versions = tuple(None if t is None else t._version for t in tensors)

    @property
    def saved_tensors(self) -> Any:
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

    def __call__(self, *given: Tensor | None) -> list[Tensor | None]:
        grads = list(given)
        if self._ctx._materialize:
            grads = [
                _C.zeros(*shape, dtype=dtype) if g is None else g
                for g, (shape, dtype) in zip(given, self.shapes)
            ]
        full: list[Tensor | None] = [None] * self._count
        for place, gradient in zip(self._places, grads):
            full[place] = gradient
        results = self._function.backward(self._ctx, *full)
        results = results if isinstance(results, (tuple, list)) else (results,)
        if len(results) < len(self._inputs):
            raise RuntimeError(
                f"{self._function.__name__}.backward() returned {len(results)} gradients for "
                f"{len(self._inputs)} inputs"
            )
        return [r for r, i in zip(results, self._inputs) if isinstance(i, Tensor)]


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

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        """Runs forward() and records it as one step."""
        needs = tuple(isinstance(a, Tensor) and a.requires_grad for a in args)
        ctx = FunctionCtx(cls.__name__, needs)
        with no_grad():
            result = cls.forward(ctx, *args, **kwargs)
        outputs = result if isinstance(result, tuple) else (result,)
        # An input that is returned as it is needs a tensor of its own to carry the step.
        given = {id(a) for a in args if isinstance(a, Tensor)}
        outputs = tuple(_C._detach(o) if id(o) in given else o for o in outputs)
        if is_grad_enabled() and any(needs):
            _Step(cls, ctx, args, outputs)
        return outputs if isinstance(result, tuple) else outputs[0]


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
