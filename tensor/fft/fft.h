// Discrete Fourier transforms. What each does stands in its row of fft.inc, which declares it.
//
// `norm` says what divides: "backward" the inverse by n, "forward" the transform by n, "ortho" both
// by sqrt(n), n being the number of elements that are transformed together. Real numbers are
// complex ones to transforms that take those; integers become the default dtype first. Results are
// complex64, or complex128 of float64 and complex128. Each is computed in float64.
#ifndef NEURA_TENSOR_FFT_FFT_H_
#define NEURA_TENSOR_FFT_FFT_H_

#include <optional>
#include <string>

#include "neura/tensor/core/tensor.h"

namespace neura::fft {

#define NEURA_COMPOSITE(space, Result, Name, name, parameters, python_parameters, doc) \
  Result Name parameters;
#define NEURA_COMPOSITE_AS(space, name, python_parameters, function, doc)
#include "neura/tensor/fft/fft.inc"
#undef NEURA_COMPOSITE
#undef NEURA_COMPOSITE_AS

}  // namespace neura::fft

#endif  // NEURA_TENSOR_FFT_FFT_H_
