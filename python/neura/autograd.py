"""Gradients: switches of recording, derivatives of any order, functions with gradients of one's own."""

import functools

from neura import _C

is_grad_enabled = _C.is_grad_enabled


class _Mode:
    """A context manager and decorator that turns recording on or off."""

    def __init__(self, enabled):
        self._enabled = enabled
        self._previous = []

    def __enter__(self):
        self._previous.append(_C._set_grad_enabled(self._enabled))

    def __exit__(self, *exception):
        _C._set_grad_enabled(self._previous.pop())

    def __call__(self, function):
        @functools.wraps(function)
        def wrapped(*args, **kwargs):
            with type(self).__new__(type(self))._copy(self):
                return function(*args, **kwargs)

        return wrapped

    def _copy(self, other):
        _Mode.__init__(self, other._enabled)
        return self


class _Switch(_Mode):
    """A mode without arguments, which may decorate without brackets."""

    enabled = False

    def __new__(cls, function=None):
        self = super().__new__(cls)
        if function is None:
            return self
        _Mode.__init__(self, cls.enabled)
        return self(function)

    def __init__(self, function=None):
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

    def __init__(self, mode):
        super().__init__(bool(mode))
        self._outer = _C._set_grad_enabled(self._enabled)

    def __enter__(self):
        self._previous.append(self._outer)
        _C._set_grad_enabled(self._enabled)


def _listed(tensors):
    return [tensors] if isinstance(tensors, _C.Tensor) else list(tensors)


def grad(
    outputs,
    inputs,
    grad_outputs=None,
    retain_graph=None,
    create_graph=False,
    allow_unused=False,
):
    """The gradients of the sum of `outputs` for each of `inputs`, as a tuple; no .grad changes."""
    if grad_outputs is not None:
        grad_outputs = _listed(grad_outputs)
    retain = create_graph if retain_graph is None else retain_graph
    return _C._grad(_listed(outputs), _listed(inputs), grad_outputs, retain, create_graph, allow_unused)


def backward(tensors, grad_tensors=None, retain_graph=None, create_graph=False):
    """Adds the gradient of the sum of `tensors` to .grad of every leaf."""
    tensors = _listed(tensors)
    grads = [None] * len(tensors) if grad_tensors is None else _listed(grad_tensors)
    retain = create_graph if retain_graph is None else retain_graph
    for i, (tensor, gradient) in enumerate(zip(tensors, grads)):
        last = i + 1 == len(tensors)
        tensor.backward(gradient, retain_graph=retain or not last, create_graph=create_graph)


class HookHandle:
    """What register_hook() returns: calls the hook until remove() takes it away."""

    def __init__(self, hook):
        self._hook = hook

    def __call__(self, grad):
        return None if self._hook is None else self._hook(grad)

    def remove(self):
        self._hook = None


class FunctionCtx:
    """What forward() hands to backward(): saved tensors and any attribute one sets."""

    def __init__(self):
        self._saved = ()
        self._versions = ()
        self._non_differentiable = ()
        self._materialize = True
        self.needs_input_grad = ()

    def save_for_backward(self, *tensors):
        """Keeps tensors for backward(), which refuses them when they were changed since."""
        self._saved = tensors
        self._versions = tuple(None if t is None else t._version for t in tensors)

    @property
    def saved_tensors(self):
        saved = tuple(t.restore() if isinstance(t, _SavedOutput) else t for t in self._saved)
        for tensor, version in zip(saved, self._versions):
            if tensor is not None and tensor._version != version:
                raise RuntimeError(
                    f"{self._name}: a saved tensor of shape {tuple(tensor.shape)} was changed in place "
                    f"after save_for_backward() (version {tensor._version}, expected {version}); "
                    "clone() it before changing it"
                )
        return saved

    def mark_non_differentiable(self, *tensors):
        """Outputs through which no gradient flows."""
        self._non_differentiable = tensors

    def set_materialize_grads(self, value):
        """With False, backward() gets None instead of zeros where nothing depends on an output."""
        self._materialize = value


class _SavedOutput:
    """An output that was saved, without its history: with it, it would keep itself alive."""

    def __init__(self, step, place, tensor):
        self._step, self._place, self._tensor = step, place, _C._detach(tensor)

    def restore(self):
        """The output as it was: where a graph is being made, a gradient flows through it again."""
        if not is_grad_enabled():
            return self._tensor
        outputs = [_C.empty(shape, dtype=dtype) for shape, dtype in self._step.shapes]
        outputs[self._place] = _C._detach(self._tensor)
        self._step.record(outputs)
        return outputs[self._place]


