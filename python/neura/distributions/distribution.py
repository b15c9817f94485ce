"""The base of all distributions."""

from collections.abc import Iterable
from typing import Any

from neura import _C
from neura._C import Tensor
from neura._size import Size
from neura.distributions import constraints


def sizes(shape: Any) -> list[int]:
    """A sample shape as a list."""
    if isinstance(shape, int) or not isinstance(shape, Iterable):
        raise TypeError(f"a shape must be a sequence of integers, as neura.Size((3,)), not {type(shape).__name__}")
    return [int(extent) for extent in shape]


class Distribution:
    """A batch of distributions of batch_shape, of which each gives events of event_shape.

    A subclass in Python calls super().__init__(batch_shape, event_shape) and has those of the methods here that it knows; samples
    are [sample_shape, batch_shape, event_shape]."""

    has_rsample: Any = False
    has_enumerate_support: Any = False
    _validate_args: bool = True

    def __init__(self, batch_shape: Any = (), event_shape: Any = (), validate_args: bool | None = None) -> None:
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        self._validate_args = _C.distributions.default_validate_args() if validate_args is None else validate_args
        if self._validate_args:
            self._check_args()

    def _check_args(self) -> None:
        """That attributes fulfil arg_constraints."""
        declared = {} if type(self).arg_constraints is Distribution.arg_constraints else self.arg_constraints
        for name, constraint in declared.items():
            lazy = name not in self.__dict__ and isinstance(getattr(type(self), name, None), property)
            if lazy or constraints.is_dependent(constraint):
                continue
            value = getattr(self, name)
            if isinstance(value, Tensor) and not constraint.check(value).all():
                raise ValueError(
                    f"Expected parameter {name} ({type(value).__name__} of shape {tuple(value.shape)}) of distribution {self!r} "
                    f"to satisfy the constraint {constraint!r}, but found invalid values:\n{value}"
                )

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Whether distributions check parameters and values that are not told."""
        if value not in (True, False):
            raise ValueError("set_default_validate_args() takes True or False")
        _C.distributions.set_default_validate_args(value)

    @property
    def batch_shape(self) -> Any:
        return self._batch_shape

    @property
    def event_shape(self) -> Any:
        return self._event_shape

    @property
    def arg_constraints(self) -> dict[str, constraints.Constraint]:
        raise self._lacks("arg_constraints")

    @property
    def support(self) -> Any:
        raise self._lacks("support")

    @property
    def mean(self) -> Tensor:
        raise self._lacks("mean")

    @property
    def mode(self) -> Tensor:
        raise self._lacks("mode")

    @property
    def variance(self) -> Tensor:
        raise self._lacks("variance")

    @property
    def stddev(self) -> Tensor:
        return self.variance.sqrt()

    def _lacks(self, what: str) -> NotImplementedError:
        return NotImplementedError(f"{type(self).__name__} has no {what}")

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions under a batch shape to which theirs broadcasts."""
        raise self._lacks("expand")

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws without gradient."""
        with _no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws that are differentiable by the parameters."""
        raise self._lacks("rsample")

    def sample_n(self, n: int) -> Tensor:
        """sample((n,))"""
        return self.sample((n,))

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density, or of the probability, at a value."""
        raise self._lacks("log_prob")

    def cdf(self, value: Tensor) -> Tensor:
        """The distribution function."""
        raise self._lacks("cdf")

    def icdf(self, value: Tensor) -> Tensor:
        """The inverse of cdf()."""
        raise self._lacks("icdf")

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All values, [number, batch_shape or ones, event_shape]."""
        raise self._lacks("enumerate_support")

    def entropy(self) -> Tensor:
        raise self._lacks("entropy")

    def perplexity(self) -> Tensor:
        """exp(entropy())."""
        return self.entropy().exp()

    def _extended_shape(self, sample_shape: Any = ()) -> Any:
        return Size((*sizes(sample_shape), *self.batch_shape, *self.event_shape))

    def _validate_sample(self, value: Any) -> None:
        """An error for what is no event of the distribution."""
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        python_of(self).validate_sample(value)

    def _get_checked_instance(self, cls: type, _instance: Any = None) -> Any:
        if _instance is None and type(self).__dict__.get("__init__", cls.__dict__.get("__init__")) is not cls.__dict__.get("__init__"):
            raise NotImplementedError(f"Subclass {type(self).__name__} of {cls.__name__} that has its own __init__ must have expand()")
        return self.__new__(type(self)) if _instance is None else _instance

    def __repr__(self) -> str:
        declared = {} if type(self).arg_constraints is Distribution.arg_constraints else self.arg_constraints
        names = [name for name in declared if name in self.__dict__]
        return f"{type(self).__name__}({', '.join(f'{name}: {described(getattr(self, name))}' for name in names)})"


