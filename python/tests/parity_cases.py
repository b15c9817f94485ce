"""How each bound operation is called to compare it with PyTorch: arrays, arguments, a reference.

A name in neither CASES nor COMPARED_ELSEWHERE fails the test.
"""

<<<<<<< HEAD
import parity_arranging  # noqa: F401
import parity_complex  # noqa: F401
import parity_factors  # noqa: F401
import parity_layers  # noqa: F401
import parity_masked  # noqa: F401
import parity_pointwise  # noqa: F401
import parity_products  # noqa: F401
import parity_reductions  # noqa: F401
import parity_special  # noqa: F401
from parity_base import ALL, CASES, FIRST_OUTPUT, FUNCTION_CASES, FUNCTIONAL_CASES, REAL, SPECIAL_CALLS  # noqa: F401
=======
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


# ---- pointwise, one input --------------------------------------------------------------------

pointwise("neg abs sign square relu", -3, 3, NUMBERS)
pointwise("floor ceil round trunc", -3, 3, FLOATS)
pointwise("exp expm1 sin cos tan atan sinh cosh tanh erf sigmoid", -1.4, 1.4, NUMBERS)
pointwise("sqrt rsqrt log log1p log2 log10 reciprocal", 1, 4, NUMBERS)
pointwise("asin acos", -0.9, 0.9, FLOATS)
pointwise("isnan isinf isfinite logical_not", -3, 3, ALL)
pointwise("leaky_relu gelu silu softplus", -3, 3, FLOATS)
pointwise("elu relu6 hardtanh logsigmoid", -3, 8, FLOATS)
pointwise("exp2 asinh erfc", -1.4, 1.4, NUMBERS)
pointwise("acosh lgamma digamma", 1.2, 4, NUMBERS)
pointwise("atanh erfinv", -0.9, 0.9, FLOATS)
pointwise("frac sinc deg2rad rad2deg", -3, 3, FLOATS)
pointwise("positive", -3, 3, NUMBERS)
pointwise("signbit isposinf isneginf", -3, 3, NUMBERS, gradient=False)
pointwise("celu selu mish hardswish softsign tanhshrink hardshrink softshrink", -5, 5, FLOATS)
pointwise("hardsigmoid", -5, 5, FLOATS, reference=lambda x: F.relu6(x + 3) / 6)  # PyTorch's slope is a float32
for _case in CASES["silu"]:
    _case.reference = F.silu
for _name in ("gelu", "leaky_relu", "softplus"):
    for _i, _case in enumerate(CASES[_name]):
        CASES[_name][_i] = dataclasses.replace(_case, reference=getattr(F, _name))
SPECIAL = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, -2.5])
add(
    "neg abs square relu floor ceil round trunc exp expm1 atan tanh erf sigmoid isnan isinf isfinite sqrt",
    Case([SPECIAL], gradient=False),
)
add("exp2 asinh acosh atanh erfc erfinv lgamma sinc signbit isposinf isneginf frac", Case([SPECIAL], gradient=False))
add("nan_to_num", Case([SPECIAL], gradient=False), Case([SPECIAL], (1.0, 2.0, 3.0), gradient=False), Case([normal(4)]))
add("celu", Case([normal(5)], (-0.5,)))
add("hardshrink softshrink", Case([normal(5)], (0.2,)))
add("threshold", Case([normal(5)], (0.1, 7.0)))
add("glu", Case([normal(4, 6)]), Case([normal(4, 6)], (0,)))
add("prelu", Case([normal(2, 3, 4), normal(3)]), Case([normal(5), normal(1)]))
add("softmin", Case([normal(3, 4)], (1,)))
add("logit", Case([uniform(0.1, 0.9, 5)]), Case([uniform(0.1, 0.9, 5)], (0.3,)))
add("mvlgamma", Case([uniform(2, 4, 5)], (3,)))
add("round", Case([normal(5)], kwargs={"decimals": 2}), Case([normal(5) * 100], kwargs={"decimals": -1}))
add("gelu", Case([normal(4, 3)], kwargs={"approximate": "tanh"}, reference=lambda x: F.gelu(x, approximate="tanh")))
add("leaky_relu", Case([normal(4)], (0.3,), reference=lambda x: F.leaky_relu(x, 0.3)))
add(
    "clamp",
    Case([normal(4, 3)], (-0.5, 0.5)),
    Case([normal(4)], kwargs={"min": 0.1}),
    Case([normal(4)], kwargs={"max": 0.1}),
    Case([integers(0, 9, 5)], (2, 5), dtypes=("int64",)),
)
add("clamp", Case([normal(4, 3), normal(3), normal(4, 1)]), Case([normal(4), normal()]))
add("clamp_min clamp_max", Case([normal(4)], (0.1,)), Case([normal(4, 3), normal(3)]), Case([integers(0, 9, 5)], (2.5,), dtypes=("int64",)))
add("isclose", Case([SPECIAL, SPECIAL[::-1].copy()]), Case([SPECIAL, SPECIAL], kwargs={"equal_nan": True}), Case([integers(0, 3, 9), integers(0, 3, 9)], kwargs={"atol": 1}, dtypes=("int64",)))
add("elu", Case([normal(5)], (0.5,)))
add("hardtanh", Case([normal(5)], (-0.2, 0.7)))

# ---- pointwise, several inputs ---------------------------------------------------------------

PAIRS = [((), ()), ((2, 3), (2, 3)), ((2, 3), (3,)), ((4, 1, 3), (2, 1)), ((3,), ()), ((0, 3), (1, 3))]


def binary(names, low, high, dtypes, gradient=True):
    add(
        names,
        *(Case([uniform(low, high, *a), uniform(low, high, *b)], dtypes=dtypes, gradient=gradient) for a, b in PAIRS),
    )


