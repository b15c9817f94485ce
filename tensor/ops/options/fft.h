// Options of Fourier transforms.
#ifndef NEURA_TENSOR_OPS_OPTIONS_FFT_H_
#define NEURA_TENSOR_OPS_OPTIONS_FFT_H_

#include <cstdint>

#include "neura/tensor/core/fields.h"

namespace neura {

struct FftOptions {
  int64_t dim = -1;
  bool inverse = false;  // the exponents have the other sign; nothing is divided by
  NEURA_FIELDS(dim, inverse)
};

struct FftToRealOptions {
  int64_t dim = -1;
  int64_t n = 0;  // the extent of dim in the result
  NEURA_FIELDS(dim, n)
};

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_OPTIONS_FFT_H_
