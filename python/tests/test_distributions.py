"""Distributions beside PyTorch's: densities, moments, divergences, samples by their moments, gradients of samples."""

import copy
import pickle

import neura as nr
import numpy as np
import pytest
import torch

from compare import assert_same


def t(library, *values):
    return library.tensor(np.array(values, dtype="float64"))


REAL = (-1.7, 0.3, 2.4)
POSITIVE = (0.2, 1.3, 4.0)
UNIT = (0.1, 0.45, 0.8)
COUNTS = (0.0, 1.0, 3.0)

# Name, a way to make it, values.
CASES = [
    ("Normal", lambda d, l: d.Normal(t(l, 0.0, 1.0, -2.0), t(l, 1.0, 0.5, 2.0)), REAL),
    ("Normal numbers", lambda d, l: d.Normal(0.5, 2), REAL),
    ("LogNormal", lambda d, l: d.LogNormal(t(l, 0.0, 1.0, -2.0), t(l, 1.0, 0.5, 2.0)), POSITIVE),
    ("HalfNormal", lambda d, l: d.HalfNormal(t(l, 1.0, 0.5, 2.0)), POSITIVE),
    ("StudentT", lambda d, l: d.StudentT(t(l, 0.7, 1.5, 4.0), t(l, 1.0, 0.5, 0.0), 2.0), REAL),
    ("StudentT one", lambda d, l: d.StudentT(t(l, 3.0)), REAL),
    ("Cauchy", lambda d, l: d.Cauchy(t(l, 0.0, 1.0, -2.0), t(l, 1.0, 0.5, 2.0)), REAL),
    ("Uniform", lambda d, l: d.Uniform(t(l, -3.0, 0.0, 1.0), t(l, 0.0, 2.0, 4.0)), REAL),
    ("Exponential", lambda d, l: d.Exponential(t(l, 1.0, 0.5, 2.0)), POSITIVE),
    ("Laplace", lambda d, l: d.Laplace(t(l, 0.0, 1.0, -2.0), t(l, 1.0, 0.5, 2.0)), REAL),
    ("Gumbel", lambda d, l: d.Gumbel(t(l, 0.0, 1.0, -2.0), t(l, 1.0, 0.5, 2.0)), REAL),
    ("Gamma", lambda d, l: d.Gamma(t(l, 0.5, 1.5, 4.0), t(l, 1.0, 0.5, 2.0)), POSITIVE),
    ("Chi2", lambda d, l: d.Chi2(t(l, 0.5, 3.0, 4.0)), POSITIVE),
    ("Beta", lambda d, l: d.Beta(t(l, 0.5, 1.5, 4.0), t(l, 1.0, 0.5, 2.0)), UNIT),
    ("Dirichlet", lambda d, l: d.Dirichlet(t(l, 0.5, 1.5, 4.0)), (0.2, 0.3, 0.5)),
    ("Dirichlet low", lambda d, l: d.Dirichlet(t(l, 0.5, 0.5, 0.4)), (0.2, 0.3, 0.5)),
    ("Bernoulli", lambda d, l: d.Bernoulli(t(l, 0.2, 0.5, 0.9)), (0.0, 1.0, 1.0)),
    ("Bernoulli logits", lambda d, l: d.Bernoulli(logits=t(l, -1.0, 0.5, 3.0)), (0.0, 1.0, 1.0)),
    ("Geometric", lambda d, l: d.Geometric(t(l, 0.2, 0.5, 0.9)), COUNTS),
    ("Geometric logits", lambda d, l: d.Geometric(logits=t(l, -1.0, 0.5, 3.0)), COUNTS),
    ("Poisson", lambda d, l: d.Poisson(t(l, 0.5, 3.0, 20.0)), COUNTS),
    ("Binomial", lambda d, l: d.Binomial(5, t(l, 0.2, 0.5, 0.9)), COUNTS),
    ("Binomial logits", lambda d, l: d.Binomial(5, logits=t(l, -1.0, 0.5, 3.0)), COUNTS),
    ("Categorical", lambda d, l: d.Categorical(t(l, 1.0, 2.0, 5.0)), (0, 1, 2)),
    ("Categorical logits", lambda d, l: d.Categorical(logits=t(l, -1.0, 0.5, 3.0)), (0, 1, 2)),
    ("OneHotCategorical", lambda d, l: d.OneHotCategorical(t(l, 1.0, 2.0, 5.0)), (0.0, 1.0, 0.0)),
    ("Multinomial", lambda d, l: d.Multinomial(4, t(l, 1.0, 2.0, 5.0)), (1.0, 1.0, 2.0)),
    (
        "MultivariateNormal",
        lambda d, l: d.MultivariateNormal(t(l, 0.0, 1.0, -2.0), t(l, [4.0, 1.0, 0.0], [1.0, 2.0, 0.5], [0.0, 0.5, 3.0])),
        REAL,
    ),
    (
        "MultivariateNormal precision",
        lambda d, l: d.MultivariateNormal(t(l, 0.0, 1.0, -2.0), precision_matrix=t(l, [4.0, 1.0, 0.0], [1.0, 2.0, 0.5], [0.0, 0.5, 3.0])),
        REAL,
    ),
    (
        "MultivariateNormal factor",
        lambda d, l: d.MultivariateNormal(t(l, 0.0, 1.0, -2.0), scale_tril=t(l, [4.0, 0.0, 0.0], [1.0, 2.0, 0.0], [0.0, 0.5, 3.0])),
        REAL,
    ),
    ("FisherSnedecor", lambda d, l: d.FisherSnedecor(t(l, 1.5, 3.0, 6.0), t(l, 5.0, 3.0, 1.5)), POSITIVE),
    ("HalfCauchy", lambda d, l: d.HalfCauchy(t(l, 1.0, 0.5, 2.0)), POSITIVE),
    ("Weibull", lambda d, l: d.Weibull(t(l, 1.0, 0.5, 2.0), t(l, 1.5, 1.0, 3.0)), POSITIVE),
    ("Pareto", lambda d, l: d.Pareto(t(l, 0.1, 0.5, 2.0), t(l, 0.5, 1.5, 3.0)), POSITIVE),
    ("Kumaraswamy", lambda d, l: d.Kumaraswamy(t(l, 0.5, 1.5, 4.0), t(l, 1.0, 2.5, 2.0)), UNIT),
    ("VonMises", lambda d, l: d.VonMises(t(l, 0.0, 1.0, -2.0), t(l, 1.0, 0.5, 20.0)), REAL),
    ("ContinuousBernoulli", lambda d, l: d.ContinuousBernoulli(t(l, 0.2, 0.7, 0.9)), UNIT),
    ("ContinuousBernoulli middle", lambda d, l: d.ContinuousBernoulli(t(l, 0.5, 0.5, 0.5)), UNIT),
    ("ContinuousBernoulli logits", lambda d, l: d.ContinuousBernoulli(logits=t(l, -1.0, 0.5, 3.0), lims=(0.49, 0.51)), UNIT),
    ("RelaxedBernoulli", lambda d, l: d.RelaxedBernoulli(t(l, 0.7).squeeze(0), t(l, 0.2, 0.5, 0.9)), UNIT),
    ("RelaxedBernoulli logits", lambda d, l: d.RelaxedBernoulli(t(l, 2.0).squeeze(0), logits=t(l, -1.0, 0.5, 3.0)), UNIT),
    ("RelaxedOneHotCategorical", lambda d, l: d.RelaxedOneHotCategorical(t(l, 0.7).squeeze(0), t(l, 1.0, 2.0, 5.0)), (0.2, 0.3, 0.5)),
    ("StraightThrough", lambda d, l: d.OneHotCategoricalStraightThrough(t(l, 1.0, 2.0, 5.0)), (0.0, 1.0, 0.0)),
    ("NegativeBinomial", lambda d, l: d.NegativeBinomial(t(l, 1.0, 2.5, 7.0), t(l, 0.2, 0.55, 0.9)), COUNTS),
    ("NegativeBinomial logits", lambda d, l: d.NegativeBinomial(3, logits=t(l, -1.0, 0.5, 3.0)), COUNTS),
    (
        "LowRankMultivariateNormal",
        lambda d, l: d.LowRankMultivariateNormal(t(l, 0.0, 1.0, -2.0), t(l, [1.0, 0.5], [0.2, -1.0], [0.3, 2.0]), t(l, 0.5, 1.0, 2.0)),
        REAL,
    ),
    ("LogisticNormal", lambda d, l: d.LogisticNormal(t(l, 0.3, -0.4), t(l, 1.0, 0.5)), (0.2, 0.3, 0.5)),
    (
        "MixtureSameFamily",
        lambda d, l: d.MixtureSameFamily(
            d.Categorical(t(l, [1.0, 2.0], [3.0, 1.0], [1.0, 1.0])), d.Normal(t(l, [0.0, 1.0], [2.0, -1.0], [0.5, 0.5]), 0.7)
        ),
        REAL,
    ),
    (
        "MixtureSameFamily of vectors",
        lambda d, l: d.MixtureSameFamily(
            d.Categorical(t(l, 1.0, 2.0)), d.Independent(d.Normal(t(l, [0.0, 1.0, 2.0], [2.0, -1.0, 0.0]), 0.7), 1)
        ),
        REAL,
    ),
    ("Independent", lambda d, l: d.Independent(d.Normal(t(l, 0.0, 1.0, -2.0), 1.5), 1), REAL),
    ("Transformed", lambda d, l: d.TransformedDistribution(d.Normal(t(l, 0.0, 1.0, -2.0), 1.5), [d.ExpTransform(), d.AffineTransform(-0.5, 2.0)]), POSITIVE),
    ("Transformed down", lambda d, l: d.TransformedDistribution(d.Laplace(t(l, 0.0, 1.0, -2.0), 1.5), d.AffineTransform(1.0, -2.0)), REAL),
    ("Logistic", lambda d, l: d.TransformedDistribution(d.Uniform(t(l, 0.0), t(l, 1.0)), [d.SigmoidTransform().inv]), REAL),
]
IDS = [case[0] for case in CASES]