binary("add mul sub div", 1, 4, NUMBERS)
binary("maximum minimum", -3, 3, NUMBERS)
binary("pow", 1, 3, NUMBERS)
binary("atan2", -3, 3, FLOATS)
binary("remainder", 1, 5, NUMBERS)
binary("floor_divide", 1, 5, NUMBERS, gradient=False)
binary("fmod", 1, 5, NUMBERS)
binary("hypot copysign logaddexp logaddexp2 ldexp", -3, 3, FLOATS)
binary("fmax fmin", -3, 3, NUMBERS)
binary("xlogy float_power", 1, 3, NUMBERS)
binary("heaviside", -1, 1, FLOATS, gradient=False)
INTEGERS = ("int64", "int32", "uint8")
binary("bitwise_and bitwise_or bitwise_xor", 0, 9, (*INTEGERS, "bool"), gradient=False)
binary("bitwise_left_shift bitwise_right_shift", 0, 5, INTEGERS, gradient=False)
add("bitwise_and bitwise_or bitwise_xor", Case([integers(-9, 9, 5)], (3,), dtypes=("int64", "int32"), gradient=False))
add("bitwise_right_shift", Case([np.array([-7, 5, 3, -1]), np.array([1, 2, 70, 64])], dtypes=("int64",), gradient=False))
add("bitwise_not", Case([integers(0, 9, 5)], dtypes=(*INTEGERS, "bool"), gradient=False))
add("fmax fmin", Case([SPECIAL, SPECIAL[::-1].copy()], gradient=False))
add("copysign hypot", Case([SPECIAL, SPECIAL[::-1].copy()], gradient=False))
add("xlogy", Case([np.array([0.0, 0.0, 1.0]), np.array([np.nan, 0.0, 0.0])], gradient=False), Case([uniform(1, 3, 4)], (2.5,)))
for _mode in ("trunc", "floor"):
    add("div", Case([np.array([5.0, -5, 5, -5]), np.array([3.0, 3, -3, -3])], kwargs={"rounding_mode": _mode}, dtypes=("float64", "int64"), gradient=False))
binary("eq ne lt le gt ge", 0, 2, ALL, gradient=False)
binary("logical_and logical_or logical_xor", -1, 1, ALL, gradient=False)
add("add sub", Case([normal(3), normal(3)], kwargs={"alpha": 2.5}))
add("add sub mul div pow remainder eq lt", Case([uniform(1, 3, 4)], (2,)), Case([uniform(1, 3, 4)], (1.5,)))
add("remainder", Case([np.array([5.0, -5, 5, -5]), np.array([3.0, 3, -3, -3])], dtypes=("float64", "int64")))
add("floor_divide", Case([np.array([5.0, -5, 5, -5]), np.array([3.0, 3, -3, -3])], dtypes=("float64", "int64"), gradient=False,
                         reference=lambda x, y: torch.div(x, y, rounding_mode="floor")))
add("relu_grad", Case([normal(4, 3), normal(4, 3)], reference=lambda g, y: g * (y > 0), gradient=False))
add("lerp", Case([normal(3, 2), normal(3, 2)], (0.3,)))
add("addcmul addcdiv", Case([normal(3), uniform(1, 2, 3), uniform(1, 2, 3)], kwargs={"value": 0.5}))
add("where", Case([normal(4, 3) > 0, normal(4, 3), normal(3)]))
add("masked_fill", Case([normal(4, 3), normal(3) > 0], (7.0,)), Case([normal(2, 2), np.array(True)], (1,)))
add("masked_fill", Case([normal(4, 3), normal(3) > 0, normal()]), Case([integers(0, 9, 3), np.array([True, False, True])], (7.5,), dtypes=("int64",)))

# ---- reductions ------------------------------------------------------------------------------

REDUCED = normal(2, 3, 4)
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
add("sum", Case([normal(0)]), Case([normal()]), Case([normal(4)], kwargs={"dtype": "float64"}))
add("mean", Case([normal(5, 1)], kwargs={"dim": 0}))
add("norm", Case([REDUCED], (1,)), Case([REDUCED], (3.0, 1)), Case([REDUCED], (float("inf"),), {"dim": 2}))
add("cumsum", Case([REDUCED], (1,)), Case([integers(0, 5, 4)], (0,), dtypes=("int64", "int32")))
for _name in ("sort", "argsort"):
    for _args, _kwargs in [((), {}), ((1, True), {}), ((), {"dim": 0, "stable": True})]:
        add(_name, Case([REDUCED], _args, _kwargs, gradient=_name == "sort"))
    add(_name, Case([integers(0, 5, 4)], dtypes=NUMBERS, kwargs={"stable": True}, gradient=False))

# ---- products --------------------------------------------------------------------------------

for _a, _b in [((2, 3), (3, 4)), ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 2)), ((5, 2, 3), (5, 3, 2)), ((2, 1, 2, 3), (4, 3, 2)), ((0, 3), (3, 2)), ((2, 0), (0, 3))]:
    add("matmul", Case([normal(*_a), normal(*_b)]))
add("mm", Case([normal(4, 3), normal(3, 5)]))
add("bmm", Case([normal(2, 4, 3), normal(2, 3, 5)]))
add("mv", Case([normal(4, 3), normal(3)]))
add("dot", Case([normal(4), normal(4)]))
add("outer", Case([normal(4), normal(3)]))
add("addmm", Case([normal(5), normal(4, 3), normal(3, 5)]), Case([normal(4, 5), normal(4, 3), normal(3, 5)], kwargs={"beta": 0.5, "alpha": 2}))
add("linear", *(Case(a, reference=F.linear) for a in ([normal(4, 3), normal(5, 3), normal(5)], [normal(2, 4, 3), normal(5, 3)], [normal(3), normal(5, 3)])))
add("bilinear", *(Case(a, reference=F.bilinear) for a in ([normal(4, 3), normal(4, 2), normal(5, 3, 2), normal(5)], [normal(2, 4, 3), normal(2, 4, 2), normal(5, 3, 2)])))

# ---- convolution, pooling, normalization -----------------------------------------------------

# [N, C, ...] in one, two and three dimensions; the last of each is called without N, too.
SERIES, IMAGES, VOLUMES = normal(2, 4, 7), normal(2, 4, 7, 6), normal(2, 4, 5, 4, 6)
SPACES = {1: SERIES, 2: IMAGES, 3: VOLUMES}


def in_space(kind, dims, *cases, primitive=True):
    """Cases of PyTorch's function in so many dimensions, and of the operation of any number of them."""
    reference = getattr(F, f"{kind}{dims}d")
    for arrays, args, kwargs in cases:
        add(f"{kind}{dims}d", Case(arrays, args, kwargs, reference=reference))
        add(f"{kind}{dims}d", Case([arrays[0][0], *arrays[1:]], args, kwargs, reference=reference))
        if primitive:
            add(kind, Case(arrays, args, kwargs, reference=reference))


