"""Functions that move distributions, with their inverses and how they stretch volume."""

from collections.abc import Sequence
from typing import Any

from neura import _C
from neura._C import Tensor
from neura._size import Size
from neura.distributions import constraints
from neura.distributions.distribution import cpp_of

_cpp: Any = _C.distributions

__all__ = [
    "AbsTransform",
    "AffineTransform",
    "CatTransform",
    "ComposeTransform",
    "CorrCholeskyTransform",
    "CumulativeDistributionTransform",
    "ExpTransform",
    "IndependentTransform",
    "LowerCholeskyTransform",
    "PowerTransform",
    "ReshapeTransform",
    "SigmoidTransform",
    "SoftmaxTransform",
    "SoftplusTransform",
    "StackTransform",
    "StickBreakingTransform",
    "TanhTransform",
    "Transform",
    "identity_transform",
]


class Transform:
    """Base of those that are written in Python: _call(x), _inverse(y) and log_abs_det_jacobian(x, y), with domain and codomain.

    With cache_size=1 the last pair is kept, so that going back to what was just computed is exact and free."""

    bijective: Any = False
    domain: Any = constraints.real
    codomain: Any = constraints.real

    def __init__(self, cache_size: int = 0) -> None:
        if cache_size not in (0, 1):
            raise ValueError("cache_size must be 0 or 1")
        self._cache_size = cache_size
        self._pair: tuple[Any, Any] = (None, None)
        self._inverted: Any = None

    @property
    def inv(self) -> "Transform":
        """The way back."""
        if self._inverted is None:
            self._inverted = _InverseTransform(self)
        inverted: Transform = self._inverted
        return inverted

    @property
    def sign(self) -> Any:
        """1 for a function of single numbers that rises, -1 for one that falls."""
        raise NotImplementedError(f"{self!r} has no sign")

    def with_cache(self, cache_size: int = 1) -> "Transform":
        """The same with such a cache."""
        if self._cache_size == cache_size:
            return self
        if type(self).__init__ is Transform.__init__:
            return type(self)(cache_size=cache_size)
        raise NotImplementedError(f"{type(self).__name__} has no with_cache()")

    @property
    def event_dim(self) -> int:
        """Dimensions of an event, where those that go in and come out have as many; `domain` and `codomain` say both."""
        if self.domain.event_dim == self.codomain.event_dim:
            return int(self.domain.event_dim)
        raise ValueError("Please use either .domain.event_dim or .codomain.event_dim")

    def __call__(self, x: Tensor) -> Tensor:
        if self._cache_size == 0:
            return self._call(x)
        if x is not self._pair[0]:
            self._pair = (x, self._call(x))
        result: Tensor = self._pair[1]
        return result

    def _inv_call(self, y: Tensor) -> Tensor:
        if self._cache_size == 0:
            return self._inverse(y)
        if y is not self._pair[1]:
            self._pair = (self._inverse(y), y)
        result: Tensor = self._pair[0]
        return result

    def _call(self, x: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} has no _call()")

    def _inverse(self, y: Tensor) -> Tensor:
        raise NotImplementedError(f"{type(self).__name__} has no _inverse()")

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """log |det dy/dx|, without the dimensions of an event."""
        raise NotImplementedError(f"{type(self).__name__} has no log_abs_det_jacobian()")

    def forward_shape(self, shape: Any) -> Any:
        """The shape of what it makes of a shape."""
        return shape

    def inverse_shape(self, shape: Any) -> Any:
        """The reverse of forward_shape()."""
        return shape

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_inverted": None, "_pair": (None, None)}

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


def cpp_of_transform(transform: Any) -> Any:
    """A transform for C++: its own, where the class has overridden nothing."""
    if not isinstance(transform, Transform):
        raise TypeError(f"{type(transform).__name__} is no Transform")
    if isinstance(transform, _Native) and type(transform).__module__ == __name__:
        return transform._cpp
    return _cpp.python_transform(transform)


class _Native(Transform):
    """A transform of C++, `_cpp`; made of _arguments()."""

    _cpp: Any

    def _adopt(self, make: Any, *arguments: Any, cache_size: int = 0) -> None:
        super().__init__(cache_size)
        made = make(*arguments)
        self._cpp = _cpp.cached_transform(made) if cache_size else made

    def _arguments(self) -> tuple[Any, ...]:
        return ()

    def with_cache(self, cache_size: int = 1) -> Transform:
        """The same with such a cache."""
        make: Any = type(self)
        made: Transform = self if cache_size == self._cache_size else make(*self._arguments(), cache_size=cache_size)
        return made

    def __call__(self, x: Tensor) -> Tensor:
        result: Tensor = self._cpp(x)
        return result

    def _call(self, x: Tensor) -> Tensor:
        return self(x)

    def _inv_call(self, y: Tensor) -> Tensor:
        result: Tensor = self._cpp.inverse(y)
        return result

    def _inverse(self, y: Tensor) -> Tensor:
        return self._inv_call(y)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        """log |det dy/dx|, without the dimensions of an event."""
        result: Tensor = self._cpp.log_abs_det_jacobian(x, y)
        return result

    def forward_shape(self, shape: Any) -> Any:
        """The shape of what it makes of a shape."""
        return Size(self._cpp.forward_shape(list(shape)))

    def inverse_shape(self, shape: Any) -> Any:
        """The reverse of forward_shape()."""
        return Size(self._cpp.inverse_shape(list(shape)))

    @property
    def bijective(self) -> Any:
        return self._cpp.bijective

    @property
    def sign(self) -> Any:
        """1 for a function of single numbers that rises, -1 for one that falls."""
        sign = self._cpp.sign
        return int(sign) if sign.numel() == 1 else sign

    @property
    def domain(self) -> Any:
        return constraints.wrapped(self._cpp.domain)

    @property
    def codomain(self) -> Any:
        return constraints.wrapped(self._cpp.codomain)

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, _Native) and bool(self._cpp.equals(other._cpp))

    __hash__ = object.__hash__

    def __getstate__(self) -> dict[str, Any]:
        return {"arguments": self._arguments(), "cache_size": self._cache_size}

    def __setstate__(self, state: dict[str, Any]) -> None:
        begin: Any = type(self).__init__
        begin(self, *state["arguments"], cache_size=state["cache_size"])


