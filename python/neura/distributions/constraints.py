"""Sets of values: those that a parameter may have, and those that a distribution gives."""

from collections.abc import Sequence
from typing import Any

from neura import _C
from neura._C import Tensor

_cpp: Any = _C.distributions


class Constraint:
    """Base of those that are written in Python: check() of values [..., event] is bool [...]."""

    is_discrete: bool = False
    event_dim: int = 0

    def check(self, value: Tensor) -> Tensor:
        """Whether each event fulfils it."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"{type(self).__name__.lstrip('_')}()"


class Native(Constraint):
    """One of C++."""

    def __init__(self, cpp: Any, **bounds: Any) -> None:
        self._cpp = cpp
        self.is_discrete, self.event_dim = cpp.is_discrete, cpp.event_dim
        self.__dict__.update(bounds)

    def check(self, value: Tensor) -> Tensor:
        result: Tensor = self._cpp.check(value)
        return result

    def __repr__(self) -> str:
        return repr(self._cpp)

    def __reduce__(self) -> Any:
        raise TypeError("a constraint cannot be pickled")

    def __deepcopy__(self, memo: Any) -> "Native":
        return self


def wrapped(cpp: Any) -> Constraint:
    """A constraint of C++ for Python."""
    return Native(cpp)


def greater_than(lower_bound: Any) -> Constraint:
    """Numbers above a bound."""
    return Native(_cpp.greater_than(lower_bound), lower_bound=lower_bound)


def greater_than_eq(lower_bound: Any) -> Constraint:
    """Numbers from a bound on."""
    return Native(_cpp.greater_than_eq(lower_bound), lower_bound=lower_bound)


def less_than(upper_bound: Any) -> Constraint:
    """Numbers below a bound."""
    return Native(_cpp.less_than(upper_bound), upper_bound=upper_bound)


def interval(lower_bound: Any, upper_bound: Any) -> Constraint:
    """Numbers between two bounds, both of which belong to it."""
    return Native(_cpp.interval(lower_bound, upper_bound), lower_bound=lower_bound, upper_bound=upper_bound)


def half_open_interval(lower_bound: Any, upper_bound: Any) -> Constraint:
    """Numbers from a bound on and below another one."""
    return Native(_cpp.half_open_interval(lower_bound, upper_bound), lower_bound=lower_bound, upper_bound=upper_bound)


def integer_interval(lower_bound: Any, upper_bound: Any) -> Constraint:
    """Integers between two bounds, both of which belong to it."""
    return Native(_cpp.integer_interval(lower_bound, upper_bound), lower_bound=lower_bound, upper_bound=upper_bound)


def multinomial(upper_bound: Any) -> Constraint:
    """Vectors of counts that add up to a number."""
    return Native(_cpp.multinomial(upper_bound), upper_bound=upper_bound)


class Independent(Constraint):
    """So many more dimensions make one event, of which all fulfil the base."""

    def __init__(self, base_constraint: Constraint, reinterpreted_batch_ndims: int) -> None:
        self.base_constraint, self.reinterpreted_batch_ndims = base_constraint, reinterpreted_batch_ndims
        self._cpp = _cpp.independent_constraint(base_constraint, reinterpreted_batch_ndims)
        self.is_discrete, self.event_dim = self._cpp.is_discrete, self._cpp.event_dim

    def check(self, value: Tensor) -> Tensor:
        result: Tensor = self._cpp.check(value)
        return result

    def __repr__(self) -> str:
        return repr(self._cpp)


independent = Independent


class Cat(Constraint):
    """Parts of dim of these lengths, 1 each where there are none, with constraints of their own."""

    def __init__(self, cseq: Sequence[Constraint], dim: int = 0, lengths: Sequence[int] | None = None) -> None:
        self.cseq, self.dim = list(cseq), dim
        self.lengths = [1] * len(self.cseq) if lengths is None else list(lengths)
        if len(self.lengths) != len(self.cseq):
            raise ValueError(f"cat: {len(self.lengths)} lengths for {len(self.cseq)} constraints")
        self._cpp = _cpp.cat_constraint(self.cseq, dim, self.lengths)
        self.is_discrete, self.event_dim = self._cpp.is_discrete, self._cpp.event_dim

    def check(self, value: Tensor) -> Tensor:
        result: Tensor = self._cpp.check(value)
        return result


class Stack(Constraint):
    """Single places of dim, with constraints of their own."""

    def __init__(self, cseq: Sequence[Constraint], dim: int = 0) -> None:
        self.cseq, self.dim = list(cseq), dim
        self._cpp = _cpp.stack_constraint(self.cseq, dim)
        self.is_discrete, self.event_dim = self._cpp.is_discrete, self._cpp.event_dim

    def check(self, value: Tensor) -> Tensor:
        result: Tensor = self._cpp.check(value)
        return result


cat, stack = Cat, Stack


class Dependent(Constraint):
    """A placeholder of what follows from the parameters."""

    def __init__(self, *, is_discrete: bool = False, event_dim: int = 0) -> None:
        self.is_discrete, self.event_dim = is_discrete, event_dim

    def check(self, value: Tensor) -> Tensor:
        raise ValueError("Cannot determine validity of dependent constraint")


def is_dependent(constraint: Constraint) -> bool:
    """Whether it is such a placeholder."""
    return isinstance(constraint, Dependent)


class dependent_property(property, Dependent):
    """A property of a distribution that gives a constraint of its parameters."""

    def __init__(self, function: Any = None, *, is_discrete: bool = False, event_dim: int = 0) -> None:
        super().__init__(function)
        self.is_discrete, self.event_dim = is_discrete, event_dim

    def __call__(self, function: Any) -> "dependent_property":
        return dependent_property(function, is_discrete=self.is_discrete, event_dim=self.event_dim)


def named(name: str) -> Constraint:
    """One of C++ by its name."""
    return Dependent() if name == "dependent" else Native(_cpp.constraint(name))


dependent = Dependent()
real, boolean, positive, nonnegative = named("real"), named("boolean"), named("positive"), named("nonnegative")
unit_interval, nonnegative_integer, positive_integer = named("unit_interval"), named("nonnegative_integer"), named("positive_integer")
simplex, one_hot, real_vector = named("simplex"), named("one_hot"), named("real_vector")
lower_triangular, lower_cholesky, corr_cholesky = named("lower_triangular"), named("lower_cholesky"), named("corr_cholesky")
square, symmetric = named("square"), named("symmetric")
positive_semidefinite, positive_definite = named("positive_semidefinite"), named("positive_definite")
