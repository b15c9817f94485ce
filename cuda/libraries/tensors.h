// What kernels need of tensors, for sources that the C++ compiler compiles.
#ifndef NEURA_CUDA_LIBRARIES_TENSORS_H_
#define NEURA_CUDA_LIBRARIES_TENSORS_H_

#include <cstddef>

#include "neura/tensor/ops/backend.h"

namespace neura::cuda {

[[noreturn]] void FailForDType(DType dtype);

// Memory for the time of a kernel, on the call's device. It may be let go as soon as the kernels
// that use it are queued.
Tensor Scratch(const KernelCall& call, DimsView shape, DType dtype);
// The tensor itself when it is contiguous, else a contiguous copy.
Tensor Contiguous(const KernelCall& call, const Tensor& tensor);
// Contiguous; undefined where the call has no such input.
Tensor ContiguousInput(const KernelCall& call, size_t i);
// Overwrites a contiguous tensor with zeros.
void ClearBytes(const Tensor& tensor);

}  // namespace neura::cuda

#endif  // NEURA_CUDA_LIBRARIES_TENSORS_H_