class _InverseTransform(Transform):
    """The way back of a transform."""

    def __init__(self, transform: Transform) -> None:
        super().__init__()
        self._base = transform
        self._inverted = transform

    def __call__(self, x: Tensor) -> Tensor:
        return self._base._inv_call(x)

    def _inv_call(self, y: Tensor) -> Tensor:
        return self._base(y)

    def log_abs_det_jacobian(self, x: Tensor, y: Tensor) -> Tensor:
        return -self._base.log_abs_det_jacobian(y, x)

    def forward_shape(self, shape: Any) -> Any:
        return self._base.inverse_shape(shape)

    def inverse_shape(self, shape: Any) -> Any:
        return self._base.forward_shape(shape)

    @property
    def bijective(self) -> Any:
        return self._base.bijective

    @property
    def sign(self) -> Any:
        return self._base.sign

    @property
    def domain(self) -> Any:
        return self._base.codomain

    @property
    def codomain(self) -> Any:
        return self._base.domain

    def __eq__(self, other: Any) -> bool:
        return isinstance(other, _InverseTransform) and self._base == other._base

    __hash__ = object.__hash__

    def __getstate__(self) -> dict[str, Any]:
        return {"base": self._base}

    def __setstate__(self, state: dict[str, Any]) -> None:
        _InverseTransform.__init__(self, state["base"])

    def __repr__(self) -> str:
        return f"_InverseTransform({self._base!r})"


class ExpTransform(_Native):
    """exp(x)"""

    def __init__(self, cache_size: int = 0) -> None:
        self._adopt(_cpp.exp_transform, cache_size=cache_size)


class SigmoidTransform(_Native):
    """sigmoid(x)"""

    def __init__(self, cache_size: int = 0) -> None:
        self._adopt(_cpp.sigmoid_transform, cache_size=cache_size)


class TanhTransform(_Native):
    """tanh(x)"""

    def __init__(self, cache_size: int = 0) -> None:
        self._adopt(_cpp.tanh_transform, cache_size=cache_size)


class SoftplusTransform(_Native):
    """log(1 + exp(x))"""

    def __init__(self, cache_size: int = 0) -> None:
        self._adopt(_cpp.softplus_transform, cache_size=cache_size)


class AbsTransform(_Native):
    """|x|, whose inverse is the identity."""

    def __init__(self, cache_size: int = 0) -> None:
        self._adopt(_cpp.abs_transform, cache_size=cache_size)


class SoftmaxTransform(_Native):
    """softmax of the last dimension, up to whose scale the inverse, log, goes back."""

    def __init__(self, cache_size: int = 0) -> None:
        self._adopt(_cpp.softmax_transform, cache_size=cache_size)


class StickBreakingTransform(_Native):
    """From K numbers to K + 1 that sum to 1."""

    def __init__(self, cache_size: int = 0) -> None:
        self._adopt(_cpp.stick_breaking_transform, cache_size=cache_size)


class LowerCholeskyTransform(_Native):
    """The lower triangle of a matrix, with exp() of its diagonal."""

    def __init__(self, cache_size: int = 0) -> None:
        self._adopt(_cpp.lower_cholesky_transform, cache_size=cache_size)


class PowerTransform(_Native):
    """x ** exponent"""

    def __init__(self, exponent: Any, cache_size: int = 0) -> None:
        self.exponent = exponent
        self._adopt(_cpp.power_transform, exponent, cache_size=cache_size)

    def _arguments(self) -> tuple[Any, ...]:
        return (self.exponent,)


class AffineTransform(_Native):
    """loc + scale * x, of events of so many dimensions."""

    def __init__(self, loc: Any, scale: Any, event_dim: int = 0, cache_size: int = 0) -> None:
        self.loc, self.scale, self._event_dim = loc, scale, event_dim
        self._adopt(_cpp.affine_transform, loc, scale, event_dim, cache_size=cache_size)

    def _arguments(self) -> tuple[Any, ...]:
        return (self.loc, self.scale, self._event_dim)

    @property
    def event_dim(self) -> int:
        return self._event_dim


