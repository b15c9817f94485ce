"""Transforms and constraints of distributions beside PyTorch's."""

import pickle

import neura as nr
import numpy as np
import pytest
import torch

from compare import assert_same
from test_distributions import same, t


def constraints_of(library):
    c = library.distributions.constraints
    three = t(library, 1.0, 2.0, 3.0)
    yield from (c.real, c.positive, c.nonnegative, c.unit_interval, c.simplex, c.real_vector, c.corr_cholesky)
    yield from (c.greater_than(three), c.greater_than_eq(-2.0), c.less_than(3.0), c.interval(-1.0, three), c.half_open_interval(1.0, 2.0))
    yield from (c.independent(c.positive, 1), c.cat([c.positive, c.real], -1, [1, 2]), c.stack([c.real, c.positive, c.unit_interval], -1))


@pytest.mark.parametrize("which", ["biject_to", "transform_to"])
def test_constraints_have_transforms(which):
    for ours, theirs in zip(constraints_of(nr), constraints_of(torch)):
        mine, other = getattr(nr.distributions, which)(ours), getattr(torch.distributions, which)(theirs)
        x, y = t(nr, 0.3, -0.7, 1.6), t(torch, 0.3, -0.7, 1.6)
        same(mine(x), other(y))
        same(mine.inv(mine(x)), other.inv(other(y)))
        assert ours.check(mine(x)).all()
        if other.bijective:
            same(mine.log_abs_det_jacobian(x, mine(x)), other.log_abs_det_jacobian(y, other(y)))
        assert pickle.loads(pickle.dumps(mine)) == mine


def test_transforms_are_registered():
    d = nr.distributions

    class Even(d.constraints.Constraint):
        pass

    with pytest.raises(NotImplementedError):
        d.biject_to(Even())
    with pytest.raises(NotImplementedError):
        d.biject_to(d.constraints.boolean)

    @d.biject_to.register(Even)
    def double(constraint):
        return d.AffineTransform(0.0, 2.0)

    assert d.biject_to(Even())(nr.tensor(3.0)).item() == 6
    registry = d.constraint_registry.ConstraintRegistry(nr._C.distributions.biject_to)
    registry.register(d.constraints.positive, lambda c: d.SoftplusTransform())
    assert isinstance(registry(d.constraints.positive), d.SoftplusTransform)
    assert isinstance(d.biject_to(d.constraints.positive), d.ExpTransform)
    with pytest.raises(TypeError):
        registry.register(5, lambda c: None)


def test_more_transforms():
    for library in (nr, torch):
        d = library.distributions
        cat = d.CatTransform([d.ExpTransform(), d.AffineTransform(1.0, 2.0)], dim=-1, lengths=[1, 2])
        assert cat.length == 3 and cat(t(library, 0.0, 1.0, 2.0)).tolist() == [1, 3, 5]
        stack = d.StackTransform([d.ExpTransform(), d.AffineTransform(1.0, 2.0)])
        assert stack(t(library, [0.0], [1.0])).tolist() == [[1], [3]]
        cdf = d.CumulativeDistributionTransform(d.Normal(t(library, 0.5), 2.0))
        np.testing.assert_allclose(cdf.inv(cdf(t(library, 0.3))).numpy(), [0.3], 1e-6)
        np.testing.assert_allclose(cdf.log_abs_det_jacobian(t(library, 0.3), None).numpy(), d.Normal(t(library, 0.5), 2.0).log_prob(t(library, 0.3)))


def transforms_of(library):
    d = library.distributions
    yield from (d.ExpTransform(), d.SigmoidTransform(), d.TanhTransform(), d.PowerTransform(t(library, 2.0)), d.AffineTransform(1.0, -2.0))
    yield from (d.ExpTransform().inv, d.ComposeTransform([d.AffineTransform(0.5, 2.0), d.SigmoidTransform()]))
    yield d.AffineTransform(t(library, 1.0, 2.0, 3.0), 2.0, event_dim=1)
    yield from (d.StickBreakingTransform(), d.IndependentTransform(d.ExpTransform(), 1), d.ReshapeTransform((3,), (3, 1)))