def value_of(library, values):
    return library.tensor(list(values)) if isinstance(values[0], int) else t(library, *values)


def attempt(call):
    """What it gives, or that there is no such thing."""
    try:
        return call()
    except NotImplementedError:
        return "not here"


def same(ours, theirs):
    if isinstance(ours, str) or isinstance(theirs, str):
        # What PyTorch lacks may be here.
        assert isinstance(theirs, str) or not isinstance(ours, str), (ours, theirs)
    else:
        np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), 2e-6, 1e-6)


@pytest.mark.parametrize("name, make, values", CASES, ids=IDS)
def test_densities(name, make, values):
    ours, theirs = make(nr.distributions, nr), make(torch.distributions, torch)
    same(ours.log_prob(value_of(nr, values)), theirs.log_prob(value_of(torch, values)))
    same(attempt(ours.entropy), attempt(theirs.entropy))
    for what in ("cdf", "icdf"):
        at = UNIT if what == "icdf" else values
        same(attempt(lambda: getattr(ours, what)(value_of(nr, at))), attempt(lambda: getattr(theirs, what)(value_of(torch, at))))


@pytest.mark.parametrize("name, make, values", CASES, ids=IDS)
def test_moments_and_shapes(name, make, values):
    ours, theirs = make(nr.distributions, nr), make(torch.distributions, torch)
    assert (tuple(ours.batch_shape), tuple(ours.event_shape)) == (tuple(theirs.batch_shape), tuple(theirs.event_shape))
    for what in ("mean", "mode", "variance", "stddev"):
        # PyTorch's mode of a Kumaraswamy is the logarithm of a negative number.
        if what == "mode" and name in ("Multinomial", "Kumaraswamy"):
            continue
        same(attempt(lambda: getattr(ours, what)), attempt(lambda: getattr(theirs, what)))
    assert ours.has_rsample == theirs.has_rsample and ours.has_enumerate_support == theirs.has_enumerate_support
    assert ours.support.event_dim == theirs.support.event_dim and ours.support.is_discrete == theirs.support.is_discrete
    if ours.has_enumerate_support:
        for expand in (True, False):
            assert_same(ours.enumerate_support(expand), theirs.enumerate_support(expand))
    assert set(theirs.arg_constraints) == set(ours.arg_constraints)
    for parameter in theirs.arg_constraints:
        expected = getattr(theirs, parameter)
        if isinstance(expected, torch.Tensor):
            np.testing.assert_allclose(getattr(ours, parameter).numpy(), expected.numpy(), 1e-6, 1e-9)


