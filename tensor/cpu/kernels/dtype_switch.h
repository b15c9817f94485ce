// From a dtype at run time to a C++ type: f is called with a value of it. Dtypes without kernels
// end in an Unimplemented error that names them.
#ifndef NEURA_TENSOR_CPU_KERNELS_DTYPE_SWITCH_H_
#define NEURA_TENSOR_CPU_KERNELS_DTYPE_SWITCH_H_

#include <complex>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/dtype.h"
#include "neura/tensor/core/error.h"

namespace neura::cpu {

[[noreturn]] inline void FailForDType(DType dtype) {
  ThrowUnimplemented(absl::StrCat("no CPU kernel for dtype ", DTypeName(dtype)));
}

// float and double, which a program may do without.
template <bool has_double = true, typename F>
void SwitchFloat(DType dtype, F f) {
  if (dtype == kFloat32) return f(float());
  if constexpr (has_double) {
    if (dtype == kFloat64) return f(double());
  }
  FailForDType(dtype);
}

// float, double, int64, uint64, int32 and uint8.
template <typename F>
void SwitchNumber(DType dtype, F f) {
  switch (dtype) {
    case kInt64:
      return f(int64_t());
    case kUInt64:
      return f(uint64_t());
    case kInt32:
      return f(int32_t());
    case kUInt8:
      return f(uint8_t());
    default:
      return SwitchFloat(dtype, f);
  }
}

// Those and bool.
template <typename F>
void SwitchAny(DType dtype, F f) {
  if (dtype == kBool) return f(bool());
  SwitchNumber(dtype, f);
}

// And complex numbers.
template <typename F>
void SwitchAnyOrComplex(DType dtype, F f) {
  switch (dtype) {
    case kComplex64:
      return f(std::complex<float>());
    case kComplex128:
      return f(std::complex<double>());
    default:
      return SwitchAny(dtype, f);
  }
}

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_KERNELS_DTYPE_SWITCH_H_