def test_transforms():
    for ours, theirs in zip(transforms_of(nr), transforms_of(torch)):
        x, y = t(nr, 0.3, 0.7, 1.6), t(torch, 0.3, 0.7, 1.6)
        same(ours(x), theirs(y))
        same(ours.inv(ours(x)), y)
        same(ours.log_abs_det_jacobian(x, ours(x)), theirs.log_abs_det_jacobian(y, theirs(y)))
        assert ours.bijective == theirs.bijective
        for a, b in ((ours.domain, theirs.domain), (ours.codomain, theirs.codomain)):
            assert a.event_dim == b.event_dim
        assert tuple(ours.forward_shape((4, 3))) == tuple(theirs.forward_shape((4, 3)))
        assert ours.inv.inv is ours
        again = pickle.loads(pickle.dumps(ours))
        assert again == ours
        same(again(x), theirs(y))
        if theirs.domain.event_dim == 0 and not isinstance(theirs, torch.distributions.PowerTransform):
            assert ours.sign == theirs.sign


def test_caches():
    tanh = nr.distributions.TanhTransform(cache_size=1)
    x = nr.tensor([12.0])
    assert tanh.inv(tanh(x)).item() == 12 and nr.distributions.TanhTransform().inv(tanh(x)).item() == float("inf")
    policy = nr.distributions.TransformedDistribution(nr.distributions.Normal(nr.full((3,), 12.0), 1.0), [tanh])
    assert policy.log_prob(policy.rsample()).isfinite().all()
    assert nr.distributions.TanhTransform().with_cache(1)._cache_size == 1


class Cubed:
    def _call(self, x):
        return x**3

    def _inverse(self, y):
        return y.sign() * y.abs() ** (1 / 3)

    def log_abs_det_jacobian(self, x, y):
        return (3 * x**2).log()


def test_transforms_written_in_python():
    results = []
    for library in (nr, torch):
        d = library.distributions
        members = {"domain": d.constraints.real, "codomain": d.constraints.real, "bijective": True, "sign": 1}
        cubed = type("Cubed", (Cubed, d.Transform), members)()
        moved = d.TransformedDistribution(d.Normal(t(library, 0.0), 1.0), [cubed, d.AffineTransform(0.0, 2.0)])
        assert moved.rsample((3,)).shape == (3, 1)
        both = d.ComposeTransform([cubed, d.ExpTransform()])
        results.append([moved.log_prob(t(library, 0.7)).item(), moved.cdf(t(library, 0.7)).item(), both(t(library, 1.5)).item()])
        assert cubed.inv.inv is cubed
    np.testing.assert_allclose(*results, 1e-7)


def test_constraints():
    ours, theirs = nr.distributions.constraints, torch.distributions.constraints
    values = [-1.0, 0.0, 0.5, 1.0, 2.0]
    for name in ("real", "boolean", "positive", "nonnegative", "unit_interval", "nonnegative_integer", "positive_integer", "simplex", "one_hot"):
        a, b = getattr(ours, name), getattr(theirs, name)
        assert_same(a.check(t(nr, *values)), b.check(t(torch, *values)))
        assert repr(a) == repr(b) and a.event_dim == b.event_dim and a.is_discrete == b.is_discrete
    for make in (lambda c: c.greater_than(0.5), lambda c: c.less_than(1.0), lambda c: c.interval(0.0, 1.0), lambda c: c.half_open_interval(0.0, 1.0), lambda c: c.integer_interval(0, 1)):
        assert_same(make(ours).check(t(nr, *values)), make(theirs).check(t(torch, *values)))
    assert ours.interval(0.0, 1.0).upper_bound == 1 and not ours.is_dependent(ours.real) and ours.is_dependent(ours.dependent)
    matrices = [[[2.0, 0.0], [1.0, 3.0]], [[2.0, 1.0], [1.0, 3.0]], [[1.0, 2.0], [2.0, 1.0]]]
    for name in ("lower_triangular", "lower_cholesky"):
        assert_same(getattr(ours, name).check(t(nr, *matrices)), getattr(theirs, name).check(t(torch, *matrices)))
    assert ours.positive_definite.check(t(nr, *matrices)).tolist() == [False, True, False]


