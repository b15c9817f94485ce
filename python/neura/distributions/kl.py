"""Kullback-Leibler divergences: those of C++, and those that are registered in Python."""

from collections.abc import Callable
from typing import Any

from neura import _C
from neura._C import Tensor
from neura.distributions.distribution import Distribution, cpp_of
from neura.distributions.made import Independent, TransformedDistribution

_Form = Callable[[Any, Any], Tensor]
_FORMS: dict[tuple[type, type], _Form] = {}


def register_kl(type_p: type, type_q: type) -> Callable[[_Form], _Form]:
    """A decorator: the function is kl_divergence(p, q) of these classes and of those that derive from them."""
    for given in (type_p, type_q):
        if not (isinstance(given, type) and issubclass(given, Distribution)):
            raise TypeError(f"register_kl() takes subclasses of Distribution, not {given}")

    def register(form: _Form) -> _Form:
        _FORMS[type_p, type_q] = form
        return form

    return register


def _find(type_p: type, type_q: type) -> _Form | None:
    """The form of the closest classes, by p before q."""
    for base_p in type_p.__mro__:
        for base_q in type_q.__mro__:
            if (base_p, base_q) in _FORMS:
                return _FORMS[base_p, base_q]
    return None


def kl_divergence(p: Distribution, q: Distribution) -> Tensor:
    """The expectation under p of log p - log q, [batch]. NotImplementedError for a pair without a form."""
    for given in (p, q):
        if not isinstance(given, Distribution):
            raise TypeError(f"kl_divergence() takes distributions, not {type(given).__name__}")
    form = _find(type(p), type(q))
    if form is not None:
        return form(p, q)
    native = [d._cpp if hasattr(d, "_cpp") else cpp_of(d) for d in (p, q)]
    result: Tensor = _C.distributions.kl(*native)
    return result


@register_kl(Independent, Independent)
def _kl_independent(p: Independent, q: Independent) -> Tensor:
    if p.reinterpreted_batch_ndims != q.reinterpreted_batch_ndims:
        raise NotImplementedError("No KL(p || q) is implemented for Independent distributions of different events")
    kl, count = kl_divergence(p.base_dist, q.base_dist), p.reinterpreted_batch_ndims
    return kl.sum(tuple(range(-count, 0))) if count else kl


@register_kl(TransformedDistribution, TransformedDistribution)
def _kl_transformed(p: TransformedDistribution, q: TransformedDistribution) -> Tensor:
    if p.transforms != q.transforms or p.event_shape != q.event_shape:
        raise NotImplementedError("No KL(p || q) is implemented for TransformedDistributions of different transforms")
    extra = len(p.event_shape) - len(p.base_dist.event_shape)
    kl = kl_divergence(p.base_dist, q.base_dist)
    return kl.sum(tuple(range(-extra, 0))) if extra > 0 else kl