for _dims, _x in SPACES.items():
    _kernel = (3,) * _dims
    for _kwargs in ({}, {"stride": 2}, {"padding": (1, 2, 1)[:_dims]}, {"dilation": 2, "padding": 2}, {"stride": (2, 1, 2)[:_dims], "padding": 1}):
        in_space("conv", _dims, ([_x, normal(6, 4, *_kernel), normal(6)], (), _kwargs))
    in_space("conv", _dims, ([_x, normal(6, 2, *(3, 2, 1)[:_dims])], (), {"groups": 2}), ([_x, normal(8, 1, *_kernel)], (), {"groups": 4, "padding": 1}), ([_x, normal(2, 4, *(1,) * _dims)], (), {}))
    _small = normal(2, 4, *(4, 3, 2)[:_dims])
    for _kwargs in ({}, {"stride": 2}, {"stride": 2, "padding": 1, "output_padding": 1}, {"dilation": 2}):
        in_space("conv_transpose", _dims, ([_small, normal(4, 3, *_kernel), normal(3)], (), _kwargs), primitive=False)
    in_space("conv_transpose", _dims, ([_small, normal(4, 2, *_kernel)], (), {"groups": 2, "stride": (2, 1, 2)[:_dims]}), primitive=False)
    for _args, _kwargs in [((2,), {}), (((3, 2, 2)[:_dims],), {"stride": 2, "padding": 1}), ((2,), {"stride": 3, "ceil_mode": True})]:
        in_space("avg_pool", _dims, ([_x], _args, _kwargs))
        in_space("max_pool", _dims, ([_x], _args, _kwargs))
    in_space("avg_pool", _dims, ([_x], (3,), {"padding": 1, "count_include_pad": False}))
    in_space("max_pool", _dims, ([_x], (2,), {"dilation": 2, "stride": 1}))
    add(f"max_pool{_dims}d", Case([_x], (2,), {"return_indices": True}, reference=getattr(F, f"max_pool{_dims}d")))
    if _dims > 1:
        in_space("avg_pool", _dims, ([_x], (2,), {"divisor_override": 3}))
    for _size in (1, (3, 2, 4)[:_dims], _x.shape[2:]):
        in_space("adaptive_avg_pool", _dims, ([_x], (_size,), {}))
in_space("adaptive_avg_pool", 2, ([IMAGES], ((None, 3),), {}))
add("softmax log_softmax", Case([REDUCED], (1,)), Case([REDUCED * 100], kwargs={"dim": -1}), Case([normal(4)], (0,)))
NORMED = [normal(3, 4, 5), uniform(0.5, 2, 5), normal(5)]
add("layer_norm", Case(NORMED))  # called in its own ways: see SPECIAL_CALLS
add(
    "batch_norm_inference",
    Case([normal(3, 4, 2, 2), normal(4), uniform(0.5, 2, 4), normal(4), normal(4)],
         reference=lambda x, m, v, w, b: (x - m.view(4, 1, 1)) / (v.view(4, 1, 1) + 1e-5).sqrt() * w.view(4, 1, 1) + b.view(4, 1, 1)),
)
add("batch_norm_training", Case([normal(3, 4, 2, 2), normal(4), normal(4)]))
add("embedding", Case([integers(0, 5, 2, 3), normal(5, 4)]))

# ---- shapes ----------------------------------------------------------------------------------

CUBE = normal(2, 3, 4)
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
PLACES = integers(0, 3, 2, 4)
add("gather", Case([normal(3, 4)], kwargs={"dim": 0, "index": PLACES}), Case([normal(2, 3)], kwargs={"dim": 1, "index": PLACES}))
add("scatter_add", Case([normal(3, 4)], kwargs={"dim": 0, "index": PLACES, "src": normal(2, 4)}))

# ---- losses ----------------------------------------------------------------------------------

LABELS = np.array([2, 0, -100, 1])
for _reduction in ("mean", "sum", "none"):
    _r = {"reduction": _reduction}
    add("mse_loss l1_loss smooth_l1_loss", Case([normal(4, 3), normal(4, 3)], kwargs=_r))
    add("binary_cross_entropy", Case([uniform(0.1, 0.9, 4, 3), uniform(0, 1, 4, 3)], kwargs=_r))
    add("binary_cross_entropy binary_cross_entropy_with_logits", Case([uniform(0.1, 0.9, 4, 3), uniform(0, 1, 4, 3)], kwargs={**_r, "weight": uniform(0, 1, 3)}))
    add("binary_cross_entropy_with_logits", Case([normal(4, 3) * 5, uniform(0, 1, 4, 3)], kwargs={**_r, "pos_weight": uniform(1, 3, 3)}))
    add("cross_entropy nll_loss", Case([normal(4, 3), LABELS], kwargs={**_r, "weight": uniform(0.5, 2, 3)}), Case([normal(4, 3, 2), integers(0, 3, 4, 2)], kwargs=_r))
    add("cross_entropy", Case([normal(4, 3), LABELS], kwargs={**_r, "label_smoothing": 0.2, "weight": uniform(0.5, 2, 3)}), Case([normal(4, 3), uniform(0, 1, 4, 3)], kwargs={**_r, "label_smoothing": 0.1}), Case([normal(3), np.array(1)], kwargs=_r))
add("smooth_l1_loss", Case([normal(4), normal(4)], kwargs={"beta": 0.5}), Case([normal(4), normal(4)], kwargs={"beta": 0.0}))

# ---- what does not fit: the same name is called in another way than PyTorch's -----------------

# (scope, name) -> how PyTorch computes it. The arguments are those of the case.
SPECIAL_CALLS = {
    ("", "layer_norm"): lambda x, w, b: F.layer_norm(x, x.shape[-1:], w, b),
    ("Tensor", "layer_norm"): lambda x, w, b: F.layer_norm(x, x.shape[-1:], w, b),
    ("", "batch_norm_training"): lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
    ("Tensor", "batch_norm_training"): lambda x, w, b: F.batch_norm(x, None, None, w, b, training=True),
}
# Of these PyTorch gives the first output alone.
FIRST_OUTPUT = {("", "layer_norm"), ("Tensor", "layer_norm"), ("", "batch_norm_training"), ("Tensor", "batch_norm_training"), ("", "max_pool"), ("Tensor", "max_pool")}
add("pad", Case([normal(2, 3)], ((1, 0), (2, 1)), {"value": 3.0}, reference=lambda x: F.pad(x, (0, 1, 1, 2), value=3.0)))
FUNCTIONAL_CASES = {
    "pad": [Case([CUBE], ((1, 2),)), Case([CUBE], ((1, 0, 0, 2),), {"value": 1.5}), Case([CUBE], ((-1, 1),)), *(Case([CUBE], ((2, 1), mode)) for mode in ("reflect", "replicate", "circular"))],
    "layer_norm": [Case([NORMED[0]], ((5,),)), Case([normal(3, 4, 5)], ((4, 5),)), Case([NORMED[0]], ((5,), NORMED[1], NORMED[2], 1e-3))],
}

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

# ---- linalg: "linalg.name" are cases of that namespace alone ---------------------------------