class _Step:
    """One call of a Function, and its gradient."""

    def __init__(self, function, ctx, inputs, outputs):
        self._function, self._ctx, self._inputs = function, ctx, inputs
        recorded = [
            (i, o)
            for i, o in enumerate(outputs)
            if isinstance(o, _C.Tensor) and not any(o is n for n in ctx._non_differentiable)
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

    def record(self, outputs):
        """Notes this step as what made the tensors."""
        tensors = [i for i in self._inputs if isinstance(i, _C.Tensor)]
        _C._record_function(self._function.__name__, tensors, outputs, self)

    def __call__(self, *grads):
        if self._ctx._materialize:
            grads = [
                _C.zeros(shape, dtype=dtype) if g is None else g
                for g, (shape, dtype) in zip(grads, self.shapes)
            ]
        full = [None] * self._count
        for place, gradient in zip(self._places, grads):
            full[place] = gradient
        results = self._function.backward(self._ctx, *full)
        results = results if isinstance(results, (tuple, list)) else (results,)
        if len(results) < len(self._inputs):
            raise RuntimeError(
                f"{self._function.__name__}.backward() returned {len(results)} gradients for "
                f"{len(self._inputs)} inputs"
            )
        return [r for r, i in zip(results, self._inputs) if isinstance(i, _C.Tensor)]


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

    @staticmethod
    def forward(ctx, *args, **kwargs):
        raise NotImplementedError("a Function must define forward()")

    @staticmethod
    def backward(ctx, *grad_outputs):
        raise NotImplementedError("a Function must define backward() to be differentiated")

    @classmethod
    def apply(cls, *args, **kwargs):
        """Runs forward() and records it as one step."""
        ctx = FunctionCtx()
        ctx._name = cls.__name__
        ctx.needs_input_grad = tuple(isinstance(a, _C.Tensor) and a.requires_grad for a in args)
        with no_grad():
            result = cls.forward(ctx, *args, **kwargs)
        outputs = result if isinstance(result, tuple) else (result,)
        # An input that is returned as it is needs a tensor of its own to carry the step.
        given = {id(a) for a in args if isinstance(a, _C.Tensor)}
        outputs = tuple(_C._detach(o) if id(o) in given else o for o in outputs)
        if is_grad_enabled() and any(ctx.needs_input_grad):
            _Step(cls, ctx, args, outputs)
        return outputs if isinstance(result, tuple) else outputs[0]


def gradcheck(func, inputs, eps=1e-6, atol=1e-5, rtol=1e-3, raise_exception=True):
    """Whether analytic gradients agree with central differences; inputs should be float64.

    Where they do not: an error, or False without raise_exception.
    """
    inputs = _listed(inputs)
    outputs = func(*inputs)
    outputs = [outputs] if isinstance(outputs, _C.Tensor) else list(outputs)
    checked = [x for x in inputs if isinstance(x, _C.Tensor) and x.requires_grad]
    # Copies take the small steps: the graph of the outputs still needs the inputs as they are.
    moved = [x.detach().clone() if isinstance(x, _C.Tensor) else x for x in inputs]
    flats = [m.reshape(-1) for x, m in zip(inputs, moved) if any(x is c for c in checked)]
    for o, output in enumerate(outputs):
        for k in range(output.numel()):
            weight = _C.zeros(output.numel(), dtype=output.dtype)
            weight[k] = 1.0
            weight = weight.reshape(output.shape)
            analytic = grad(output, checked, weight, retain_graph=True, allow_unused=True)
            for x, flat, gradient in zip(checked, flats, analytic):
                for i in range(flat.numel()):
                    kept = flat[i].item()
                    values = []
                    for sign in (1, -1):
                        flat[i] = kept + sign * eps
                        with no_grad():
                            result = func(*moved)
                        result = result if isinstance(result, _C.Tensor) else result[o]
                        values.append(result.reshape(-1)[k].item())
                    flat[i] = kept
                    numeric = (values[0] - values[1]) / (2 * eps)
                    found = 0.0 if gradient is None else gradient.reshape(-1)[i].item()
                    if abs(numeric - found) <= atol + rtol * abs(numeric):
                        continue
                    if not raise_exception:
                        return False
                    raise RuntimeError(
                        f"gradcheck: element {i} of an input of shape {tuple(x.shape)}: analytic "
                        f"{found}, numeric {numeric} for element {k} of output {o}"
                    )
    return True
