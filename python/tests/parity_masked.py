"""Cases of masks, segments, random windows, and of the dtypes and arguments that layers take besides; see parity_base.py."""

import numpy as np
import torch
import torch.nn.functional as F
from parity_base import CASES, COMPLEX, FLOATS, FUNCTIONAL_CASES, IMAGES, RANDOM, SPACES, Case, add, integers, normal, numbers, uniform

RANDOM.seed(9)


def from_parts(function, kwargs):
    """A convolution of complex numbers from those of real ones: PyTorch 1.13 has not all of them."""
    part = lambda x, w: function(x, w, **kwargs)
    return lambda x, w, b: (
        torch.complex(part(x.real, w.real) - part(x.imag, w.imag), part(x.real, w.imag) + part(x.imag, w.real))
        + b.reshape(-1, *(1,) * (w.ndim - 2))
    )


# ---- masks -----------------------------------------------------------------------------------

MASK = np.array([[True, False, True, True], [False, False, True, False], [True, True, True, True]])
NOTHING = np.zeros((3, 4), bool)
TABLE = normal(3, 4)
for _kwargs in ({}, {"mask": MASK}, {"mask": MASK, "dim": 1}, {"mask": MASK[0], "dim": (0, 1), "keepdim": True}):
    add("masked.sum masked.prod masked.mean masked.amax masked.amin masked.logsumexp masked.norm masked.var masked.std", Case([TABLE], kwargs=_kwargs, gradient="dim" not in _kwargs))
    if not isinstance(_kwargs.get("dim"), tuple):
        add("masked.argmax masked.argmin", Case([TABLE], kwargs=_kwargs, gradient=False))
        add("masked.median", Case([TABLE], kwargs=_kwargs))
# Rows of which nothing counts.
add("masked.sum masked.prod masked.mean masked.amax masked.amin masked.logsumexp masked.norm masked.var masked.std masked.median masked.argmax", Case([TABLE], kwargs={"mask": NOTHING, "dim": 1}, gradient=False))
add("masked.softmax masked.log_softmax masked.softmin", Case([TABLE], (1,), {"mask": NOTHING}, gradient=False))
add("masked.sum masked.prod masked.amax masked.amin masked.argmin", Case([integers(-3, 4, 3, 4)], kwargs={"mask": MASK, "dim": 0}, dtypes=("int64", "int32"), gradient=False))
add("masked.mean masked.var masked.std", Case([integers(-3, 4, 3, 4)], kwargs={"mask": MASK}, dtypes=("int64",), gradient=False))
add("masked.sum masked.prod masked.mean masked.var masked.norm", Case([numbers(3, 4)], kwargs={"mask": MASK}, dtypes=COMPLEX, gradient=False))
add("masked.sum masked.amax masked.mean", Case([TABLE], kwargs={"mask": MASK, "dim": 1, "dtype": "float64"}, gradient=False))
add("masked.var masked.std", Case([TABLE], (1, True), {"mask": MASK[0]}))
add("masked.norm", *(Case([TABLE], (ord, 1), {"mask": MASK}, gradient=False) for ord in (1, 0, float("inf"), float("-inf"))))
for _kwargs in ({}, {"mask": MASK}, {"mask": MASK[0]}):
    add("masked.cumsum masked.cumprod masked.softmax masked.softmin", Case([TABLE], (1,), _kwargs))
    add("masked.log_softmax", Case([TABLE], (1,), _kwargs, gradient=not _kwargs))
    add("masked.normalize", Case([TABLE], (2.0, 1), _kwargs), Case([numbers(3, 4)], (2.0, 1), _kwargs, dtypes=COMPLEX, gradient=False))
add("masked.cumsum masked.cumprod", Case([integers(-3, 4, 3, 4)], (0,), {"mask": MASK}, dtypes=("int64", "int32"), gradient=False))
add("masked.logaddexp", Case([TABLE, normal(3, 4)]), Case([TABLE, normal(3, 4)], kwargs={"input_mask": MASK, "other_mask": MASK[0]}, gradient=False))

# ---- segments and random windows -------------------------------------------------------------

for _reduce in ("sum", "mean", "max", "min", "prod"):
    add(
        "segment_reduce",
        Case([normal(5, 3)], (_reduce,), {"lengths": np.array([2, 0, 3]), "initial": 1.0}),
        Case([normal(2, 6, 3)], (_reduce,), {"offsets": np.array([[0, 1, 4], [0, 3, 6]]), "axis": 1, "unsafe": True}),
    )
    add("segment_reduce", Case([normal(5)], (_reduce,), {"lengths": np.array([2, 0, 3])}, gradient=_reduce != "mean"))
for _kwargs in ({"output_size": (3, 2)}, {"output_size": 3, "return_indices": True}, {"output_ratio": (0.5, 0.6)}):
    add("fractional_max_pool2d", Case([IMAGES], (2,), {**_kwargs, "_random_samples": uniform(0, 1, 2, 4, 2)}, reference=F.fractional_max_pool2d))
for _kwargs in ({"output_size": (3, 2, 1)}, {"output_ratio": 0.5, "return_indices": True}):
    add("fractional_max_pool3d", Case([SPACES[3]], ((2, 1, 3),), {**_kwargs, "_random_samples": uniform(0, 1, 2, 4, 3)}, reference=F.fractional_max_pool3d))
add("fractional_max_pool2d", Case([IMAGES[0]], ((3, 2),), {"output_size": 2, "_random_samples": uniform(0, 1, 1, 4, 2)}, reference=F.fractional_max_pool2d))

