// What kernels are written with: dtypes, copies of inputs, faults.
#ifndef NEURA_CUDA_KERNELS_SUPPORT_H_
#define NEURA_CUDA_KERNELS_SUPPORT_H_

#include <complex>
#include <cstdint>

#include "neura/cuda/kernels/launch.h"
#include "neura/cuda/kernels/tensors.h"
#include "neura/cuda/runtime/fault.h"
#include "neura/tensor/core/dtype.h"

namespace neura::cuda {

// ---- from a dtype at run time to a C++ type --------------------------------------------------

// The four floating point types.
template <typename F>
void SwitchFloat(DType dtype, F f) {
  switch (dtype) {
    case kFloat16:
      return f(Half());
    case kBFloat16:
      return f(BFloat16());
    case kFloat32:
      return f(float());
    case kFloat64:
      return f(double());
    default:
      return FailForDType(dtype);
  }
}

// int64, int32, uint8 and uint64.
template <typename F>
void SwitchInteger(DType dtype, F f) {
  switch (dtype) {
    case kInt64:
      return f(int64_t());
    case kInt32:
      return f(int32_t());
    case kUInt8:
      return f(uint8_t());
    case kUInt64:
      return f(uint64_t());
    default:
      return FailForDType(dtype);
  }
}

// All of those.
template <typename F>
void SwitchNumber(DType dtype, F f) {
  IsFloating(dtype) ? SwitchFloat(dtype, f) : SwitchInteger(dtype, f);
}

// Those and bool.
template <typename F>
void SwitchAny(DType dtype, F f) {
  dtype == kBool ? f(bool()) : SwitchNumber(dtype, f);
}

// A type of the dtype's size, for what only moves elements.
template <typename F>
void SwitchSize(DType dtype, F f) {
  switch (ItemSize(dtype)) {
    case 1:
      return f(uint8_t());
    case 2:
      return f(uint16_t());
    case 4:
      return f(uint32_t());
    case 8:
      return f(uint64_t());
    default:
      return f(std::complex<double>());
  }
}

// ---- tensors ---------------------------------------------------------------------------------

// Memory for `count` elements of any type, as Scratch gives it.
template <typename T>
Tensor ScratchOf(const KernelCall& call, int64_t count) {
  return Scratch(call, {count * static_cast<int64_t>(sizeof(T))}, kUInt8);
}

// ---- faults ----------------------------------------------------------------------------------

// For kernels to report an index that is outside of [0, bound).
struct FaultReport {
  KernelFault* fault;
  int32_t op;

  // Whether it is inside; reports it where it is not.
  NEURA_DEVICE bool IsInside(int64_t index, int64_t bound) const {
    if (index >= 0 && index < bound) return true;
    volatile KernelFault* note = fault;
    if (note->code != 0) return false;
    note->op = op;
    note->value = index;
    note->bound = bound;
#ifndef NEURA_CUDA_ON_HOST
    __threadfence_system();
#endif
    note->code = static_cast<int32_t>(FaultCode::kIndexOutOfRange);
    return false;
  }
};

FaultReport FaultReportOf(const KernelCall& call);

}  // namespace neura::cuda

#endif  // NEURA_CUDA_KERNELS_SUPPORT_H_