@pytest.mark.parametrize("name, make, values", CASES, ids=IDS)
def test_samples(name, make, values):
    nr.manual_seed(3)
    ours, theirs = make(nr.distributions, nr), make(torch.distributions, torch)
    assert tuple(ours.sample().shape) == tuple(theirs.sample().shape)
    assert tuple(ours.sample((2, 5)).shape) == tuple(theirs.sample((2, 5)).shape)
    assert str(ours.sample().dtype).split(".")[-1] == str(theirs.sample().dtype).split(".")[-1]
    assert not ours.sample().requires_grad
    samples = ours.sample((20_000,))
    assert bool(ours.support.check(samples).all())
    mean, deviation = (attempt(lambda: getattr(theirs, what)) for what in ("mean", "stddev"))
    if isinstance(mean, str) or not torch.isfinite(deviation).all() or name.startswith(("Student", "VonMises")):
        return
    np.testing.assert_allclose(samples.numpy().mean(0), mean.numpy(), atol=6 * float(deviation.max()) / np.sqrt(20_000))
    np.testing.assert_allclose(samples.numpy().std(0), deviation.numpy(), rtol=0.15)


@pytest.mark.parametrize("name, make, values", CASES, ids=IDS)
def test_expansion_copies_and_printing(name, make, values):
    ours, theirs = make(nr.distributions, nr), make(torch.distributions, torch)
    shape = (2, *theirs.batch_shape) if theirs.batch_shape or theirs.event_shape else (2, 3)
    wide = ours.expand(shape)
    assert type(wide) is type(ours) and tuple(wide.batch_shape) == shape
    value = value_of(nr, values)
    expected = ours.log_prob(value)
    np.testing.assert_allclose(wide.log_prob(value).numpy(), np.broadcast_to(expected.numpy(), wide.log_prob(value).shape))
    for again in (copy.deepcopy(ours), pickle.loads(pickle.dumps(ours))):
        np.testing.assert_allclose(again.log_prob(value).numpy(), expected.numpy(), 1e-12)
    if name in ("Normal", "Normal numbers", "Cauchy", "Uniform", "Gamma", "Dirichlet", "Bernoulli", "Bernoulli logits", "Binomial", "Independent"):
        assert repr(ours) == repr(theirs).replace("torch.Size", "neura.Size")


