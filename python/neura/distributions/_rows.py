"""The distributions whose rows C++ has."""

import inspect
from typing import Any

from neura import _C
from neura.distributions import constraints
from neura.distributions import transforms as t
from neura.distributions.distribution import Native, described

# By the name of a class, its base where that is another one.
_BASES = {"Chi2": "Gamma", "OneHotCategoricalStraightThrough": "OneHotCategorical"}
# What PyTorch's constructors take besides, and nothing here depends on: for which probabilities a series serves.
_BESIDES: dict[str, tuple[str, Any]] = {"ContinuousBernoulli": ("lims", (0.499, 0.501))}


class Row(Native):
    """A distribution of a row."""

    _name = ""
    _params: dict[str, Any] = {}  # by name, the default

    def _construct(self, given: dict[str, Any], validate_args: bool | None) -> None:
        values = [given[name] for name in self._params]
        self._adopt(_C.distributions.make(self._name, values, validate_args))
        self._given = [name for name in self._params if given[name] is not None]

    def __getstate__(self) -> dict[str, Any]:
        kept = {key: value for key, value in self.__dict__.items() if key != "_cpp"}
        return {"attributes": kept, "params": {name: getattr(self, name) for name in self._given}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state["attributes"])
        given = {**dict.fromkeys(self._params), **state["params"]}
        self._cpp = _C.distributions.make(self._name, list(given.values()), False)

    @property
    def param_shape(self) -> Any:
        return getattr(self, self._given[-1]).shape

    def __repr__(self) -> str:
        listed = (f"{name}: {described(getattr(self, name))}" for name in self._given if name in self.arg_constraints)
        return f"{type(self).__name__}({', '.join(listed)})"


def _param(name: str) -> property:
    return property(lambda self: self._cpp.param(name))


def _define(row: Any, bases: dict[str, type]) -> type:
    name, doc, params, support, has_rsample, has_enumerate, derived = row
    kind = inspect.Parameter
    signature = [kind("self", kind.POSITIONAL_OR_KEYWORD)]
    for param, constraint, default, required in params:
        # Counts are integers where they are not given.
        counts = default is not None and (constraint.endswith("integer") or constraint == "count")
        value = int(default) if counts else default
        signature.append(kind(param, kind.POSITIONAL_OR_KEYWORD, default=kind.empty if required else value))
    beside = _BESIDES.get(name)
    if beside is not None:
        signature.append(kind(beside[0], kind.POSITIONAL_OR_KEYWORD, default=beside[1]))
    signature.append(kind("validate_args", kind.POSITIONAL_OR_KEYWORD, default=None))
    expected = inspect.Signature(signature)

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            bound = expected.bind(self, *args, **kwargs)
        except TypeError as error:
            raise TypeError(f"{name}(): {error}") from None
        bound.apply_defaults()
        given = dict(bound.arguments)
        del given["self"]
        if beside is not None:
            del given[beside[0]]
        self._construct(given, given.pop("validate_args"))

    __init__.__signature__ = expected  # type: ignore[attr-defined]
    known = [param[0] for param in params] + [each for each in derived.split(", ") if each]
    members: dict[str, Any] = {each: _param(each) for each in known}
    members.update(__init__=__init__, __doc__=doc, __module__="neura.distributions", _name=name)
    members["_params"] = {param[0]: param[2] for param in params}
    members["arg_constraints"] = {
        param[0]: _constraint(param[1]) for param in params if param[1] != "count" and param[0] != "temperature"
    }
    members["has_rsample"], members["has_enumerate_support"] = has_rsample, has_enumerate
    if support:
        members["support"] = constraints.named(support)
    else:
        members["support"] = constraints.dependent_property(lambda self: constraints.wrapped(self._cpp.support))
    return type(name, (bases.get(_BASES.get(name, ""), Row),), members)


def _constraint(name: str) -> constraints.Constraint:
    return constraints.independent(constraints.positive, 1) if name == "positive_vector" else constraints.named(name)


CLASSES: dict[str, Any] = {}
for _row in _C.distributions.rows():
    CLASSES[_row[0]] = _define(_row, CLASSES)

def _transformed(base: Any, transforms: Any) -> dict[str, property]:
    return {"base_dist": property(base), "transforms": property(transforms)}


# What PyTorch makes some of by moving others: the base and the steps from there, made anew from the parameters.
_STEPS: dict[str, dict[str, property]] = {
    "LogNormal": _transformed(lambda d: CLASSES["Normal"](d.loc, d.scale), lambda d: [t.ExpTransform()]),
    "HalfNormal": _transformed(lambda d: CLASSES["Normal"](0.0, d.scale), lambda d: [t.AbsTransform()]),
    "HalfCauchy": _transformed(lambda d: CLASSES["Cauchy"](0.0, d.scale), lambda d: [t.AbsTransform()]),
    "Pareto": _transformed(
        lambda d: CLASSES["Exponential"](d.alpha), lambda d: [t.ExpTransform(), t.AffineTransform(0.0, d.scale)]
    ),
    "Weibull": {
        "concentration_reciprocal": property(lambda d: d.concentration.reciprocal()),
        **_transformed(
            lambda d: CLASSES["Exponential"](_C.ones_like(d.scale)),
            lambda d: [t.PowerTransform(d.concentration_reciprocal), t.AffineTransform(0.0, d.scale)],
        ),
    },
    "Gumbel": _transformed(
        lambda d: CLASSES["Uniform"](
            _C.full_like(d.loc, _C.finfo(d.loc.dtype).tiny), _C.full_like(d.loc, 1 - _C.finfo(d.loc.dtype).eps)
        ),
        lambda d: [
            t.ExpTransform().inv,
            t.AffineTransform(0.0, -_C.ones_like(d.scale)),
            t.ExpTransform().inv,
            t.AffineTransform(d.loc, -d.scale),
        ],
    ),
    "Kumaraswamy": _transformed(
        lambda d: CLASSES["Uniform"](_C.zeros_like(d.concentration0), _C.ones_like(d.concentration0)),
        lambda d: [
            t.PowerTransform(d.concentration0.reciprocal()),
            t.AffineTransform(1.0, -1.0),
            t.PowerTransform(d.concentration1.reciprocal()),
        ],
    ),
}
for _name, _members in _STEPS.items():
    for _member, _property in _members.items():
        setattr(CLASSES[_name], _member, _property)

CLASSES["LKJCholesky"].dim = property(lambda self: int(self._cpp.param("dim")))
CLASSES["Multinomial"].total_count = property(lambda self: int(self._cpp.param("total_count")))
