"""Shapes, places, orders and counts."""

import numpy as np
import torch
from parity_base import (
    ALL,
    CUBE,
    FUNCTION_CASES,
    PLACES,
    RANDOM,
    REDUCED,
    SPECIAL,
    Case,
    add,
    integers,
    normal,
    uniform,
)

RANDOM.seed(4)

# ---- shapes ----------------------------------------------------------------------------------

add("reshape view", Case([CUBE], ((6, 4),)), Case([CUBE], ((-1, 2),)), Case([normal()], ((1, 1),)))
add("flatten", Case([CUBE]), Case([CUBE], (1,)), Case([CUBE], kwargs={"end_dim": 1}), Case([normal()]))
add("ravel t", Case([normal(3, 2)]), Case([normal(4)]))
add("permute", Case([CUBE], ((2, 0, 1),)), Case([CUBE], ((-1, 0, 1),)))
add("transpose swapaxes", Case([CUBE], (0, 2)), Case([CUBE], (-1, 1)))
add("expand", Case([normal(3, 1)], ((2, 3, 4),), reference=lambda x: x.expand(2, 3, 4)), Case([normal(3, 1)], ((-1, 5),), reference=lambda x: x.expand(-1, 5)))
add("broadcast_to", Case([normal(3, 1)], ((2, 3, 4),)))
add("squeeze", Case([normal(1, 3, 1)]), Case([normal(1, 3, 1)], (0,)), Case([normal(1, 3, 1)], (1,)), Case([normal(1, 3, 1)], (-1,)))
add("unsqueeze", Case([CUBE], (0,)), Case([CUBE], (-1,)), Case([normal()], (0,)))
add("narrow", Case([CUBE], (2, 1, 2)))
add("select", Case([CUBE], (1, -1)))
add("diagonal", Case([normal(3, 4)]), Case([CUBE], (1, 1, 2)), Case([normal(3, 4)], (-1,)))
add("unfold", Case([CUBE], (2, 2, 1), reference=lambda x: x.unfold(2, 2, 1)))
add("as_strided", Case([CUBE], ((2, 2), (4, 1), 1)))
# The gradient of PyTorch 1.13 for the input is what source covers, where it should be the rest.
add("as_strided_scatter", Case([CUBE, normal(2, 2)], ((2, 2), (4, 1), 1), gradient=False))
add("slice", Case([CUBE], kwargs={"dim": 2, "start": 1, "end": 4, "step": 2}, reference=lambda x: x[:, :, 1:4:2]))
add("alias clone contiguous", Case([CUBE], reference=lambda x: x.clone()))
add("view_as reshape_as", Case([CUBE, normal(4, 6)]))
add("expand_as", Case([normal(3, 1), normal(2, 3, 4)]))
add("repeat", Case([normal(2, 3)], (2, 1)), Case([normal(3)], (2, 2, 1)), Case([normal(3)], ((0,),)))
add("cat concat", Case([normal(2, 3), normal(1, 3)], as_list=True), Case([normal(2, 3), normal(2, 1), normal(2, 0)], kwargs={"dim": -1}, as_list=True))
add("stack", Case([normal(2, 3), normal(2, 3)], as_list=True), Case([normal(2, 3), normal(2, 3)], (-1,), as_list=True))
add("split", Case([normal(5, 2)], (2,)), Case([normal(2, 5)], ([1, 4], 1)))
add("chunk", Case([normal(5, 2)], (3,)), Case([normal(2, 6)], (2, 1)))
add("unbind", Case([CUBE]), Case([CUBE], (2,)))
add("flip", Case([CUBE], ((0, 2),)), Case([CUBE], ([1],)))
add("tril triu", Case([normal(4, 3)]), Case([CUBE], (1,)), Case([normal(3, 3)], (-1,)))

# ---- indexing --------------------------------------------------------------------------------

INDEX = np.array([2, 0, 2])
add("index_select", Case([CUBE[:, :, :3]], kwargs={"dim": 2, "index": INDEX}), Case([normal(4)], kwargs={"dim": 0, "index": INDEX}))
add("index_add", Case([normal(3, 2)], kwargs={"dim": 0, "index": INDEX, "source": normal(3, 2)}))
add("gather", Case([normal(3, 4)], kwargs={"dim": 0, "index": PLACES}), Case([normal(2, 3)], kwargs={"dim": 1, "index": PLACES}))
add("scatter_add", Case([normal(3, 4)], kwargs={"dim": 0, "index": PLACES, "src": normal(2, 4)}))