add("linalg.cross", Case([normal(4, 3), normal(1, 3)]), Case([normal(3, 2), normal(3, 2)], kwargs={"dim": 0}))
add("linalg.diagonal", Case([normal(2, 3, 4)]), Case([normal(2, 3, 4)], kwargs={"offset": 1, "dim1": 0, "dim2": 1}))
add("multi_dot", Case([normal(2, 5), normal(5, 3), normal(3, 4)], as_list=True), Case([normal(5), normal(5, 3), normal(3)], as_list=True))
add("linalg.vander", Case([uniform(1, 2, 3)]), Case([uniform(1, 2, 2, 3)], kwargs={"N": 4}))
add("vecdot", Case([normal(2, 3), normal(3)]), Case([normal(2, 3), normal(2, 3)], kwargs={"dim": 0}))
for _ord in (2, 1, 3.5, -2, 0, float("inf"), float("-inf")):
    add("vector_norm", Case([REDUCED], (_ord,), gradient=_ord != 0), Case([REDUCED], (_ord, 1, True), gradient=_ord != 0))
add("vector_norm", Case([REDUCED], kwargs={"dim": (0, 2), "dtype": "float64"}), Case([normal()]))

def definite(*shape):
    x = normal(*shape)
    return x @ np.swapaxes(x, -2, -1) + np.eye(shape[-1])


def factors(a):
    """LU factors and pivots by PyTorch."""
    return [x.numpy() for x in torch.linalg.lu_factor(torch.tensor(a))]


SQUARES = [normal(3, 3), normal(2, 3, 3), normal(1, 1)]
SHAPES = [(4, 3), (3, 4), (2, 3, 3), (1, 1)]
EMPTY = [normal(0, 0), normal(2, 0, 0), normal(0, 3, 3)]
add("det slogdet logdet inv inverse inv_ex", *(Case([a @ a if a.ndim < 3 else a @ np.swapaxes(a, 1, 2)]) for a in SQUARES))
add("det slogdet inv inverse", *(Case([a]) for a in EMPTY))
# The gradient of PyTorch 1.13 is 0 at every singular matrix.
add("det slogdet", Case([np.array([[1.0, 2.0], [2.0, 4.0]])], gradient=False), Case([np.ones((2, 2, 2))], gradient=False))
# PyTorch 1.13 cannot view some strided inputs.
add("matrix_exp", *(Case([a], reference=lambda x: torch.matrix_exp(x.contiguous())) for a in (*SQUARES, *EMPTY, normal(4, 4) * 20, normal(2, 2, 2, 2))))
add("matrix_power", Case([normal(3, 3)], (-2,)), Case([normal(2, 3, 3)], (-1,)))
for _upper in (False, True):
    add("linalg.cholesky cholesky_ex", *(Case([definite(*s)], kwargs={"upper": _upper}) for s in ((3, 3), (2, 4, 4), (1, 1))))
    add("cholesky", Case([definite(2, 3, 3)], (_upper,)))
    # PyTorch gives a gradient to the triangle that is not read, too.
    add("cholesky_solve", Case([normal(3, 2), np.linalg.cholesky(definite(3, 3))], (_upper,), gradient=False))
    add("cholesky_inverse", Case([np.linalg.cholesky(definite(3, 3))], (_upper,), gradient=False))
    for _left in (False, True):
        add("solve_triangular", Case([normal(3, 3) + 3 * np.eye(3), normal(3, 3)], kwargs={"upper": _upper, "left": _left}), Case([normal(2, 3, 3) + 3 * np.eye(3), normal(3, 3)], kwargs={"upper": _upper, "left": _left, "unitriangular": True}))
add("linalg.cholesky", *(Case([a]) for a in EMPTY))
add("linalg.lu", *(Case([normal(*s)]) for s in SHAPES))
add("lu", Case([normal(3, 3)]), Case([normal(2, 3, 3)], (True, True)))
add("lu_factor lu_factor_ex", *(Case([normal(*s)]) for s in SHAPES), *(Case([a]) for a in EMPTY))
LU = factors(normal(2, 3, 3))
add("linalg.lu_solve", *(Case([*LU, normal(2, 3, 3)], kwargs={"left": left, "adjoint": adjoint}) for left in (True, False) for adjoint in (True, False)))
add("lu_solve", Case([normal(2, 3, 2), *LU]))
add("lu_unpack", Case(LU), Case(factors(normal(4, 3))))
add("linalg.qr", *(Case([normal(*s)]) for s in SHAPES), *(Case([normal(*s)], ("complete",), gradient=s[-2] <= s[-1]) for s in SHAPES), Case([normal(4, 3)], ("r",), gradient=False), *(Case([a]) for a in EMPTY), Case([normal(3, 0)], ("complete",), gradient=False))
add("qr", Case([normal(4, 3)]), Case([normal(3, 3)], (False,)))
for _shapes in [((3, 3), (3, 2)), ((2, 3, 3), (2, 3, 2)), ((3, 3), (3,)), ((2, 3, 3), (2, 3)), ((0, 0), (0, 2)), ((2, 0, 0), (2, 0, 3)), ((0, 3, 3), (0, 3, 1))]:
    add("solve solve_ex", Case([normal(*s) for s in _shapes]))
add("solve", Case([normal(3, 3), normal(2, 3)], kwargs={"left": False}), Case([normal(2, 1, 3, 3), normal(4, 3, 2)]))
add("triangular_solve", Case([normal(3, 2), normal(3, 3)]), Case([normal(3, 2), normal(3, 3)], (False, True, True)))
add("pinv pinverse", *(Case([normal(*s)]) for s in SHAPES), Case([normal(3, 0)]))
add("pinv", Case([np.ones((2, 2))]), Case([definite(3, 3)], kwargs={"hermitian": True}), Case([normal(4, 3)], kwargs={"rtol": 0.5}), Case([normal(4, 3)], kwargs={"atol": 0.5}))
for _driver in ("gels", "gelsy", "gelsd", "gelss"):
    for _s in ((4, 3), (3, 4), (2, 4, 3), (3, 3)):
        add("lstsq", Case([normal(*_s), normal(*_s[:-1], 2)], kwargs={"driver": _driver}, gradient=False))
add("lstsq", Case([normal(2, 4, 3), normal(2, 4)], gradient=False))
add("tensorinv", Case([normal(2, 3, 6)]), Case([normal(6, 2, 3)], (1,)))
add("tensorsolve", Case([normal(2, 3, 6), normal(2, 3)]), Case([normal(2, 6, 3), normal(2, 3)], kwargs={"dims": (1,)}))
add("householder_product orgqr", Case([normal(4, 3), normal(2)]), Case([normal(2, 3, 3), normal(2, 3)]))
for _ord in ("fro", "nuc", 1, -1, 2, -2, float("inf"), float("-inf")):
    add("matrix_norm", Case([REDUCED], (_ord,)), Case([REDUCED], (_ord, (0, 2), True)))
    add("linalg.norm", Case([normal(3, 4)], (_ord,)), Case([REDUCED], (_ord, (1, 0))))
    # PyTorch 1.13 overwrites the inverse that its gradient needs.
    add("cond", Case([normal(2, 3, 3)], (_ord,), gradient=_ord in (2, -2)))
