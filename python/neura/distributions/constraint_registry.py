"""From numbers without bounds to the values that fulfil a constraint."""

from collections.abc import Callable
from typing import Any

from neura import _C
from neura.distributions import constraints
from neura.distributions.transforms import CatTransform, IndependentTransform, StackTransform, Transform, wrapped

_Factory = Callable[[Any], Transform]


class ConstraintRegistry:
    """registry(constraint) is a transform from the real numbers to what fulfils the constraint: of C++, or a registered one."""

    def __init__(self, find: Callable[[Any], Any]) -> None:
        self._find = find
        self._registered: dict[Any, _Factory] = {}

    def register(self, constraint: Any, factory: _Factory | None = None) -> Any:
        """factory(constraint) makes the transform of constraints of that class, or of the kind of that object; without a factory, a
        decorator."""
        if factory is None:
            return lambda given: self.register(constraint, given)
        if not isinstance(constraint, constraints.Constraint) and not (
            isinstance(constraint, type) and issubclass(constraint, constraints.Constraint)
        ):
            raise TypeError(f"Expected constraint to be either a Constraint subclass or instance, but got {constraint}")
        self._registered[_kind(constraint)] = factory
        return factory

    def __call__(self, constraint: Any) -> Transform:
        if not isinstance(constraint, constraints.Constraint):
            raise TypeError(f"a Constraint is expected, not {type(constraint).__name__}")
        factory = self._registered.get(_kind(constraint))
        if factory is not None:
            return factory(constraint)
        if isinstance(constraint, constraints.Independent):
            return IndependentTransform(self(constraint.base_constraint), constraint.reinterpreted_batch_ndims)
        if isinstance(constraint, constraints.Cat):
            return CatTransform([self(part) for part in constraint.cseq], constraint.dim, constraint.lengths)
        if isinstance(constraint, constraints.Stack):
            return StackTransform([self(part) for part in constraint.cseq], constraint.dim)
        if not isinstance(constraint, constraints.Native):
            raise NotImplementedError(f"Cannot transform {type(constraint).__name__} constraints")
        return _of_cpp(self._find(constraint))


def _of_cpp(cpp: Any) -> Transform:
    if repr(cpp).startswith("IndependentTransform("):
        return IndependentTransform(_of_cpp(cpp.parts[0]), int(cpp.numbers[0]))
    return wrapped(cpp)


def _kind(constraint: Any) -> Any:
    """What constraints are found by: those of C++ are of one class."""
    if isinstance(constraint, constraints.Native):
        return constraint._cpp.kind
    return constraint if isinstance(constraint, type) else type(constraint)


biject_to = ConstraintRegistry(_C.distributions.biject_to)
transform_to = ConstraintRegistry(_C.distributions.transform_to)