# ---- layers of other dtypes, and padding -----------------------------------------------------

for _dims, _x in SPACES.items():
    _kernel = (3, 2, 4)[:_dims]
    for _kwargs in ({"padding": "same"}, {"padding": "same", "dilation": (1, 2, 1)[:_dims]}, {"padding": "valid", "stride": 2}):
        add(f"conv{_dims}d", Case([_x, normal(6, 4, *_kernel), normal(6)], (), _kwargs, reference=getattr(F, f"conv{_dims}d")))
    _small = (2, 4, *(5, 4, 3)[:_dims])
    for _name, _weight, _kwargs in (
        ("conv", (6, 2, *(3, 2, 1)[:_dims]), {"groups": 2, "padding": 1, "stride": (2, 1, 2)[:_dims], "dilation": (1, 2, 1)[:_dims]}),
        ("conv_transpose", (4, 3, *(3, 2, 1)[:_dims]), {"groups": 2, "padding": (1, 1, 0)[:_dims], "stride": (2, 1, 2)[:_dims], "output_padding": (1, 0, 1)[:_dims]}),
        ("conv_transpose", (4, 3, *(3, 2, 1)[:_dims]), {"groups": 2, "dilation": 3, "output_padding": 2}),
    ):
        _reference = getattr(F, f"{_name}{_dims}d")
        add(f"{_name}{_dims}d", Case([numbers(*_small), numbers(*_weight), numbers(6)], (), _kwargs, dtypes=COMPLEX, reference=from_parts(_reference, _kwargs)))
        add(f"{_name}{_dims}d", Case([integers(-9, 9, *_small), integers(-9, 9, *_weight), integers(-9, 9, 6)], (), _kwargs, dtypes=("int64",), reference=_reference, gradient=False))
    _reference = getattr(F, f"avg_pool{_dims}d")
    add(f"avg_pool{_dims}d", Case([integers(-99, 99, *_x.shape)], (2,), {"padding": 1, "count_include_pad": False, "ceil_mode": True}, dtypes=("int64",), reference=_reference, gradient=False))
    add(f"avg_pool{_dims}d", Case([_x], (2, ()), reference=_reference))
FUNCTIONAL_CASES["linear"] = CASES["linear"] + [Case([integers(-9, 9, 4, 3), integers(-9, 9, 5, 3), integers(-9, 9, 5)], dtypes=("int64",), reference=F.linear, gradient=False)]
add("local_response_norm", Case([integers(-9, 9, 2, 5, 3)], (3,), dtypes=("int64",), gradient=False))
for _mode in ("reflect", "replicate", "circular"):
    FUNCTIONAL_CASES["pad"].append(Case([normal(2, 3, 4, 5)], ((-1, 2, 1, -2), _mode)))
add("constant_pad_nd", Case([normal(2, 3)], ((1, 2, -1, 1), 2.5)), Case([normal(4)], ((1, 0),)))
add("softmin", Case([normal(3, 4)], (1,), {"dtype": "float64"}))
add("gaussian_nll_loss", Case([normal(3, 4), normal(3, 1), uniform(0.5, 1, 3)]), Case([normal(3, 4), normal(3, 4), uniform(0.5, 1, 3, 1)]))
add("cosine_embedding_loss", Case([integers(-9, 9, 5, 4), integers(-9, 9, 5, 4), np.array([1, -1, 1, -1, 1])], dtypes=("int64",), gradient=False))
add("multilabel_margin_loss", Case([normal(3, 5), np.array([[1, 1, 3, -1, 2], [-1, 0, 1, 2, 3], [4, 0, 1, 2, 3]])]), Case([normal(), np.array(0)]))
add("multi_margin_loss", Case([normal(), np.array(0)]))

# ---- arguments that stand for others ---------------------------------------------------------

add("var std var_mean std_mean", Case([TABLE], (False,)), Case([TABLE], (True,)))
add("quantile nanquantile", Case([normal()], (0.5,), {"dim": 0, "keepdim": True}))
add("aminmax", Case([normal()], kwargs={"dim": 0, "keepdim": True}, gradient=False))
add("diff", Case([TABLE], kwargs={"n": 0, "prepend": normal(3, 1)}))
add("gradient", Case([normal(5)], kwargs={"spacing": None}), Case([numbers(5)], kwargs={"spacing": 0.5}, dtypes=COMPLEX))
add("prod", Case([MASK], kwargs={"dim": 1, "dtype": "bool"}, dtypes=("bool",), gradient=False))
add("gather", Case([normal()], kwargs={"dim": 0, "index": np.array([0, 0])}), Case([normal(3)], kwargs={"dim": 0, "index": np.array(2)}))
add("index_select", Case([normal()], kwargs={"dim": 0, "index": np.array([0])}))
add("index_add", Case([normal()], kwargs={"dim": 0, "index": np.array([0]), "source": normal()}))
add("unfold", Case([normal()], (0, 1, 1), reference=lambda x: x.unfold(0, 1, 1)))
add("scatter", Case([numbers()], kwargs={"dim": 0, "index": np.array(0), "src": numbers()}, dtypes=COMPLEX, gradient=False))
add("sum_to_size", Case([np.array(True)], ((),), dtypes=("bool",), gradient=False))
add("istft", Case([normal(5, 12, 2)], (8,), dtypes=FLOATS), Case([numbers(8, 12)], (8,), {"onesided": False}, dtypes=("complex128",)))