REPARAMETRIZED = [
    ("Normal", (0.5, 1.5), lambda x: x**3),
    ("LogNormal", (0.2, 0.4), lambda x: x),
    ("HalfNormal", (1.5,), lambda x: x**2),
    ("Uniform", (0.5, 2.5), lambda x: x**2),
    ("Exponential", (1.5,), lambda x: x**2),
    ("Laplace", (0.5, 0.8), lambda x: x**2),
    ("Gumbel", (0.5, 0.8), lambda x: x**2),
    ("Gamma", (2.5, 1.5), lambda x: x**2),
    ("Gamma", (0.4, 1.5), lambda x: x),
    ("Chi2", (3.0,), lambda x: x),
    ("Beta", (2.0, 3.0), lambda x: x**2),
    ("StudentT", (30.0, 0.5, 0.8), lambda x: x**2),
    ("Weibull", (1.5, 2.5), lambda x: x**2),
    ("Pareto", (1.5, 9.0), lambda x: x),
    ("Kumaraswamy", (2.5, 1.5), lambda x: x**2),
    ("FisherSnedecor", (6.0, 40.0), lambda x: x),
    ("ContinuousBernoulli", (0.3,), lambda x: x**2),
    ("RelaxedBernoulli", (1.5, 0.3), lambda x: x**2),
    ("HalfCauchy", (1.5,), lambda x: x.clamp(max=3)),
]


@pytest.mark.parametrize("name, params, function", REPARAMETRIZED)
def test_gradients_of_samples(name, params, function):
    """That of a mean over many samples, beside PyTorch's."""
    grads = []
    for library in (nr, torch):
        library.manual_seed(5)
        given = [library.tensor(p, dtype=library.float64, requires_grad=True) for p in params]
        samples = getattr(library.distributions, name)(*given).rsample((40_000,))
        function(samples).mean().backward()
        grads.append([float(p.grad) for p in given])
    np.testing.assert_allclose(*grads, rtol=0.08, atol=0.03)