# ---- composites ------------------------------------------------------------------------------

add("roll", Case([normal(2, 3)], (1,), dtypes=ALL), Case([normal(2, 3)], ((1, -7), (0, 1))), Case([normal(2, 0)], (1, 1)))
add("movedim", Case([normal(2, 3, 4)], (0, -1)), Case([normal(2, 3, 4)], ((0, 1), (2, 0))))
add("diag", Case([normal(2, 3)], (1,)), Case([normal(3)], (-2,), dtypes=ALL), Case([normal(0)]))
add("trace", Case([normal(3, 4)]), Case([integers(-3, 4, 2, 2)], dtypes=("int64",), gradient=False))
add("count_nonzero", Case([integers(0, 2, 3, 4)], dtypes=ALL, gradient=False), Case([integers(0, 2, 3, 4)], (1,), gradient=False))
add("normalize", Case([normal(3, 4)]), Case([normal(3, 4)], (1.0, 0)))

# ---- arranging, picking, orders, products ----------------------------------------------------

add("tile", Case([normal(2, 3)], ((2, 1, 2),)), Case([normal(2, 3)], ((2,),)))
add("rot90", Case([normal(2, 3)]), Case([normal(2, 3, 4)], (3, (0, 2))), Case([normal(2, 3)], (-2,)))
add("fliplr flipud", Case([normal(2, 3)]), Case([normal(3, 2, 2)]))
add("unflatten", Case([normal(2, 6)], (1, (3, -1))), Case([normal(0, 6)], (1, (2, 3))))
add("atleast_1d atleast_2d atleast_3d", Case([normal()]), Case([normal(3)]), Case([normal(2, 3)]), Case([normal(2, 3, 4)]))
add("dstack column_stack", Case([normal(3), normal(3)], as_list=True), Case([normal(2, 3), normal(2, 3)], as_list=True))
add("block_diag", Case([normal(2, 3), normal(2), normal()]))
add("cartesian_prod", Case([normal(2), normal(3)]), Case([normal(2)]))
add("repeat_interleave", Case([normal(2, 3)], (2,)), Case([normal(2, 3)], (3, 1)), Case([normal(2, 3), np.array([1, 0, 2])], (1,)))
add("diag_embed", Case([normal(2, 3)]), Case([normal(3)], (-1,)), Case([normal(2, 3)], (1, 0, 2)))
add("tensor_split", Case([normal(7, 2)], (3,)), Case([normal(7, 2)], ((1, 4),)), Case([normal(2, 5)], (2, 1)))
add("take", Case([normal(2, 3), np.array([[5, 0], [-1, 2]])]))
# PyTorch 1.13 cannot view some strided inputs.
add("take_along_dim", Case([normal(2, 3), np.array([[2, 0]])], (1,)), Case([normal(2, 3), np.array([5, 1])], reference=lambda x, i: torch.take_along_dim(x.contiguous(), i.contiguous())))
add("diff", Case([normal(2, 5)]), Case([normal(4, 2)], (2, 0)), Case([normal(3) > 0], gradient=False))
add("cumprod cummax cummin", Case([normal(3, 4)], (1,)), Case([normal(3, 4)], (0,)), Case([integers(0, 3, 3, 4)], (-1,), gradient=False))
add("cumprod", Case([np.array([2.0, 0.0, 3.0, 0.0, 4.0])], (0,)), Case([np.array([[2.0, 3.0], [0.0, 5.0]])], (0,)))
add("cummax cummin", Case([np.array([1.0, np.nan, 3.0, np.nan, 0.0])], (0,), gradient=False))
add("searchsorted", Case([np.array([1.0, 3, 3, 5]), np.array([[3.0, 0], [6, 5]])], gradient=False), Case([np.array([1, 3, 3, 5]), np.array([3, 0])], kwargs={"right": True}, gradient=False))
add("bucketize", Case([normal(3, 4), np.array([-0.5, 0.0, 0.5])], gradient=False), Case([integers(0, 5, 4), np.array([1, 3])], kwargs={"right": True}, gradient=False))
add("topk", Case([normal(3, 5)], (2,)), Case([normal(3, 5)], (2, 0, False)), Case([SPECIAL], (4,), gradient=False))
add("kthvalue", Case([normal(3, 5)], (2,)), Case([normal(3, 5)], (1, 0, True)))
add("median nanmedian", Case([normal(3, 4)]), Case([normal(3, 4)], (1,)), Case([normal(3, 4)], (0, True)), Case([np.array([[np.nan, 1.0, 3.0], [1.0, 2.0, 3.0]])], (1,), gradient=False))
add("quantile nanquantile", Case([normal(3, 4)], (0.3,)), Case([normal(3, 4)], (0.8, 1, True)), Case([np.array([[np.nan, 1.0, 3.0], [1.0, 2.0, 3.0]])], (0.5, 1), gradient=False))
for _mode in ("lower", "higher", "midpoint", "nearest"):
    add("quantile", Case([normal(3, 4)], (0.3,), kwargs={"interpolation": _mode}))
