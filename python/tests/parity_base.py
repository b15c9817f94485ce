"""What cases of parity are made of, and what several of them share.

CASES maps an operation's name to its cases; each is called in all scopes that have the name. A name
in neither CASES nor COMPARED_ELSEWHERE fails the test.
"""

import dataclasses
import typing

import numpy as np
import torch
import torch.nn.functional as F

RANDOM = np.random.RandomState(0)
FLOATS = ("float32", "float64")
NUMBERS = ("float32", "float64", "int64", "int32", "uint8")
ALL = (*NUMBERS, "bool")
COMPLEX = ("complex64", "complex128")
REAL = {"complex64": "float32", "complex128": "float64"}


@dataclasses.dataclass
class Case:
    arrays: list  # inputs in order; those of floating point are converted to each dtype
    args: tuple = ()  # after the inputs
    kwargs: dict = dataclasses.field(default_factory=dict)
    dtypes: tuple = FLOATS
    # On tensors of PyTorch; where absent, PyTorch's function of the same name and scope.
    reference: typing.Callable = None
    as_list: bool = False  # the inputs are passed as one list
    gradient: bool = True


def normal(*shape):
    return np.array(RANDOM.randn(*shape))


def uniform(low, high, *shape):
    return np.array(RANDOM.uniform(low, high, shape))


def numbers(*shape):
    """Complex ones."""
    return np.array(normal(*shape) + 1j * normal(*shape))


def integers(low, high, *shape):
    return RANDOM.randint(low, high, shape)


CASES = {}


def add(names, *cases):
    for name in names.split():
        CASES.setdefault(name, []).extend(cases)


def pointwise(names, low, high, dtypes, gradient=True, **kwargs):
    """Cases of every rank: 0-d, empty, matrices."""
    shapes = [(), (0,), (3, 0), (5,), (2, 3, 4)]
    add(names, *(Case([uniform(low, high, *s)], dtypes=dtypes, gradient=gradient, **kwargs) for s in shapes))


PAIRS = [((), ()), ((2, 3), (2, 3)), ((2, 3), (3,)), ((4, 1, 3), (2, 1)), ((3,), ()), ((0, 3), (1, 3))]


def binary(names, low, high, dtypes, gradient=True):
    add(
        names,
        *(Case([uniform(low, high, *a), uniform(low, high, *b)], dtypes=dtypes, gradient=gradient) for a, b in PAIRS),
    )


# Cases of one scope instead of CASES, and besides them.
FUNCTIONAL_CASES = {}
FUNCTION_CASES = {}
# (scope, name) -> how PyTorch computes what it calls in another way; of FIRST_OUTPUT it gives the first output alone.
SPECIAL_CALLS = {}
FIRST_OUTPUT = set()

SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -2.5])
REDUCED = normal(2, 3, 4)
CUBE = normal(2, 3, 4)
PLACES = integers(0, 3, 2, 4)
# [N, C, ...] in one, two and three dimensions; the last of each is called without N, too.
SERIES, IMAGES, VOLUMES = normal(2, 4, 7), normal(2, 4, 7, 6), normal(2, 4, 5, 4, 6)
SPACES = {1: SERIES, 2: IMAGES, 3: VOLUMES}
