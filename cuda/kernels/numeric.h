// Elements as kernels compute with them: 16-bit floating point numbers in float, others as they
// are.
#ifndef NEURA_CUDA_KERNELS_NUMERIC_H_
#define NEURA_CUDA_KERNELS_NUMERIC_H_

#ifndef NEURA_CUDA_ON_HOST
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#endif

#include <cstdint>
#include <type_traits>

#include "neura/cuda/kernels/launch.h"
#include "neura/tensor/core/convert.h"

namespace neura::cuda {

template <typename T>
using Compute = std::conditional_t<kIsFloat16<T>, float, T>;

template <typename T>
NEURA_DEVICE Compute<T> Widen(T value) {
#ifndef NEURA_CUDA_ON_HOST
  if constexpr (std::is_same_v<T, Half>) return __half2float(__half(__half_raw{value.bits}));
#endif
  return static_cast<Compute<T>>(value);
}

template <typename T>
NEURA_DEVICE T Narrow(Compute<T> value) {
#ifndef NEURA_CUDA_ON_HOST
  T result;
  if constexpr (std::is_same_v<T, Half>) {
    result.bits = __half_raw(__float2half_rn(value)).x;
    return result;
  }
  if constexpr (std::is_same_v<T, BFloat16>) {
    result.bits = __nv_bfloat16_raw(__float2bfloat16_rn(value)).x;
    return result;
  }
#endif
  return static_cast<T>(value);
}

// Whether a value is NaN; integers never are.
template <typename T>
NEURA_DEVICE bool IsNaN(T value) {
  return value != value;
}

}  // namespace neura::cuda

#endif  // NEURA_CUDA_KERNELS_NUMERIC_H_