add("msort", Case([normal(3, 4)]))
add("nansum nanmean", Case([normal(3, 4)]), Case([normal(3, 4)], (1,)), Case([np.array([[np.nan, 1.0], [2.0, 3.0]])], (0, True), gradient=False))
add("var_mean std_mean", Case([normal(3, 4)], (1,)))
add("trapezoid", Case([normal(3, 4)]), Case([normal(3, 4), normal(4)]), Case([normal(3, 4)], kwargs={"dx": 0.5, "dim": 0}))
add("bincount", Case([integers(0, 5, 9)], gradient=False), Case([integers(0, 5, 9)], kwargs={"minlength": 9}, gradient=False))
add("histc", Case([normal(20)], (5, -1, 1), gradient=False), Case([normal(20)], (4,), gradient=False))
add("cov corrcoef", Case([normal(3, 5)]), Case([normal(5)]))
add("addmv", Case([normal(2), normal(2, 3), normal(3)]), Case([normal(2), normal(2, 3), normal(3)], kwargs={"beta": 0.5, "alpha": 2}))
add("addr", Case([normal(2, 3), normal(2), normal(3)], kwargs={"beta": 0.5, "alpha": 2}))
add("baddbmm", Case([normal(2, 2, 4), normal(2, 2, 3), normal(2, 3, 4)], kwargs={"beta": 0.5, "alpha": 2}))
add("addbmm", Case([normal(2, 4), normal(2, 2, 3), normal(2, 3, 4)], kwargs={"beta": 0.5, "alpha": 2}))
add("inner", Case([normal(3), normal(3)]), Case([normal(2, 3), normal(4, 3)]), Case([normal(), normal(3)]))
add("kron", *(Case([normal(*a), normal(*b)], reference=lambda x, y: torch.kron(x.contiguous(), y.contiguous())) for a, b in [((2, 3), (2,)), ((2,), (2, 2, 2))]))
add("cross", Case([normal(4, 3), normal(4, 3)], kwargs={"dim": 1}), Case([normal(3, 2), normal(3, 2)], (0,)))
add("tensordot", Case([normal(2, 3, 4), normal(3, 4, 5)]), Case([normal(2, 3), normal(3, 2)], kwargs={"dims": ([0, 1], [1, 0])}), Case([normal(2), normal(3)], kwargs={"dims": 0}))
add("matrix_power", Case([normal(3, 3)], (3,)), Case([normal(2, 3, 3)], (0,), gradient=False), Case([normal(2, 2)], (1,)))
add("cdist", Case([normal(3, 4), normal(2, 4)]), Case([normal(2, 3, 4), normal(2, 4)], (1.0,)))
add("pairwise_distance cosine_similarity", Case([normal(3, 4), normal(3, 4)]))
add("pixel_shuffle", Case([normal(2, 8, 2, 3)], (2,)))
add("pixel_unshuffle", Case([normal(2, 4, 6)], (2,)))
add("channel_shuffle", Case([normal(2, 6, 2, 2)], (3,), gradient=False))
add("group_norm", Case([normal(2, 6, 3)], (3,)), Case([normal(0, 6, 3)], (2,)))
add("rms_norm", Case([normal(2, 4)], ((4,),), reference=lambda x: x * (x.square().mean(-1, keepdim=True) + torch.finfo(x.dtype).eps).rsqrt()))
add("scaled_dot_product_attention", Case([normal(2, 3, 4), normal(2, 5, 4), normal(2, 5, 3)], reference=lambda q, k, v: ((q @ k.mT) / 2).softmax(-1) @ v))
for _dims, _modes in ((1, ("nearest", "nearest-exact", "linear", "area")), (2, ("nearest", "nearest-exact", "bilinear", "bicubic", "area")), (3, ("nearest", "trilinear", "area"))):
    _image = normal(2, 3, *(5, 4, 3)[:_dims])
    for _mode in _modes:
        add(
            "interpolate",
            Case([_image], kwargs={"size": (7, 3, 4)[:_dims], "mode": _mode}),
            Case([_image], kwargs={"scale_factor": 1.7, "mode": _mode}),
            Case([_image], kwargs={"scale_factor": (0.6, 2.0, 1.5)[:_dims], "mode": _mode, "recompute_scale_factor": True}),
        )
        if "linear" in _mode or "cubic" in _mode:
            add("interpolate", Case([_image], kwargs={"size": (7, 3, 1)[:_dims], "mode": _mode, "align_corners": True}))