def test_gradients_of_shares_and_vectors():
    grads = []
    for library in (nr, torch):
        library.manual_seed(5)
        c = t(library, 1.0, 2.0, 3.0).requires_grad_()
        samples = library.distributions.Dirichlet(c).rsample((40_000,))
        (samples**2 * t(library, 1.0, 2.0, 0.0)).sum(-1).mean().backward()
        loc, factor = t(library, 1.0, 2.0).requires_grad_(), t(library, [2.0, 0.0], [0.5, 1.0]).requires_grad_()
        samples = library.distributions.MultivariateNormal(loc, scale_tril=factor).rsample((40_000,))
        (samples[:, 0] * samples[:, 1]).mean().backward()
        grads.append([*c.grad.tolist(), *loc.grad.tolist(), *factor.grad.tril().flatten().tolist()])
    np.testing.assert_allclose(*grads, rtol=0.05, atol=0.04)


PAIRS = [
    ("Normal", (0.3, 0.7), (-0.2, 1.1)),
    ("LogNormal", (0.3, 0.7), (-0.2, 1.1)),
    ("HalfNormal", (0.7,), (1.1,)),
    ("Uniform", (0.1, 0.8), (-0.5, 1.5)),
    ("Exponential", (1.5,), (0.8,)),
    ("Laplace", (0.3, 0.7), (-0.2, 0.9)),
    ("Gumbel", (0.3, 0.7), (-0.2, 0.9)),
    ("Gamma", (2.5, 1.5), (1.5, 0.9)),
    ("Chi2", (5.0,), (3.0,)),
    ("Beta", (2.5, 3.5), (1.5, 2.0)),
    ("Cauchy", (0.3, 0.7), (-0.2, 0.9)),
    ("Bernoulli", (0.3,), (0.6,)),
    ("Geometric", (0.3,), (0.6,)),
    ("Poisson", (3.0,), (2.0,)),
    ("Binomial", (6, 0.3), (6, 0.6)),
    ("StudentT", (3.0,), (4.0,)),
    ("ContinuousBernoulli", (0.3,), (0.8,)),
    ("Pareto", (0.3, 4.0), (0.05, 2.5)),
]


@pytest.mark.parametrize("first", range(len(PAIRS)))
def test_divergences(first):
    def make(library, name, params):
        return getattr(library.distributions, name)(*(p if isinstance(p, int) else t(library, p) for p in params))

    for second in range(len(PAIRS)):
        results = []
        for library in (nr, torch):
            p = make(library, PAIRS[first][0], PAIRS[first][1])
            q = make(library, PAIRS[second][0], PAIRS[second][2])
            results.append(attempt(lambda: library.distributions.kl_divergence(p, q)))
        same(*results)


def test_divergences_of_vectors_and_of_what_is_made():
    def all_of(library):
        d = library.distributions
        kl = d.kl_divergence
        yield kl(d.Dirichlet(t(library, 2.0, 3.0, 4.0)), d.Dirichlet(t(library, 1.0, 2.0, 2.5)))
        yield kl(d.Categorical(t(library, 1.0, 2.0, 3.0)), d.Categorical(t(library, 3.0, 2.0, 2.0)))
        yield kl(d.OneHotCategorical(t(library, 1.0, 2.0, 3.0)), d.OneHotCategorical(t(library, 3.0, 2.0, 2.0)))
        a = d.MultivariateNormal(t(library, [0.0, 1.0], [2.0, 2.0]), t(library, [4.0, 1.0], [1.0, 2.0]))
        b = d.MultivariateNormal(t(library, 0.5, 1.0), scale_tril=t(library, [2.0, 0.0], [0.5, 1.0]))
        yield kl(a, b)
        p, q = d.Normal(t(library, 0.0, 1.0), 1.5), d.Normal(t(library, 1.0, 1.0), 2.0)
        yield kl(d.Independent(p, 1), d.Independent(q, 1))
        moved = [d.AffineTransform(1.0, 2.0), d.ExpTransform()]
        yield kl(d.TransformedDistribution(p, moved), d.TransformedDistribution(q, moved))
        yield kl(d.Bernoulli(t(library, 0.0, 1.0, 0.5)), d.Bernoulli(t(library, 0.5, 0.0, 0.5)))
        low = d.LowRankMultivariateNormal(t(library, 0.0, 1.0), t(library, [1.0], [0.5]), t(library, 0.5, 1.0))
        other = d.LowRankMultivariateNormal(t(library, 0.5, 1.0), t(library, [0.3], [2.0]), t(library, 1.5, 1.0))
        yield from (kl(low, other), kl(low, b), kl(b, low))
        v = t(library, [1.5, 0.4], [0.4, 0.8])
        five, four = t(library, 5.0).squeeze(0), t(library, 4.0).squeeze(0)
        yield kl(d.Wishart(five, v), d.Wishart(four, scale_tril=t(library, [1.0, 0.0], [0.5, 1.0])))
        one_hot = d.OneHotCategoricalStraightThrough(t(library, 1.0, 2.0, 3.0))
        yield kl(one_hot, d.OneHotCategorical(t(library, 3.0, 2.0, 2.0)))

    for ours, theirs in zip(all_of(nr), all_of(torch)):
        same(ours, theirs)


