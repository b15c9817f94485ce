"""neura.special."""

import numpy as np
from parity_base import FLOATS, NUMBERS, RANDOM, REDUCED, SPECIAL, Case, add, binary, normal, pointwise, uniform

RANDOM.seed(2)

# ---- special ---------------------------------------------------------------------------------

pointwise("expit psi gammaln", 0.5, 3, NUMBERS)
add("multigammaln", Case([uniform(2, 4, 5)], (3,)))

add("special.softmax special.log_softmax", Case([REDUCED], (1,)), Case([normal(4)], (0,), {"dtype": "float64"}))
pointwise("erfcx i0 special.i0 i1 i0e i1e", -3, 3, NUMBERS)
# PyTorch has no gradient of them.
pointwise("bessel_j0 bessel_j1", -3, 3, NUMBERS, gradient=False)
pointwise("ndtri", 0.05, 0.95, FLOATS)
pointwise("log_ndtr", -9, 5, NUMBERS)
add("erfcx i0e i1e ndtri log_ndtr", Case([SPECIAL], gradient=False))
add("i0 i1", Case([SPECIAL[3:]], gradient=False))  # the limits at infinities are NaN in PyTorch
# PyTorch has no gradient of them and of all below.
pointwise("spherical_bessel_j0 modified_bessel_i0 modified_bessel_i1", -9, 5, NUMBERS, gradient=False)
# PyTorch 1.13 has eight digits of these.
LESS = ("float32", "int64", "int32", "uint8")
pointwise("airy_ai", -9, 5, ("float32", "int64", "int32"), gradient=False)
pointwise("bessel_y0 bessel_y1", 0.5, 12, LESS, gradient=False)
pointwise("modified_bessel_k0 modified_bessel_k1", 0.1, 12, NUMBERS, gradient=False)
pointwise("special.scaled_modified_bessel_k0 special.scaled_modified_bessel_k1", 0.1, 12, NUMBERS, gradient=False)
POSITIVE_SPECIAL = np.array([0.0, -1.0, np.inf, np.nan, 1.0])
add("modified_bessel_k0 modified_bessel_k1", Case([POSITIVE_SPECIAL], gradient=False))
for _family in ("chebyshev_polynomial", "shifted_chebyshev_polynomial"):
    _names = " ".join(f"{_family}_{kind}" for kind in "tuvw")
    binary(_names, -1, 4, NUMBERS, gradient=False)
    add(_names, Case([uniform(-1.5, 1.5, 40, 1), np.arange(-1, 12)], gradient=False), Case([SPECIAL[3:]], (3,), gradient=False))
_names = "hermite_polynomial_h hermite_polynomial_he laguerre_polynomial_l legendre_polynomial_p"
binary(_names, -1, 4, NUMBERS, gradient=False)
add(_names, Case([uniform(-1.5, 1.5, 40, 1), np.arange(-1, 12)], gradient=False), Case([SPECIAL[3:]], (3,), gradient=False))
binary("gammainc gammaincc igamma igammac", 1, 4, FLOATS, gradient=False)
add("gammainc gammaincc", Case([np.array([0.0, 0.0, 1.0, np.inf, 2.0, -1.0, np.nan]), np.array([0.0, 1.0, 0.0, 1.0, np.inf, 1.0, 1.0])], gradient=False), Case([uniform(11, 30, 9), uniform(5, 40, 9)], dtypes=("float32",), gradient=False))
binary("zeta", 1.5, 4, FLOATS, gradient=False)
add("zeta", Case([np.array([1.0, 0.5, 2.0, 3.0, 2.5, 2.0, 3.0]), np.array([2.0, 2.0, 0.0, -2.0, -1.5, -1.5, -2.25])], gradient=False), Case([uniform(2, 3, 3)], (2.5,), gradient=False))
pointwise("entr", 0.1, 3, NUMBERS)
pointwise("ndtr", -3, 3, NUMBERS)
binary("xlog1py", 1, 3, NUMBERS)
add("entr ndtr", Case([SPECIAL], gradient=False))
add("xlog1py", Case([np.array([0.0, 0.0, 1.0, 0.0]), np.array([np.nan, -1.0, -1.0, np.inf])], gradient=False), Case([uniform(1, 3, 4)], (2.5,)))
