"""Distributions that are made of another one."""

from typing import Any

from neura import _C
from neura._C import Tensor
from neura.distributions import constraints
from neura.distributions._rows import CLASSES
from neura.distributions.distribution import Distribution, Native, cpp_of
from neura.distributions.transforms import ComposeTransform, StickBreakingTransform, Transform, cpp_of_transform


class Independent(Native):
    """The last dimensions of the base's batch as dimensions of one event, whose parts are independent."""

    arg_constraints: dict[str, constraints.Constraint] = {}

    def __init__(self, base_distribution: Distribution, reinterpreted_batch_ndims: int, validate_args: bool | None = None) -> None:
        if not isinstance(reinterpreted_batch_ndims, int):
            raise TypeError(f"Independent: reinterpreted_batch_ndims must be int, not {type(reinterpreted_batch_ndims).__name__}")
        self.base_dist, self.reinterpreted_batch_ndims = base_distribution, reinterpreted_batch_ndims
        self._adopt(_C.distributions.independent(cpp_of(base_distribution), reinterpreted_batch_ndims, validate_args))

    @property
    def has_rsample(self) -> bool:
        return bool(self.base_dist.has_rsample)

    @property
    def has_enumerate_support(self) -> bool:
        return self.reinterpreted_batch_ndims == 0 and bool(self.base_dist.has_enumerate_support)

    @property
    def support(self) -> Any:
        count = self.reinterpreted_batch_ndims
        return constraints.independent(self.base_dist.support, count) if count else self.base_dist.support

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions under a batch shape to which theirs broadcasts."""
        made = self.__new__(type(self)) if _instance is None else _instance
        made.__dict__.update(self.__dict__)
        count = self.reinterpreted_batch_ndims
        made.base_dist = self.base_dist.expand((*batch_shape, *self.event_shape[:count]))
        made._adopt(_C.distributions.independent(cpp_of(made.base_dist), count, self._validate_args))
        return made

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_cpp"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._cpp = _C.distributions.independent(cpp_of(self.base_dist), self.reinterpreted_batch_ndims, self._validate_args)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_dist}, {self.reinterpreted_batch_ndims})"


class _Built(Native):
    """What _build() makes of its attributes; copies and pickles have these and build anew."""

    def _build(self, validate_args: bool | None) -> None:
        raise NotImplementedError

    def __getstate__(self) -> dict[str, Any]:
        return {key: value for key, value in self.__dict__.items() if key != "_cpp"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._build(self._validate_args)


class TransformedDistribution(_Built):
    """What transforms make of samples of the base, one after the other."""

    arg_constraints: dict[str, constraints.Constraint] = {}

    def __init__(self, base_distribution: Distribution, transforms: Any, validate_args: bool | None = None) -> None:
        listed = [transforms] if isinstance(transforms, Transform) else transforms
        if not isinstance(listed, list) or not all(isinstance(t, Transform) for t in listed):
            raise ValueError(f"transforms must be a Transform or list, but was {transforms}")
        self.transforms = list(listed)
        self.base_dist = base_distribution
        if self.transforms:
            missing = ComposeTransform(self.transforms).domain.event_dim - len(base_distribution.event_shape)
            if missing > 0 and len(base_distribution.batch_shape) >= missing:
                self.base_dist = Independent(base_distribution, missing)
        self._build(validate_args)

    def _build(self, validate_args: bool | None) -> None:
        transforms = [cpp_of_transform(transform) for transform in self.transforms]
        self._adopt(_C.distributions.transformed(cpp_of(self.base_dist), transforms, validate_args))

    @property
    def has_rsample(self) -> bool:
        return bool(self.base_dist.has_rsample)

    @property
    def support(self) -> Any:
        if not self.transforms:
            return self.base_dist.support
        support = self.transforms[-1].codomain
        missing = len(self.event_shape) - support.event_dim
        return constraints.independent(support, missing) if missing > 0 else support

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions under a batch shape to which theirs broadcasts."""
        made = self.__new__(type(self)) if _instance is None else _instance
        made.__dict__.update(self.__dict__)
        shape = ComposeTransform(self.transforms).inverse_shape((*batch_shape, *self.event_shape))
        made.base_dist = self.base_dist.expand(tuple(shape[: len(shape) - len(self.base_dist.event_shape)]))
        made._build(self._validate_args)
        return made

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"


class LogisticNormal(TransformedDistribution):
    """Normal numbers and what stick breaking makes of them: shares, one more than there are numbers in the last dimension."""

    arg_constraints = {"loc": constraints.real, "scale": constraints.positive}

    def __init__(self, loc: Any, scale: Any, validate_args: bool | None = None) -> None:
        base = CLASSES["Normal"](loc, scale, validate_args=validate_args)
        super().__init__(base if base.batch_shape else base.expand((1,)), StickBreakingTransform(), validate_args)

    @property
    def _normal(self) -> Any:
        base = self.base_dist
        return base.base_dist if isinstance(base, Independent) else base

    @property
    def loc(self) -> Tensor:
        loc: Tensor = self._normal.loc
        return loc

    @property
    def scale(self) -> Tensor:
        scale: Tensor = self._normal.scale
        return scale


class MixtureSameFamily(_Built):
    """One of the distributions along the last dimension of the components' batch, chosen by a Categorical over them."""

    arg_constraints: dict[str, constraints.Constraint] = {}
    has_rsample = False

    def __init__(
        self, mixture_distribution: Distribution, component_distribution: Distribution, validate_args: bool | None = None
    ) -> None:
        if not isinstance(mixture_distribution, CLASSES["Categorical"]):
            raise ValueError(
                "The Mixture distribution needs to be an instance of neura.distributions.Categorical, not"
                f" {type(mixture_distribution).__name__}"
            )
        if not isinstance(component_distribution, Distribution):
            raise ValueError(
                "The Component distribution needs to be an instance of neura.distributions.Distribution, not"
                f" {type(component_distribution).__name__}"
            )
        self._mixture_distribution: Distribution = mixture_distribution
        self._component_distribution: Distribution = component_distribution
        self._build(validate_args)

    def _build(self, validate_args: bool | None) -> None:
        mixture, component = cpp_of(self._mixture_distribution), cpp_of(self._component_distribution)
        self._adopt(_C.distributions.mixture(mixture, component, validate_args))

    @property
    def mixture_distribution(self) -> Distribution:
        return self._mixture_distribution

    @property
    def component_distribution(self) -> Distribution:
        return self._component_distribution

    @property
    def support(self) -> Any:
        return self._component_distribution.support

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distributions under a batch shape to which theirs broadcasts."""
        made = self.__new__(type(self)) if _instance is None else _instance
        made.__dict__.update(self.__dict__)
        made._mixture_distribution = self._mixture_distribution.expand(batch_shape)
        made._component_distribution = self._component_distribution.expand((*batch_shape, self._component_distribution.batch_shape[-1]))
        made._build(self._validate_args)
        return made

    def __repr__(self) -> str:
        return f"MixtureSameFamily(\n  {self._mixture_distribution},\n  {self._component_distribution})"