add("linalg.norm", Case([REDUCED]), Case([normal(4)], (3,)), Case([REDUCED], (0.5, 1, True)), Case([REDUCED], kwargs={"dim": 1}), Case([normal(3, 4)], kwargs={"dtype": "float64"}))
add("cond", Case([normal(4, 3)]), Case([np.array([[1.0, 2.0], [2.0, 4.0]])], ("fro",), gradient=False))
add("norm", Case([normal(3, 4)], ("nuc",)), Case([REDUCED], ("fro", (0, 1))), Case([REDUCED], ("nuc", (0, 1), True)), Case([REDUCED], (-1, 1)), Case([REDUCED], (0, 1), gradient=False))
add("linalg.matrix_rank", Case([normal(4, 3)]), Case([np.ones((2, 3, 3))]), Case([definite(3, 3)], kwargs={"hermitian": True}), Case([np.diag([1.0, 0.1, 1e-3])], kwargs={"atol": 0.01}), Case([np.diag([1.0, 0.1, 1e-3])], kwargs={"rtol": 0.2}), Case([np.diag([1.0, 0.1, 1e-3])], (0.01,)), Case([normal(2, 0, 3)], gradient=False))
add("svdvals", *(Case([normal(*s)]) for s in SHAPES), Case([normal(2, 0, 3)]))
add("eigvalsh", Case([definite(3, 3)]), Case([definite(2, 4, 4)], ("U",)), Case([normal(0, 0)]))
add("renorm", Case([normal(3, 4)], (2, 0, 1.0)), Case([normal(2, 3, 4)], (1, 1, 2.5)))
add("dist", Case([normal(3, 4), normal(3, 4)]), Case([normal(3, 4), normal(4)], (1,)))
add("vdot", Case([normal(4), normal(4)]))
add("chain_matmul", Case([normal(2, 5), normal(5, 3), normal(3, 4)]))

# ---- special ---------------------------------------------------------------------------------

pointwise("expit psi gammaln", 0.5, 3, NUMBERS)
add("multigammaln", Case([uniform(2, 4, 5)], (3,)))

add("special.softmax special.log_softmax", Case([REDUCED], (1,)), Case([normal(4)], (0,), {"dtype": "float64"}))
pointwise("erfcx i0 special.i0 i1 i0e i1e", -3, 3, NUMBERS)
# PyTorch has no gradient of them.
pointwise("bessel_j0 bessel_j1", -3, 3, NUMBERS, gradient=False)
pointwise("ndtri", 0.05, 0.95, FLOATS)
pointwise("log_ndtr", -9, 5, NUMBERS)
add("erfcx i0 i1 i0e i1e ndtri log_ndtr", Case([SPECIAL], gradient=False))
binary("gammainc gammaincc igamma igammac", 1, 4, FLOATS, gradient=False)
add("gammainc gammaincc", Case([np.array([0.0, 0.0, 1.0, np.inf, 2.0, -1.0, np.nan]), np.array([0.0, 1.0, 0.0, 1.0, np.inf, 1.0, 1.0])], gradient=False), Case([uniform(11, 30, 9), uniform(5, 40, 9)], dtypes=("float32",), gradient=False))
binary("zeta", 1.5, 4, FLOATS, gradient=False)
add("zeta", Case([np.array([1.0, 0.5, 2.0, 3.0, 2.5, 2.0, 3.0]), np.array([2.0, 2.0, 0.0, -2.0, -1.5, -1.5, -2.25])], gradient=False), Case([uniform(2, 3, 3)], (2.5,), gradient=False))
pointwise("entr", 0.1, 3, NUMBERS)
pointwise("ndtr", -3, 3, NUMBERS)
binary("xlog1py", 1, 3, NUMBERS)
add("entr ndtr", Case([SPECIAL], gradient=False))
add("xlog1py", Case([np.array([0.0, 0.0, 1.0, 0.0]), np.array([np.nan, -1.0, -1.0, np.inf])], gradient=False), Case([uniform(1, 3, 4)], (2.5,)))

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
FUNCTION_CASES = {name: [*CASES[name], Case([integers(0, 5, 4)], (0,), {"dtype": "float64"}, gradient=False)] for name in ("cumsum", "cumprod")}
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
for _dims, _x in SPACES.items():
    for _size in (1, (3, 2, 4)[:_dims]):
        add(f"adaptive_max_pool{_dims}d", Case([_x], (_size,)), Case([_x[0]], (_size,), {"return_indices": True}))
    _name = f"lp_pool{_dims}d"
    if _dims < 3:
        add(_name, Case([np.abs(_x) + 0.1], (2.0, 2)), Case([np.abs(_x) + 0.1], (1.5, 3), {"stride": 2, "ceil_mode": True}))
    else:
        add(_name, Case([np.abs(_x) + 0.1], (2.0, 2), reference=lambda x: F.avg_pool3d(x**2, 2).mul(8).sqrt()))
    _values, _indices = getattr(F, f"max_pool{_dims}d")(torch.tensor(_x), 2, return_indices=True)
    for _extra in ({}, {"output_size": _x.shape[2:]}):
        # PyTorch 1.13 cannot view strided inputs.
        _unpool = lambda x, i, f=getattr(F, f"max_unpool{_dims}d"), extra=_extra: f(x.contiguous(), i.contiguous(), 2, **extra)
        add(f"max_unpool{_dims}d", Case([_values.numpy(), _indices.numpy()], (2,), _extra, reference=_unpool))
FUNCTIONAL_CASES["unfold"] = [Case([IMAGES], (2,)), Case([IMAGES], ((3, 2), 2, (1, 0), (2, 1))), Case([IMAGES[0]], (2,), {"stride": 2})]
FUNCTIONAL_CASES["fold"] = [Case([normal(2, 12, 12)], ((4, 5), 2)), Case([normal(2, 8, 9)], ((5, 6), 2, 1, (1, 0), 2)), Case([normal(12, 12)], ((4, 5), 2))]
add("local_response_norm", Case([normal(2, 5, 4)], (3,)), Case([normal(2, 5, 4, 3)], (2, 0.1, 0.5, 2.0)))
for _align in (True, False):
    add("affine_grid", Case([normal(2, 2, 3)], ((2, 3, 4, 5), _align)), Case([normal(1, 3, 4)], ((1, 2, 3, 2, 4), _align)))
    for _padding in ("zeros", "border", "reflection"):
        for _mode in ("bilinear", "nearest", "bicubic"):
            add("grid_sample", Case([normal(2, 3, 4, 5), uniform(-1.6, 1.6, 2, 3, 4, 2)], (_mode, _padding, _align)))
        for _mode in ("bilinear", "nearest"):
            add("grid_sample", Case([normal(1, 2, 3, 4, 5), uniform(-1.6, 1.6, 1, 2, 3, 4, 3)], (_mode, _padding, _align)))