def both(make):
    return make(nr, nr.distributions), make(torch, torch.distributions)


@pytest.mark.parametrize(
    "make",
    [
        lambda lib, d: d.LogNormal(lib.tensor([0.0, 1.0]), lib.tensor([1.0, 2.0])),
        lambda lib, d: d.HalfNormal(lib.tensor([1.0, 2.0])),
        lambda lib, d: d.HalfCauchy(lib.tensor([1.0, 2.0])),
        lambda lib, d: d.Pareto(lib.tensor([1.0, 2.0]), lib.tensor([3.0, 1.0])),
        lambda lib, d: d.Weibull(lib.tensor([1.0, 2.0]), lib.tensor([3.0, 1.0])),
        lambda lib, d: d.Gumbel(lib.tensor([0.0, 2.0]), lib.tensor([3.0, 1.0])),
        lambda lib, d: d.Kumaraswamy(lib.tensor([1.0, 2.0]), lib.tensor([3.0, 1.0])),
    ],
)
def test_bases_and_steps(make):
    ours, theirs = both(make)
    assert type(ours.base_dist).__name__ == type(theirs.base_dist).__name__
    assert repr(ours.base_dist).replace("neura", "torch") == repr(theirs.base_dist)
    assert [str(step) for step in ours.transforms] == [str(step) for step in theirs.transforms]
    # The steps make the distribution of its base.
    if str(ours.transforms[0]) != "AbsTransform()":
        moved = nr.distributions.TransformedDistribution(ours.base_dist, list(ours.transforms))
        at = ours.sample()
        assert_same(moved.log_prob(at), ours.log_prob(at).numpy(), 1e-4)
    for mine, other in zip(ours.transforms, theirs.transforms):
        assert_same(mine(nr.tensor([0.3, 0.6])), other(torch.tensor([0.3, 0.6])), 1e-5)
    if isinstance(theirs, torch.distributions.Weibull):
        assert_same(ours.concentration_reciprocal, theirs.concentration_reciprocal, 1e-6)


def test_parts_and_texts_of_inverses():
    def make(lib, d):
        return d.transforms.ComposeTransform([d.transforms.ExpTransform(), d.transforms.AffineTransform(1.0, 2.0)])

    ours, theirs = both(make)
    assert str(ours.inv) == str(theirs.inv) and len(ours.inv.parts) == 2 and ours.inv.inv is ours
    assert_same(ours.inv(nr.tensor([3.0])), theirs.inv(torch.tensor([3.0])), 1e-6)
    for make in (
        lambda lib, d: d.transforms.IndependentTransform(d.transforms.ExpTransform(), 1),
        lambda lib, d: d.Normal(lib.tensor([0.0]), lib.tensor([1.5])),
        lambda lib, d: d.Normal(0.0, 1.5),
        lambda lib, d: d.normal.Normal(lib.zeros(2), lib.ones(2)),
        lambda lib, d: d.LogisticNormal(lib.zeros(2), lib.ones(2)).base_dist,
    ):
        mine, other = both(make)
        assert str(mine).replace("neura", "torch") == str(other)
    assert nr.distributions.transforms.ExpTransform().event_dim == 0
    from neura.distributions.categorical import Categorical

    assert Categorical is nr.distributions.Categorical


def test_words_of_what_is_wrong():
    for make in (lambda lib, d: d.Wishart(lib.tensor(1.0), lib.eye(3)), lambda lib, d: d.LKJCholesky(1)):
        said = []
        for lib in (nr, torch):
            with pytest.raises(ValueError) as error:
                make(lib, lib.distributions)
            said.append(str(error.value))
        assert said[0].endswith(said[1])
