"""Probability distributions: samples through which gradients flow, densities, divergences."""

from neura.distributions import constraints as constraints
from neura.distributions import transforms as transforms
from neura.distributions._rows import CLASSES
from neura.distributions.constraint_registry import biject_to as biject_to
from neura.distributions.constraint_registry import transform_to as transform_to
from neura.distributions.distribution import Distribution as Distribution
from neura.distributions.distribution import ExponentialFamily as ExponentialFamily
from neura.distributions.kl import kl_divergence as kl_divergence
from neura.distributions.kl import register_kl as register_kl
from neura.distributions.made import Independent as Independent
from neura.distributions.made import LogisticNormal as LogisticNormal
from neura.distributions.made import MixtureSameFamily as MixtureSameFamily
from neura.distributions.made import TransformedDistribution as TransformedDistribution
from neura.distributions.transforms import *  # noqa: F403

globals().update(CLASSES)


def _modules() -> None:
    """PyTorch's modules of single distributions: neura.distributions.normal.Normal."""
    import re
    import sys
    import types

    names = {
        "FisherSnedecor": "fishersnedecor",
        "LKJCholesky": "lkj_cholesky",
        "LowRankMultivariateNormal": "lowrank_multivariate_normal",
        "OneHotCategoricalStraightThrough": "one_hot_categorical",
        "RelaxedOneHotCategorical": "relaxed_categorical",
        "StudentT": "studentT",
    }
    made = (Independent, LogisticNormal, MixtureSameFamily, TransformedDistribution)
    for kind in (*CLASSES.values(), *made):
        name = names.get(kind.__name__) or re.sub("(?<!^)(?=[A-Z])", "_", kind.__name__).lower()
        path = f"{__name__}.{name}"
        module = sys.modules.setdefault(path, types.ModuleType(path, kind.__doc__))
        setattr(module, kind.__name__, kind)
        globals()[name] = module


_modules()