add("rrelu", Case([normal(4, 3)]), Case([normal(4, 3)], (0.2, 0.2, True)))
for _name, _shape in (("dropout1d", (2, 3, 4)), ("dropout2d", (2, 3, 4, 4)), ("dropout3d", (2, 3, 2, 4, 4)), ("alpha_dropout", (3, 4)), ("feature_alpha_dropout", (2, 3, 4))):
    add(_name, Case([normal(*_shape)], (0.5, False)), Case([normal(*_shape)], (0.0, True)))
add("batch_norm", Case([normal(3, 4, 2), normal(4), uniform(0.5, 2, 4)], gradient=False), Case([normal(3, 4, 2), normal(4), uniform(0.5, 2, 4), normal(4), normal(4)], (True, 0.3), gradient=False), Case([normal(3, 4)], (None, None), {"training": True}))
add("instance_norm", Case([normal(3, 4, 5)]), Case([normal(3, 4, 5)], kwargs={"weight": normal(4), "bias": normal(4), "eps": 0.1}), Case([normal(3, 4, 5), normal(4), uniform(0.5, 2, 4)], kwargs={"use_input_stats": False}, gradient=False))
add("embedding", Case([integers(0, 5, 2, 3), normal(5, 4)], kwargs={"padding_idx": 2}), Case([np.array([1, 1, 3]), normal(5, 4)], kwargs={"scale_grad_by_freq": True}), Case([np.array([0, 2]), normal(5, 4) * 3], kwargs={"max_norm": 1.0}, gradient=False))
for _mode in ("sum", "mean", "max"):
    add("embedding_bag", Case([integers(0, 5, 2, 3), normal(5, 4)], kwargs={"mode": _mode}), Case([integers(0, 5, 6), normal(5, 4), np.array([0, 2, 2])], kwargs={"mode": _mode, "padding_idx": 1}))
add("embedding_bag", Case([integers(0, 5, 2, 3), normal(5, 4)], kwargs={"mode": "sum", "per_sample_weights": normal(2, 3)}))
SIGNS = np.array([1.0, -1.0, -1.0, 1.0])
for _reduction in ("mean", "sum", "none"):
    _r = {"reduction": _reduction}
    add("kl_div", Case([normal(4, 3), uniform(0.1, 1, 4, 3)], kwargs=_r), Case([normal(4, 3), normal(4, 3)], kwargs={**_r, "log_target": True}))
    add("huber_loss", Case([normal(4, 3), normal(4, 3)], kwargs={**_r, "delta": 0.7}))
    add("poisson_nll_loss", Case([normal(4, 3), uniform(0, 4, 4, 3)], kwargs={**_r, "full": True}), Case([uniform(0.1, 2, 4, 3), uniform(0, 4, 4, 3)], kwargs={**_r, "log_input": False}))
    add("hinge_embedding_loss", Case([normal(4), SIGNS], kwargs={**_r, "margin": 0.5}, gradient=False))
    add("soft_margin_loss", Case([normal(4), SIGNS], kwargs=_r, gradient=False))
    add("multi_margin_loss", Case([normal(4, 3), integers(0, 3, 4)], kwargs={**_r, "p": 2, "margin": 0.7, "weight": uniform(0.5, 2, 3)}), Case([normal(3), np.array(1)], kwargs=_r))
    add("multilabel_margin_loss", Case([normal(2, 4), np.array([[3, 0, -1, 1], [2, -1, 0, 0]])], kwargs=_r))
    add("multilabel_soft_margin_loss", Case([normal(4, 3), uniform(0, 1, 4, 3)], kwargs={**_r, "weight": uniform(0.5, 2, 3)}, gradient=False))
    add("cosine_embedding_loss", Case([normal(4, 3), normal(4, 3)], kwargs={**_r, "target": SIGNS, "margin": 0.1}))
    add("margin_ranking_loss", Case([normal(4), normal(4)], kwargs={**_r, "target": SIGNS, "margin": 0.1}))
    add("triplet_margin_loss", Case([normal(4, 3), normal(4, 3), normal(4, 3)], kwargs={**_r, "margin": 0.7, "swap": True}))
    add("gaussian_nll_loss", Case([normal(4, 3), normal(4, 3), uniform(0.1, 2, 4, 1)], kwargs={**_r, "full": True}))
    # PyTorch's gradient takes for granted that a log_softmax comes before: see test_functions.py.
    add("ctc_loss", Case([np.log(RANDOM.dirichlet(np.ones(4), (6, 2))), np.array([[1, 2, 2], [3, 1, 0]])], ((6, 5), (3, 2)), _r, gradient=False))
add("kl_div", Case([normal(4, 3), uniform(0.1, 1, 4, 3)], kwargs={"reduction": "batchmean"}))

# ---- complex numbers -------------------------------------------------------------------------

add(
    "neg abs sgn square reciprocal sqrt rsqrt exp log log2 log10 sin cos tan asin acos atan sinh cosh tanh asinh"
    " acosh atanh sigmoid isnan isinf isfinite logical_not conj_physical angle isreal",
    *(Case([numbers(*s)], dtypes=COMPLEX) for s in ((), (0, 3), (3, 4))),
)
add("silu", Case([numbers(3, 4)], dtypes=COMPLEX, reference=lambda x: x * torch.sigmoid(x)))
add("conj resolve_conj resolve_neg real", Case([numbers(3, 4)], dtypes=COMPLEX), Case([normal(3, 4)]))
add("imag view_as_real", Case([numbers(3, 4)], dtypes=COMPLEX), Case([numbers()], dtypes=COMPLEX))
add("view_as_complex", Case([np.array([1.5, -2.0])]))
add("adjoint", Case([numbers(2, 3, 4)], dtypes=COMPLEX), Case([normal(3, 4)]))
pointwise("conj_physical isreal", -3, 3, FLOATS)
# The gradient of PyTorch 1.13 is memory that nobody has written.
pointwise("sgn", -3, 3, FLOATS, gradient=False)
# PyTorch 1.13 has none of these.
add("expm1", Case([numbers(3, 4)], dtypes=COMPLEX, reference=lambda z: torch.exp(z) - 1))
add("log1p", Case([numbers(3, 4)], dtypes=COMPLEX, reference=lambda z: torch.log(1 + z)))
pointwise("angle", 1, 3, FLOATS, gradient=False)
add("angle", Case([SPECIAL], gradient=False))
add("add sub mul div eq ne", Case([numbers(3, 4), numbers(4)], dtypes=COMPLEX), Case([numbers(3, 4), normal(3, 1)], dtypes=COMPLEX))
add("pow", Case([numbers(3, 4), numbers(4)], dtypes=COMPLEX), Case([numbers(3)], (2,), dtypes=COMPLEX), Case([numbers(3)], (0.5 - 1j,), dtypes=COMPLEX))
add("complex polar", Case([uniform(1, 2, 3, 4), normal(3, 4)]))
add("sum mean prod", Case([numbers(3, 4)], dtypes=COMPLEX), Case([numbers(3, 4)], (0,), dtypes=COMPLEX))
add("cumsum cumprod", Case([numbers(3, 4)], (1,), dtypes=COMPLEX))
add("all any", Case([numbers(3, 4)], dtypes=COMPLEX))
add("matmul", Case([numbers(3, 4), numbers(4, 2)], dtypes=COMPLEX), Case([numbers(2, 3, 4), numbers(4)], dtypes=COMPLEX))
add("where", Case([RANDOM.rand(3, 4) > 0.5, numbers(3, 4), numbers(4)], dtypes=COMPLEX))