def test_distributions_of_matrices():
    v = [[1.5, 0.4], [0.4, 0.8]]
    for batch in ((), (3,)):
        made = []
        for library in (nr, torch):
            df = library.full(batch, 5.0, dtype=library.float64)
            made.append(library.distributions.Wishart(df, t(library, *v)))
        ours, theirs = made
        assert (tuple(ours.batch_shape), tuple(ours.event_shape)) == (tuple(theirs.batch_shape), (2, 2))
        x = [[3.0, 0.7], [0.7, 2.0]]
        same(ours.log_prob(t(nr, *x)), theirs.log_prob(t(torch, *x)))
        for what in ("mean", "mode", "variance", "scale_tril", "precision_matrix"):
            same(getattr(ours, what), getattr(theirs, what))
        same(ours.entropy(), theirs.entropy())
        assert ours.rsample((4,)).shape == (4, *batch, 2, 2)
    with pytest.raises(ValueError, match="greater than ndim - 1"):
        nr.distributions.Wishart(nr.tensor(0.5), nr.eye(2))
    factor = np.linalg.cholesky(np.array([[1.0, 0.3, -0.2], [0.3, 1.0, 0.5], [-0.2, 0.5, 1.0]]))
    for concentration in (1.0, 2.5):
        ours = nr.distributions.LKJCholesky(3, nr.tensor(concentration, dtype=nr.float64))
        theirs = torch.distributions.LKJCholesky(3, torch.tensor(concentration, dtype=torch.float64))
        same(ours.log_prob(nr.tensor(factor)), theirs.log_prob(torch.tensor(factor)))
        assert ours.sample((5,)).shape == (5, 3, 3) and ours.dim == 3
        assert ours.support.check(ours.sample((100,))).all()
        assert repr(ours) == repr(theirs)
    with pytest.raises(ValueError):
        nr.distributions.LKJCholesky(1)


def test_distributions_have_pytorchs_names():
    missing = set(torch.distributions.__all__) - set(dir(nr.distributions))
    assert not missing


def test_second_derivatives_of_gamma_draws_are_refused():
    a = nr.tensor([2.5], requires_grad=True)
    (first,) = nr.autograd.grad(nr.distributions.Gamma(a, 1.0).rsample().sum(), a, create_graph=True)
    with pytest.raises(NotImplementedError, match="gradient of a draw has no gradient"):
        first.sum().backward()


def test_log_probs_are_differentiable():
    for name, params, value in (("Normal", (0.5, 1.5), 0.7), ("Gamma", (2.5, 1.5), 0.7), ("Beta", (2.0, 3.0), 0.4), ("Poisson", (2.5,), 3.0)):
        grads = []
        for library in (nr, torch):
            given = [library.tensor(p, dtype=library.float64, requires_grad=True) for p in params]
            getattr(library.distributions, name)(*given).log_prob(t(library, value)).sum().backward()
            grads.append([float(p.grad) for p in given])
        np.testing.assert_allclose(*grads, 1e-6)


