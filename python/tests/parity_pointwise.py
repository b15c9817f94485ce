"""Element by element, of real numbers."""

import numpy as np
import torch
import torch.nn.functional as F
from parity_base import (
    ALL,
    FLOATS,
    NUMBERS,
    RANDOM,
    SPECIAL,
    Case,
    add,
    binary,
    integers,
    normal,
    pointwise,
    uniform,
)

RANDOM.seed(1)

# ---- pointwise, one input --------------------------------------------------------------------

pointwise("neg abs sign square relu", -3, 3, NUMBERS)
pointwise("floor ceil round trunc", -3, 3, FLOATS)
pointwise("exp expm1 sin cos tan atan sinh cosh tanh erf sigmoid", -1.4, 1.4, NUMBERS)
pointwise("sqrt rsqrt log log1p log2 log10 reciprocal", 1, 4, NUMBERS)
pointwise("asin acos", -0.9, 0.9, FLOATS)
pointwise("isnan isinf isfinite logical_not", -3, 3, ALL)
for _name in ("leaky_relu", "gelu", "silu", "softplus"):
    pointwise(_name, -3, 3, FLOATS, reference=getattr(F, _name))
pointwise("elu relu6 hardtanh logsigmoid", -3, 8, FLOATS)
pointwise("exp2 asinh erfc", -1.4, 1.4, NUMBERS)
pointwise("acosh lgamma digamma", 1.2, 4, NUMBERS)
pointwise("atanh erfinv", -0.9, 0.9, FLOATS)
pointwise("frac sinc deg2rad rad2deg", -3, 3, FLOATS)
pointwise("positive", -3, 3, NUMBERS)
pointwise("signbit isposinf isneginf", -3, 3, NUMBERS, gradient=False)
pointwise("celu selu mish hardswish softsign tanhshrink hardshrink softshrink", -5, 5, FLOATS)
pointwise("hardsigmoid", -5, 5, FLOATS, reference=lambda x: F.relu6(x + 3) / 6)  # PyTorch's slope is a float32
add(
    "neg abs square relu floor ceil round trunc exp expm1 atan tanh erf sigmoid isnan isinf isfinite sqrt",
    Case([SPECIAL], gradient=False),
)
add("exp2 asinh acosh atanh erfc erfinv lgamma sinc signbit isposinf isneginf frac", Case([SPECIAL], gradient=False))
add("square i0 conj_physical", Case([integers(0, 2, 5)], dtypes=("bool",), gradient=False))
add("frexp", Case([normal(3, 4) * 100], gradient=False), Case([np.array([0.0, 1.0, -3.5, 1e-310, np.inf])], dtypes=("float64",), gradient=False))
pointwise("frexp", 0.1, 7, FLOATS)
add("frexp_mantissa", Case([normal(3, 4)], reference=lambda x: torch.frexp(x)[0]))
add("frexp_exponent", Case([normal(3, 4)], gradient=False, reference=lambda x: torch.frexp(x)[1].to(x.dtype)))
# In PyTorch the result hangs on the input, whose gradient is 0.
add("fill", Case([normal(3, 4)], (2.5,), gradient=False), Case([normal(3, 4), normal()], gradient=False), Case([integers(0, 5, 3)], (7,), dtypes=("int64",), gradient=False))
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
binary("nextafter", -1, 1, FLOATS, gradient=False)
add("nextafter", Case([np.repeat(SPECIAL, 11), np.tile(SPECIAL, 11)], gradient=False))
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
add("addcmul", Case([integers(0, 9, 5), integers(0, 9, 5), integers(0, 9, 5)], kwargs={"value": 3.14}, dtypes=("int64", "int32"), gradient=False))
add("where", Case([normal(4, 3) > 0, normal(4, 3), normal(3)]))
add("masked_fill", Case([normal(4, 3), normal(3) > 0], (7.0,)), Case([normal(2, 2), np.array(True)], (1,)))
add("masked_fill", Case([normal(4, 3), normal(3) > 0, normal()]), Case([integers(0, 9, 3), np.array([True, False, True])], (7.5,), dtypes=("int64",)))