# ---- Fourier transforms ----------------------------------------------------------------------

for _name, _array in (
    *((n, numbers(3, 5)) for n in ("fft", "ifft", "irfft", "hfft")),
    *((n, normal(3, 5)) for n in ("fft", "ifft", "rfft", "ihfft", "irfft")),
):
    _dtypes = COMPLEX if np.iscomplexobj(_array) else FLOATS
    add(
        f"fft.{_name}",
        Case([_array], dtypes=_dtypes),
        *(Case([_array], (7, 0, norm), dtypes=_dtypes) for norm in ("backward", "ortho", "forward")),
        Case([_array], (3,), dtypes=_dtypes),
    )
    add(f"fft.{_name}2", Case([_array], dtypes=_dtypes), Case([_array], ((2, 6),), dtypes=_dtypes))
    add(f"fft.{_name}n", Case([_array], dtypes=_dtypes), Case([_array], ((4,),), {"norm": "ortho"}, dtypes=_dtypes))
add("fft.fftfreq fft.rfftfreq", *(Case([], (n, 0.5), dtypes=("float32",)) for n in (1, 4, 5)))
add("fft.fftshift fft.ifftshift", Case([normal(4, 5)]), Case([numbers(5, 2)], (0,), dtypes=COMPLEX))

# ---- signals ---------------------------------------------------------------------------------

add("hann_window hamming_window blackman_window bartlett_window", *(Case([], (n, periodic), dtypes=("float32",)) for n in (0, 1, 2, 9) for periodic in (True, False)))
add("hamming_window", Case([], (9, True, 0.5, 0.4), {"dtype": "float64"}, dtypes=("float32",)))
_window = uniform(0.5, 1, 8)
add(
    "stft",
    Case([normal(40)], (8,), {"return_complex": True}),
    Case([normal(2, 40)], (12, 5, 8), {"window": _window, "return_complex": True, "normalized": True}),
    Case([normal(2, 40)], (8, 3), {"center": False, "onesided": False, "return_complex": True}),
    Case([normal(40)], (9,), {"pad_mode": "constant", "return_complex": False}),
)
add("stft", Case([numbers(40)], (8,), {"return_complex": True}, dtypes=("complex128",)))
add(
    "istft",
    Case([numbers(5, 12)], (8,), {"window": _window}, dtypes=("complex128",)),
    Case([numbers(2, 7, 12)], (12, 5, 8), {"window": _window, "normalized": True}, dtypes=("complex128",)),
    Case([numbers(5, 12)], (8, 3), {"length": 30}, dtypes=("complex128",)),
    Case([numbers(8, 12)], (8, 2), {"onesided": False, "return_complex": True, "center": False}, dtypes=("complex128",)),
)
# ---- arguments that PyTorch has besides --------------------------------------------------------

add("lerp", Case([normal(3, 4), normal(4), uniform(0, 1, 3, 1)]))
add("var_mean std_mean", Case([REDUCED], (1,), {"unbiased": False, "keepdim": True}))
add("softmax log_softmax", Case([normal(3, 4)], (1,), {"dtype": "float64"}))
add("bucketize", Case([normal(3), np.array([-1.0, 0.0, 1.0])], kwargs={"out_int32": True}, gradient=False))
add("searchsorted", Case([np.array([-1.0, 0.0, 1.0]), normal(3)], kwargs={"out_int32": True, "side": "right"}, gradient=False))
add("index_add", Case([normal(3, 4), ], kwargs={"dim": 0, "index": np.array([2, 0]), "source": normal(2, 4), "alpha": 2.5}, gradient=False))
add("tensor_split", Case([normal(6, 2), np.array([1, 4])], gradient=False), Case([normal(6, 2), np.array(4)], gradient=False))

# ---- decompositions, of complex numbers, too ---------------------------------------------------


def mirrored(*shape, complex=False, hermitian=False):
    x = numbers(*shape) if complex else normal(*shape)
    return x + np.swapaxes(x.conj() if hermitian else x, -2, -1)


def reflections(a):
    return [x.numpy() for x in torch.geqrf(torch.tensor(a))]


add("det slogdet logdet inv inverse inv_ex matrix_exp svdvals cond", *(Case([numbers(*s)], dtypes=COMPLEX) for s in ((3, 3), (2, 3, 3), (1, 1), (0, 0))))
add("solve solve_ex", *(Case([numbers(*s) for s in shapes], dtypes=COMPLEX) for shapes in (((3, 3), (3, 2)), ((2, 3, 3), (2, 3)))))
# Of a gradient of complex numbers on the diagonal of the factor, which is real, PyTorch keeps the imaginary part.
add("linalg.cholesky cholesky_ex", *(Case([x @ x.conj().T + np.eye(3)], kwargs={"upper": u}, dtypes=COMPLEX, gradient=False) for x in (numbers(3, 3),) for u in (False, True)))
add("lu_factor lu_factor_ex linalg.lu", *(Case([numbers(*s)], dtypes=COMPLEX) for s in SHAPES))
# PyTorch asks for a loss that does not depend on phases.
add("linalg.qr", *(Case([numbers(*s)], dtypes=COMPLEX, gradient=False) for s in SHAPES))
add("pinv pinverse", *(Case([numbers(*s)], dtypes=COMPLEX) for s in SHAPES))
add("pinv", Case([normal(2, 4, 3)], kwargs={"rtol": np.array([0.5, 0.0])}), Case([normal(2, 4, 3)], kwargs={"atol": np.array([[0.5]])[0], "rtol": np.array(0.1)}))
add("eigvalsh", Case([mirrored(3, 3, complex=True, hermitian=True)], dtypes=COMPLEX))
add("linalg.matrix_norm", *(Case([numbers(2, 3, 4)], (_ord,), dtypes=COMPLEX) for _ord in ("fro", "nuc", 1, -1, 2, -2)))
add("linalg.matrix_rank", Case([numbers(4, 3)], dtypes=COMPLEX))
add("solve_triangular", Case([numbers(3, 3) + 3 * np.eye(3), numbers(3, 3)], kwargs={"upper": True}, dtypes=COMPLEX))
add("householder_product orgqr", Case([numbers(4, 3), numbers(2)], dtypes=COMPLEX))
for _dtypes, _make in ((FLOATS, normal), (COMPLEX, numbers)):
    add("geqrf", *(Case([_make(*s)], dtypes=_dtypes, gradient=False) for s in (*SHAPES, (0, 3))))
    _both = reflections(_make(4, 3))
    for _transpose in (False, True):
        add("ormqr", Case([*_both, _make(4, 2)], (True, _transpose), dtypes=_dtypes, gradient=False), Case([*_both, _make(2, 4)], (False, _transpose), dtypes=_dtypes, gradient=False))