class ReshapeTransform(_Native):
    """The last dimensions under another shape."""

    def __init__(self, in_shape: Any, out_shape: Any, cache_size: int = 0) -> None:
        self.in_shape, self.out_shape = Size(in_shape), Size(out_shape)
        self._adopt(_cpp.reshape_transform, list(in_shape), list(out_shape), cache_size=cache_size)

    def _arguments(self) -> tuple[Any, ...]:
        return (self.in_shape, self.out_shape)


class ComposeTransform(_Native):
    """One after the other; of none, the identity."""

    def __init__(self, parts: Sequence[Transform], cache_size: int = 0) -> None:
        self.parts = _listed("ComposeTransform", parts)
        self._adopt(_cpp.compose_transform, [cpp_of_transform(part) for part in self.parts], cache_size=cache_size)

    @property
    def inv(self) -> Transform:
        """The ways back of the parts, from the last one on."""
        if self._inverted is None:
            made = ComposeTransform([part.inv for part in reversed(self.parts)])
            made._inverted = self
            self._inverted = made
        inverted: Transform = self._inverted
        return inverted

    def __repr__(self) -> str:
        return "ComposeTransform(\n    " + ",\n    ".join(map(repr, self.parts)) + "\n)"

    def _arguments(self) -> tuple[Any, ...]:
        return (self.parts,)


class IndependentTransform(_Native):
    """Of events of so many more dimensions."""

    def __init__(self, base_transform: Transform, reinterpreted_batch_ndims: int, cache_size: int = 0) -> None:
        self.base_transform, self.reinterpreted_batch_ndims = base_transform, reinterpreted_batch_ndims
        self._adopt(_cpp.independent_transform, cpp_of_transform(base_transform), reinterpreted_batch_ndims, cache_size=cache_size)

    def _arguments(self) -> tuple[Any, ...]:
        return (self.base_transform, self.reinterpreted_batch_ndims)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_transform!r}, {self.reinterpreted_batch_ndims})"


class CatTransform(_Native):
    """Parts of dim of these lengths, 1 each where there are none, by transforms of their own."""

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, lengths: Sequence[int] | None = None, cache_size: int = 0) -> None:
        self.transforms, self.dim = _listed("CatTransform", tseq), dim
        self.lengths = [1] * len(self.transforms) if lengths is None else list(lengths)
        self._adopt(
            _cpp.cat_transform, [cpp_of_transform(part) for part in self.transforms], dim, self.lengths, cache_size=cache_size
        )

    @property
    def length(self) -> int:
        return sum(self.lengths)

    @property
    def domain(self) -> Any:
        return constraints.cat([t.domain for t in self.transforms], self.dim, self.lengths)

    @property
    def codomain(self) -> Any:
        return constraints.cat([t.codomain for t in self.transforms], self.dim, self.lengths)

    def _arguments(self) -> tuple[Any, ...]:
        return (self.transforms, self.dim, self.lengths)


class StackTransform(_Native):
    """Single places of dim, which the parts do not see, by transforms of their own."""

    def __init__(self, tseq: Sequence[Transform], dim: int = 0, cache_size: int = 0) -> None:
        self.transforms, self.dim = _listed("StackTransform", tseq), dim
        self._adopt(_cpp.stack_transform, [cpp_of_transform(part) for part in self.transforms], dim, cache_size=cache_size)

    @property
    def domain(self) -> Any:
        return constraints.stack([t.domain for t in self.transforms], self.dim)

    @property
    def codomain(self) -> Any:
        return constraints.stack([t.codomain for t in self.transforms], self.dim)

    def _arguments(self) -> tuple[Any, ...]:
        return (self.transforms, self.dim)


def _listed(name: str, tseq: Any) -> list[Transform]:
    listed = list(tseq)
    if not all(isinstance(part, Transform) for part in listed):
        raise TypeError(f"{name}: expected transforms, got {', '.join(type(part).__name__ for part in listed)}")
    return listed


class CorrCholeskyTransform(_Native):
    """From D (D - 1) / 2 numbers to the Cholesky factor of a correlation matrix of D variables."""

    def __init__(self, cache_size: int = 0) -> None:
        self._adopt(_cpp.corr_cholesky_transform, cache_size=cache_size)


class CumulativeDistributionTransform(_Native):
    """From a distribution's values to [0, 1] by its cdf()."""

    def __init__(self, distribution: Any, cache_size: int = 0) -> None:
        self.distribution = distribution
        self._adopt(_cpp.cumulative_transform, cpp_of(distribution), cache_size=cache_size)

    @property
    def domain(self) -> Any:
        return self.distribution.support

    def _arguments(self) -> tuple[Any, ...]:
        return (self.distribution,)


identity_transform = ComposeTransform([])


def wrapped(cpp: Any) -> Transform:
    """A transform of C++ for Python."""
    kind: Any = globals()[repr(cpp).partition("(")[0]]
    if kind is ComposeTransform:
        return ComposeTransform([wrapped(part) for part in cpp.parts])
    made: Transform = kind(*cpp.numbers)
    return made