add("vander", Case([uniform(1, 2, 3)], gradient=False), Case([uniform(1, 2, 3)], kwargs={"N": 2, "increasing": True}, gradient=False))

# ---- arguments that PyTorch has besides --------------------------------------------------------

add("lerp", Case([normal(3, 4), normal(4), uniform(0, 1, 3, 1)]))
add("var_mean std_mean", Case([REDUCED], (1,), {"unbiased": False, "keepdim": True}))
add("softmax log_softmax", Case([normal(3, 4)], (1,), {"dtype": "float64"}))
add("bucketize", Case([normal(3), np.array([-1.0, 0.0, 1.0])], kwargs={"out_int32": True}, gradient=False))
add("searchsorted", Case([np.array([-1.0, 0.0, 1.0]), normal(3)], kwargs={"out_int32": True, "side": "right"}, gradient=False))
add("index_add", Case([normal(3, 4), ], kwargs={"dim": 0, "index": np.array([2, 0]), "source": normal(2, 4), "alpha": 2.5}, gradient=False))
add("tensor_split", Case([normal(6, 2), np.array([1, 4])], gradient=False), Case([normal(6, 2), np.array(4)], gradient=False))

# ---- placing, counting, windows, grids -------------------------------------------------------

ROWS = np.array([2, 0, 2, 1])
add("scatter", Case([normal(3, 4)], kwargs={"dim": 0, "index": np.array([[0, 1, 2, 0], [2, 2, 0, 1]]), "src": normal(2, 4)}), Case([normal(3, 4)], kwargs={"dim": 1, "index": PLACES[:, :3], "value": 2.5}))
for _reduce in ("sum", "prod", "mean", "amax", "amin"):
    for _self in (True, False):
        add("scatter_reduce", Case([normal(3, 4)], kwargs={"dim": 0, "index": PLACES, "src": uniform(1, 2, 2, 4), "reduce": _reduce, "include_self": _self}, gradient=_self or _reduce != "prod"))
        if _reduce != "sum":
            add("index_reduce", Case([uniform(1, 2, 3, 4)], kwargs={"dim": 0, "index": ROWS, "source": uniform(1, 2, 4, 4), "reduce": _reduce, "include_self": _self}, gradient=False))