for _kwargs in ({}, {"complex": True}, {"complex": True, "hermitian": True}):
    _dtypes = COMPLEX if _kwargs else FLOATS
    _hermitian = {"hermitian": "hermitian" in _kwargs}
    add("ldl_factor ldl_factor_ex", *(Case([mirrored(*s, **_kwargs)], kwargs=_hermitian, dtypes=_dtypes, gradient=False) for s in ((5, 5), (2, 4, 4), (1, 1), (0, 0))))
    _both = [x.numpy() for x in torch.linalg.ldl_factor(torch.tensor(mirrored(5, 5, **_kwargs)), **_hermitian)]
    add("ldl_solve", Case([*_both, (numbers if _kwargs else normal)(2, 5, 3)], kwargs=_hermitian, dtypes=_dtypes, gradient=False))
add("ldl_factor_ex", Case([np.zeros((2, 2))], gradient=False))
add("frobenius_norm", Case([normal(3, 4)], (1,)), Case([REDUCED], ((0, 2), True)), Case([numbers(3, 4)], (1,), dtypes=COMPLEX))
add("nuclear_norm", Case([normal(3, 4)]), Case([REDUCED], ((0, 1), True)))
add("renorm", Case([numbers(3, 4)], (2, 0, 1.0), dtypes=COMPLEX))
add("corrcoef", Case([numbers(3, 5)], dtypes=COMPLEX))
for _x, _dtypes in ((normal(2, 5), FLOATS), (numbers(2, 5), COMPLEX)):
    for _weights in ({"fweights": integers(1, 4, 5)}, {"aweights": uniform(1, 2, 5)}, {"fweights": integers(1, 4, 5), "aweights": uniform(1, 2, 5)}):
        add("cov", Case([_x], kwargs=_weights, dtypes=_dtypes), Case([_x], kwargs={"correction": 0, **_weights}, dtypes=_dtypes))
add("normalize", *(Case([normal(3, 4)], kwargs={"p": p}) for p in (-1.0, 0.5, float("inf"))))

# ---- compared elsewhere ----------------------------------------------------------------------
>>>>>>> w_a

COMPARED_ELSEWHERE = {
    "test_tensor.py": """
        arange empty empty_like eye full full_like initial_seed is_tensor linspace manual_seed normal ones
        ones_like promote_types rand rand_like randint randn randn_like randperm seed tensor zeros zeros_like
        bfloat16 bool cast copy_ assign_ cpu data_ptr dim double element_size fill_ float half int is_contiguous
        is_floating_point item long normal_ numel size storage_offset stride to tolist type_as uniform_ zero_
        set_num_threads get_num_threads""",
    "test_names.py": """
        empty_strided logspace tril_indices triu_indices scalar_tensor randint_like exponential_ geometric_ cauchy_ log_normal_
        is_signed multinomial poisson gumbel_softmax squeeze_ unsqueeze_ t_ transpose_ swapaxes_ swapdims_ as_strided_ detach_
        resize_ resize_as_ set_ is_set_to fill_diagonal_ get_default_dtype set_default_dtype get_rng_state set_rng_state
        result_type can_cast is_conj is_neg byte char short cfloat cdouble""",
    "test_functions.py": """
        allclose bernoulli dropout einsum equal index_copy index_fill masked_scatter index_put index_put_ scatter_elements histogramdd
        is_same_size index_copy_ index_fill_ masked_scatter_ polygamma polygamma_ addmm_ addmv_ addr_ baddbmm_ addbmm_
        hstack is_complex masked_select meshgrid nonzero one_hot vstack""",
    # What they give is a choice.
    "test_linalg.py": "svd eigh eig eigvals svd_lowrank pca_lowrank",
    "special, which calls them": """
        special_airy_ai special_airy_ai_ special_bessel_y0 special_bessel_y0_ special_bessel_y1 special_bessel_y1_
        special_scaled_modified_bessel_k0 special_scaled_modified_bessel_k0_ special_scaled_modified_bessel_k1
        special_scaled_modified_bessel_k1_ special_polynomial special_polynomial_
        special_erfcx special_ndtri special_i0e special_i1e special_bessel_j0 special_bessel_j1 special_zeta
        special_erfcx_ special_ndtri_ special_i0e_ special_i1e_ special_bessel_j0_ special_bessel_j1_ special_zeta_""",
    "linalg, which calls them": """
        linalg_cholesky_ex linalg_lu_factor_ex linalg_permutation linalg_solve_ex linalg_solve_triangular linalg_det
        linalg_cofactor linalg_slogdet linalg_qr linalg_svd linalg_eigh linalg_eig linalg_pinv linalg_matrix_exp
        linalg_geqrf linalg_ldl_factor_ex linalg_ldl_solve""",
    "test_numpy.py": "as_tensor from_numpy numpy __array__",
    "test_dlpack.py": "from_dlpack __dlpack__ __dlpack_device__",
    "test_autograd.py": "backward detach register_hook requires_grad_ function",
    # The draws behind rand, randn, randint, normal and randperm, by seed and offset.
    "tensor/random": "random_bernoulli random_int random_normal random_permutation random_uniform range",
    # What neura.fft is made of.
    "tensor/testing": "fft_c2c fft_c2r fft_r2c",
    # They are the gradients of operations whose gradients are compared here.
    "the gradients above": """
        adaptive_avg_pool_grad as_strided_grad avg_pool_grad batch_norm_training_grad conv_input_grad
        conv_weight_grad layer_norm_grad log_softmax_grad max_pool_gather max_pool_scatter softmax_grad""",
}