class ExponentialFamily(Distribution):
    """Those with densities exp(<t(x), theta> - F(theta) + k(x))."""


def described(value: Any) -> Any:
    """A parameter as a distribution prints it: a number by its value, others by their shape."""
    if not isinstance(value, Tensor):
        return value
    return format(value) if value.numel() == 1 else repr(Size(value.shape))


def _no_grad() -> Any:
    from neura.autograd import no_grad

    return no_grad()


def python_of(distribution: Any) -> Any:
    """A distribution of Python, whatever its base, as C++ sees it."""
    return _C.distributions.python(distribution)


class Native(Distribution):
    """A distribution of C++, `_cpp`, which computes."""

    _cpp: Any

    def _adopt(self, cpp: Any) -> None:
        self._cpp = cpp
        self._validate_args = cpp.validates

    @property
    def batch_shape(self) -> Any:
        return Size(self._cpp.batch_shape)

    @property
    def event_shape(self) -> Any:
        return Size(self._cpp.event_shape)

    @property
    def mean(self) -> Tensor:
        result: Tensor = self._cpp.mean
        return result

    @property
    def mode(self) -> Tensor:
        result: Tensor = self._cpp.mode
        return result

    @property
    def variance(self) -> Tensor:
        result: Tensor = self._cpp.variance
        return result

    @property
    def stddev(self) -> Tensor:
        result: Tensor = self._cpp.stddev
        return result

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions under a batch shape to which theirs broadcasts."""
        made = self.__new__(type(self)) if _instance is None else _instance
        made.__dict__.update(self.__dict__)
        made._adopt(self._cpp.expand(sizes(batch_shape)))
        return made

    def sample(self, sample_shape: Any = ()) -> Tensor:
        """Draws without gradient."""
        result: Tensor = self._cpp.sample(sizes(sample_shape))
        return result

    def rsample(self, sample_shape: Any = ()) -> Tensor:
        """Draws that are differentiable by the parameters."""
        result: Tensor = self._cpp.rsample(sizes(sample_shape))
        return result

    def log_prob(self, value: Tensor) -> Tensor:
        """The logarithm of the density, or of the probability, at a value."""
        result: Tensor = self._cpp.log_prob(_tensor("log_prob", value))
        return result

    def cdf(self, value: Tensor) -> Tensor:
        """The distribution function."""
        result: Tensor = self._cpp.cdf(_tensor("cdf", value))
        return result

    def icdf(self, value: Tensor) -> Tensor:
        """The inverse of cdf()."""
        result: Tensor = self._cpp.icdf(_tensor("icdf", value))
        return result

    def entropy(self) -> Tensor:
        result: Tensor = self._cpp.entropy()
        return result

    def enumerate_support(self, expand: bool = True) -> Tensor:
        """All values, [number, batch_shape or ones, event_shape]."""
        result: Tensor = self._cpp.enumerate_support(expand)
        return result

    def _validate_sample(self, value: Any) -> None:
        self._cpp.validate_sample(_tensor("log_prob", value))


def _tensor(name: str, value: Any) -> Tensor:
    if not isinstance(value, Tensor):
        raise ValueError(f"The value argument to {name} must be a Tensor, not {type(value).__name__}")
    return value


def cpp_of(distribution: Any) -> Any:
    """A distribution for C++: its own, where the class has overridden nothing."""
    if not isinstance(distribution, Distribution):
        raise TypeError(f"{type(distribution).__name__} is no Distribution")
    if isinstance(distribution, Native) and type(distribution).__module__.startswith("neura.distributions"):
        return distribution._cpp
    return python_of(distribution)
