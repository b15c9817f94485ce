// What kernels need of tensors, for sources of either compiler.
#ifndef NEURA_CUDA_KERNELS_TENSORS_H_
#define NEURA_CUDA_KERNELS_TENSORS_H_

#include <cstddef>

#include "neura/tensor/ops/backend.h"

namespace neura::cuda {

[[noreturn]] void FailForDType(DType dtype);

// The elements of a tensor, which the caller knows to be of type T; null where it is undefined.
template <typename T>
const T* In(const Tensor& tensor) {
  return tensor.defined() ? static_cast<const T*>(tensor.raw_data()) : nullptr;
}
template <typename T>
T* Out(const Tensor& tensor) {
  return tensor.defined() ? static_cast<T*>(tensor.raw_data()) : nullptr;
}

// Memory for the time of a kernel, on the call's device. It may be let go as soon as the kernels
// that use it are queued.
Tensor Scratch(const KernelCall& call, DimsView shape, DType dtype);

// Copies `source`, broadcast and converted, over the elements of `target`.
void CopyElements(const KernelCall& call, const Tensor& source, const Tensor& target);
// Overwrites a contiguous tensor with zeros.
void ClearElements(const KernelCall& call, const Tensor& tensor);

// The tensor itself when it is contiguous, else a contiguous copy.
Tensor Contiguous(const KernelCall& call, const Tensor& tensor);
// The tensor itself when it has this dtype, else a converted copy.
Tensor Converted(const KernelCall& call, const Tensor& tensor, DType dtype);
// Contiguous; undefined where the call has no such input.
Tensor ContiguousInput(const KernelCall& call, size_t i);

}  // namespace neura::cuda

#endif  // NEURA_CUDA_KERNELS_TENSORS_H_