add("put", Case([normal(2, 3)], kwargs={"index": np.array([[4, -6], [1, 2]]), "source": normal(2, 2)}), Case([normal(2, 3)], kwargs={"index": np.array([1, 1]), "source": normal(2), "accumulate": True}))
add("select_scatter", Case([normal(2, 3), normal(3)], (0, 1)), Case([normal(2, 3), normal(2)], (1, -1)))
# PyTorch 1.13 cannot do the second one.
add("slice_scatter", Case([normal(4, 3), normal(2, 3)], (0, 1, 4, 2)), Case([normal(2, 3), normal(2, 2)], kwargs={"dim": 1, "start": 1}, reference=lambda x, y: torch.cat([x[:, :1], y], 1)))
add("diagonal_scatter", Case([normal(3, 4), normal(3)]), Case([normal(2, 3, 4), normal(2, 3)], (1, 1, 2)))
add("mode", Case([integers(0, 3, 4, 9)], dtypes=("int64",), gradient=False, reference=lambda x: torch.mode(x)))
add("aminmax", Case([normal(3, 4)], gradient=False), Case([normal(3, 4)], kwargs={"dim": 1, "keepdim": True}, gradient=False))
add("isin", Case([integers(0, 9, 4, 3), integers(0, 9, 5)], gradient=False), Case([normal(4), normal(0)], gradient=False), Case([integers(0, 9, 4), integers(0, 9, 3)], kwargs={"invert": True}, gradient=False))
add("histogram", Case([normal(20)], (5,), gradient=False), Case([normal(20)], (4,), {"range": (-1.0, 1.0), "density": True}, gradient=False), Case([normal(20), np.array([-1.0, 0.0, 0.5])], kwargs={"weight": uniform(0, 1, 20)}, gradient=False))
add("unique", Case([integers(0, 5, 3, 4)], gradient=False), Case([integers(0, 5, 3, 4)], kwargs={"return_inverse": True, "return_counts": True}, gradient=False), Case([integers(0, 2, 6, 2)], kwargs={"return_inverse": True, "return_counts": True, "dim": 0}, gradient=False), Case([integers(0, 2, 2, 6)], kwargs={"dim": 1}, gradient=False))
add("unique_consecutive", Case([integers(0, 2, 12)], kwargs={"return_inverse": True, "return_counts": True}, gradient=False), Case([integers(0, 2, 6, 1)], kwargs={"dim": 0, "return_counts": True}, gradient=False))
add("argwhere", Case([integers(0, 2, 3, 4)], gradient=False))
add("gcd lcm", Case([integers(-20, 20, 30), integers(-20, 20, 30)], dtypes=("int64",), gradient=False))
add("logcumsumexp", Case([normal(3, 5)], (1,)), Case([normal(3, 5) * 100], (0,)), Case([np.array([-np.inf, 1.0, np.inf, 2.0])], (0,), gradient=False))
add("diff", Case([normal(2, 5)], kwargs={"prepend": normal(2, 1), "append": normal(2, 2)}))
add("cumulative_trapezoid", Case([normal(3, 4)]), Case([normal(3, 4), normal(4)]), Case([normal(3, 4)], kwargs={"dx": 0.5, "dim": 0}))
add("gradient", Case([normal(4, 5)]), Case([normal(4, 5)], kwargs={"spacing": 0.5, "dim": 1, "edge_order": 2}), Case([normal(4, 5)], kwargs={"spacing": (0.5, 2.0)}))
add("dist", Case([normal(3, 4), normal(3, 4)]), Case([normal(4), normal(4)], (1.0,)))
add("renorm", Case([normal(3, 4)], (2.0, 0, 1.0)), Case([normal(3, 4)], (1.0, 1, 0.5)))
add("pdist", Case([normal(5, 3)]), Case([normal(5, 3)], (1.0,)))
add("cdist", Case([normal(30, 4), normal(3, 4)], gradient=False), Case([normal(3, 4), normal(2, 4)], kwargs={"compute_mode": "use_mm_for_euclid_dist"}, reference=lambda x, y: torch.cdist(x, y, compute_mode="use_mm_for_euclid_dist")))
add("diagflat", Case([normal(2, 2)]), Case([normal(3)], (-1,)))
add("combinations", Case([normal(5)], gradient=False), Case([normal(4)], (3,), gradient=False), Case([normal(3)], kwargs={"r": 2, "with_replacement": True}, gradient=False), Case([normal(3)], (4,), gradient=False))
add("moveaxis", Case([normal(2, 3, 4)], (0, -1)), Case([normal(2, 3, 4)], ((0, 1), (2, 0))))
add("split_with_sizes", Case([normal(5, 2)], ((2, 3),)), Case([normal(2, 5)], ((1, 4), 1)))
add("unsafe_chunk", Case([normal(5, 2)], (3,)))
add("adjoint", Case([normal(2, 3, 4)]))
add("narrow_copy", Case([normal(4, 3)], (0, 1, 2), gradient=False))
add("sum_to_size", Case([normal(2, 3, 4)], ((3, 1),)))
add("broadcast_tensors", Case([normal(2, 1), normal(3)]))
add("rsub", Case([normal(3), normal(3)]), Case([normal(3)], (2.5,), {"alpha": 2.0}))
for _name in ("cumsum", "cumprod"):
    FUNCTION_CASES[_name] = [Case([integers(0, 5, 4)], (0,), {"dtype": "float64"}, gradient=False)]