class Triangle:
    """On [0, 1], with density 2 x; for either library's Distribution."""

    has_rsample = True

    @property
    def mean(self):
        return self.scale * (2 / 3)

    def rsample(self, sample_shape=()):
        uniform = self.library.rand(self._extended_shape(sample_shape), dtype=self.scale.dtype)
        return self.scale * uniform.sqrt()

    def log_prob(self, value):
        if self._validate_args:
            self._validate_sample(value)
        return (2 * value / self.scale**2).log()

    def expand(self, batch_shape, _instance=None):
        new = self._get_checked_instance(type(self), _instance)
        new.scale = self.scale.expand(batch_shape)
        super(type(self), new).__init__(batch_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new


def triangle(library):
    d = library.distributions

    def __init__(self, scale, validate_args=None):
        self.scale = scale
        d.Distribution.__init__(self, scale.shape, validate_args=validate_args)

    members = {"__init__": __init__, "arg_constraints": {"scale": d.constraints.positive}, "support": d.constraints.unit_interval}
    return type("Triangle", (Triangle, d.Distribution), {**members, "library": library})


def test_distributions_written_in_python():
    for library in (nr, torch):
        d, make = library.distributions, triangle(library)
        ours = make(t(library, 1.0, 0.5))
        assert ours.sample((4,)).shape == (4, 2) and repr(ours) == f"Triangle(scale: {library.Size([2])})"
        rows = d.Independent(ours, 1)
        np.testing.assert_allclose(rows.log_prob(t(library, 0.5, 0.25)).item(), np.log(1.0) + np.log(2.0), 1e-9)
        assert rows.rsample((3,)).shape == (3, 2) and rows.expand((4,)).sample().shape == (4, 2)
        np.testing.assert_allclose(rows.mean.numpy(), [2 / 3, 1 / 3])
        moved = d.TransformedDistribution(ours, [d.AffineTransform(1.0, 2.0)])
        np.testing.assert_allclose(moved.log_prob(t(library, 2.0, 1.5)).numpy(), np.log([1.0, 2.0]) - np.log(2), 1e-9)
        with pytest.raises(ValueError, match="Expected parameter scale"):
            make(t(library, -1.0))
        with pytest.raises(ValueError, match="within the support"):
            ours.log_prob(t(library, 1.5, 0.2))
        with pytest.raises(NotImplementedError):
            ours.cdf(t(library, 0.5))
        with pytest.raises(NotImplementedError):
            d.kl_divergence(ours, ours)

        @d.register_kl(make, make)
        def _(p, q):
            return p.scale - q.scale

        assert d.kl_divergence(ours, ours).tolist() == [0, 0] and d.kl_divergence(rows, rows).item() == 0


def test_subclasses_of_what_is_there():
    for library in (nr, torch):
        d = library.distributions

        class Shifted(d.Normal):
            def __init__(self, loc, scale, shift):
                self.shift = shift
                super().__init__(loc, scale)

            def log_prob(self, value):
                return super().log_prob(value) + self.shift

        shifted, plain = Shifted(t(library, 0.0, 1.0), t(library, 1.0, 2.0), 3.0), d.Normal(t(library, 0.0, 1.0), t(library, 1.0, 2.0))
        value = t(library, 0.5, 0.5)
        expected = (plain.log_prob(value) + 3).sum().item()
        np.testing.assert_allclose(d.Independent(shifted, 1).log_prob(value).item(), expected)
        np.testing.assert_allclose(d.kl_divergence(shifted, plain).numpy(), [0, 0], atol=1e-12)


@pytest.mark.parametrize(
    "call, error, match",
    [
        (lambda d: d.Normal(0.0, nr.tensor([1.0, -1.0])), ValueError, "Expected parameter scale .* of distribution Normal"),
        (lambda d: d.Normal(0.0), TypeError, "Normal.*scale"),
        (lambda d: d.Normal("a", 1.0), TypeError, "Normal: a parameter must be a number or a tensor, not str"),
        (lambda d: d.Normal(nr.zeros(2), nr.ones(3)), ValueError, "Normal"),
        (lambda d: d.Bernoulli(), ValueError, "Either `probs` or `logits` must be specified, but not both"),
        (lambda d: d.Bernoulli(0.5, 0.1), ValueError, "but not both"),
        (lambda d: d.Bernoulli(1.5), ValueError, "Expected parameter probs .* Interval"),
        (lambda d: d.Uniform(1.0, 0.0), ValueError, "not defined when low>= high"),
        (lambda d: d.Categorical(nr.tensor(0.5)), ValueError, "Categorical: the parameter probs must have 1 dimensions"),
        (lambda d: d.Categorical(nr.tensor([-1.0, 3.0])), ValueError, "Simplex"),
        (lambda d: d.Exponential(1.0).log_prob(nr.tensor(-1.0)), ValueError, "Expected value argument .* within the support"),
        (lambda d: d.Normal(0.0, 1.0).log_prob(3), ValueError, "must be a Tensor"),
        (lambda d: d.Normal(nr.zeros(2), 1.0).log_prob(nr.zeros(3)), ValueError, "not broadcastable"),
        (lambda d: d.Normal(0.0, 1.0).sample(3), TypeError, "shape must be a sequence"),
        (lambda d: d.Poisson(1.0).rsample(), NotImplementedError, "Poisson has no rsample"),
        (lambda d: d.Gamma(1.0, 1.0).icdf(nr.tensor(0.5)), NotImplementedError, "Gamma has no icdf"),
        (lambda d: d.Independent(d.Normal(0.0, 1.0), 1), ValueError, "reinterpreted_batch_ndims"),
        (lambda d: d.Independent(3, 1), TypeError, "int is no Distribution"),
        (lambda d: d.TransformedDistribution(d.Normal(0.0, 1.0), "exp"), ValueError, "must be a Transform or list"),
        (lambda d: d.MultivariateNormal(nr.zeros(2)), ValueError, "Exactly one of"),
        (lambda d: d.kl_divergence(d.Normal(0.0, 1.0), d.StudentT(3.0)), NotImplementedError, "Normal and q type StudentT"),
        (lambda d: d.kl_divergence(3, d.Normal(0.0, 1.0)), TypeError, "not int"),
        (lambda d: d.register_kl(int, d.Normal), TypeError, "subclasses of Distribution"),
    ],
)
def test_errors_are_clear(call, error, match):
    with pytest.raises(error, match=match):
        call(nr.distributions)


def test_checks_may_be_left_out():
    d = nr.distributions
    assert d.Normal(0.0, -1.0, validate_args=False).scale.item() == -1
    try:
        d.Distribution.set_default_validate_args(False)
        assert d.Exponential(1.0).log_prob(nr.tensor(-1.0)).item() == 1
    finally:
        d.Distribution.set_default_validate_args(True)


def test_seeds_give_the_same_samples_for_any_number_of_threads():
    threads = nr.get_num_threads()
    results = []
    try:
        for count in (1, 3):
            nr.set_num_threads(count)
            nr.manual_seed(9)
            d = nr.distributions
            makes = (d.Normal(0.0, 1.0), d.Gamma(0.7, 1.0), d.Beta(2.0, 3.0), d.Binomial(50, 0.3), d.Categorical(nr.ones(4)), d.Poisson(4.0))
            results.append([make.sample((500,)).tolist() for make in makes])
    finally:
        nr.set_num_threads(threads)
    assert results[0] == results[1]


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_gradients_where_logits_are_zero(value):
    gradients = []
    for library in (nr, torch):
        logits = library.zeros(3, requires_grad=True)
        d = library.distributions
        log_prob = d.Bernoulli(logits=logits).log_prob(library.tensor([value] * 3)).sum()
        log_prob = log_prob + d.Binomial(4, logits=logits).log_prob(library.tensor([2.0] * 3)).sum()
        x = library.zeros(3, requires_grad=True)
        tanh = d.TanhTransform()
        (log_prob + tanh.log_abs_det_jacobian(x, tanh(x)).sum()).backward()
        gradients.append((logits.grad.numpy(), x.grad.numpy()))
    np.testing.assert_allclose(gradients[0], gradients[1], atol=1e-6)


def test_broken_sticks_at_the_ends():
    x = [20.0, 0.0, -200.0]
    ours, theirs = nr.distributions.StickBreakingTransform(), torch.distributions.StickBreakingTransform()
    y, expected = ours(nr.tensor(x)), theirs(torch.tensor(x))
    np.testing.assert_allclose(y.numpy(), expected.numpy(), atol=1e-6)
    assert nr.isfinite(ours.log_abs_det_jacobian(nr.tensor(x), y))


def test_the_ends_of_continuous_bernoullis():
    for probs in (0.0, 1.0):
        ours, theirs = (library.distributions.ContinuousBernoulli(t(library, probs)) for library in (nr, torch))
        same(ours.log_prob(t(nr, 0.3)), theirs.log_prob(t(torch, 0.3)))
        same(ours.mean, theirs.mean)
        same(ours.entropy(), theirs.entropy())
