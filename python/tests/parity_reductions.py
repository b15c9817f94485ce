"""Reductions, and what they take."""

import numpy as np
import torch
from parity_base import NUMBERS, RANDOM, REDUCED, Case, add, integers, normal

RANDOM.seed(3)

# ---- reductions ------------------------------------------------------------------------------

for _kwargs in ({}, {"dim": 1}, {"dim": (0, 2)}, {"dim": -1, "keepdim": True}, {"dim": (0, 1, 2)}):
    add("sum mean", Case([REDUCED], kwargs=_kwargs))
    add("var std", Case([REDUCED], kwargs=_kwargs), Case([REDUCED], kwargs={**_kwargs, "unbiased": False}))
    add("amax amin", Case([REDUCED], kwargs=_kwargs))
    # PyTorch's norm() takes no three dimensions.
    add("norm", Case([REDUCED], kwargs=_kwargs, reference=torch.linalg.vector_norm))
    if "dim" in _kwargs:
        add("logsumexp", Case([REDUCED], kwargs=_kwargs))
for _kwargs in ({}, {"dim": 1}, {"dim": -1, "keepdim": True}):
    add("prod", Case([REDUCED], kwargs=_kwargs), Case([np.array([[2.0, 0, 3], [0, 0, 1], [1, 2, 3]])], kwargs=_kwargs))
    add("argmax argmin", Case([REDUCED], kwargs=_kwargs, dtypes=NUMBERS, gradient=False))
    add("all any", Case([integers(0, 2, 3, 4)], kwargs=_kwargs, dtypes=("bool", "int64"), gradient=False))
    add("max min", Case([REDUCED], kwargs=_kwargs))
add("max min", Case([normal(3, 2), normal(3, 2)]), Case([integers(0, 9, 3, 2)], dtypes=("int64",)))
add("sum prod", Case([integers(1, 4, 2, 3)], dtypes=("int64", "int32", "uint8", "bool")), Case([normal(0, 3)], kwargs={"dim": 0}))
add("prod", Case([integers(0, 3, 4, 3)], kwargs={"dim": 1, "dtype": "bool"}, dtypes=("float32", "int64", "bool"), gradient=False))
add("sum", Case([normal(0)]), Case([normal()]), Case([normal(4)], kwargs={"dtype": "float64"}))
add("mean", Case([normal(5, 1)], kwargs={"dim": 0}))
add("norm", Case([REDUCED], (1,)), Case([REDUCED], (3.0, 1)), Case([REDUCED], (float("inf"),), {"dim": 2}))
add("cumsum", Case([REDUCED], (1,)), Case([integers(0, 5, 4)], (0,), dtypes=("int64", "int32")))
for _name in ("sort", "argsort"):
    for _args, _kwargs in [((), {}), ((1, True), {}), ((), {"dim": 0, "stable": True})]:
        add(_name, Case([REDUCED], _args, _kwargs, gradient=_name == "sort"))
    add(_name, Case([integers(0, 5, 4)], dtypes=NUMBERS, kwargs={"stable": True}, gradient=False))
