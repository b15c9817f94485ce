// Factories: options.
#ifndef NEURA_TENSOR_OPS_OPTIONS_CREATE_H_
#define NEURA_TENSOR_OPS_OPTIONS_CREATE_H_

#include <cstdint>

#include "neura/tensor/core/fields.h"

namespace neura {

struct FullOptions {
  Dims shape = {};
  Scalar value = {};
  DType dtype = kFloat32;
  NEURA_FIELDS(shape, value, dtype)
};

// start + i * step for i in [0, length).
struct RangeOptions {
  Scalar start = {};
  Scalar step = {};
  int64_t length = 0;
  DType dtype = kInt64;
  NEURA_FIELDS(start, step, length, dtype)
};

// Numbers of a counter-based generator: element i depends on seed, offset and i alone.
struct RandomOptions {
  Dims shape = {};
  // Integers for RandomInt.
  Scalar low = 0.0;   // mean of a normal distribution, probability of a Bernoulli one
  Scalar high = 1.0;  // standard deviation of a normal distribution
  DType dtype = kFloat32;
  uint64_t seed = 0;
  uint64_t offset = 0;
  NEURA_FIELDS(shape, low, high, dtype, seed, offset)
};

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_OPTIONS_CREATE_H_
