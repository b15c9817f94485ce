// What numbers a dtype has.
#ifndef NEURA_TENSOR_CORE_DTYPE_LIMITS_H_
#define NEURA_TENSOR_CORE_DTYPE_LIMITS_H_

#include <cstdint>

#include "neura/tensor/core/dtype.h"

namespace neura {

struct FloatLimits {
  double max;              // the greatest finite number
  double eps;              // from 1 to the next number
  double smallest_normal;  // of the positive numbers with full precision
  double resolution;       // the last decimal that is always kept: 1e-6 for float32
};
// Of a floating point dtype, and of the parts of a complex one. Throws InvalidArgument for others.
FloatLimits FloatLimitsOf(DType dtype);

struct IntegerLimits {
  int64_t min;
  uint64_t max;
};
// Throws InvalidArgument for what is no integer dtype.
IntegerLimits IntegerLimitsOf(DType dtype);

}  // namespace neura

#endif  // NEURA_TENSOR_CORE_DTYPE_LIMITS_H_
