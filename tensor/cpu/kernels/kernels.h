// What the kernels share. There is one for each operation of the list, NameKernel, over tensors;
// the arithmetic is in tensor/cpu and in the loops beside this file.
#ifndef NEURA_TENSOR_CPU_KERNELS_KERNELS_H_
#define NEURA_TENSOR_CPU_KERNELS_KERNELS_H_

#include "neura/tensor/cpu/kernels/move.h"
#include "neura/tensor/ops/backend.h"

namespace neura::cpu {

// The tensor itself when it is contiguous, else a contiguous copy. For kernels that walk rows.
Tensor ContiguousInput(const Tensor& tensor);

// The tensor itself when it has this dtype, else a converted copy.
Tensor Converted(const Tensor& tensor, DType dtype);

// The elements of a tensor, which the caller knows to be of type T; null where it is undefined.
template <typename T>
const T* In(const Tensor& tensor) {
  return tensor.defined() ? static_cast<const T*>(tensor.raw_data()) : nullptr;
}
template <typename T>
T* Out(const Tensor& tensor) {
  return tensor.defined() ? static_cast<T*>(tensor.raw_data()) : nullptr;
}

// As ContiguousInput; undefined where the call has no such input.
Tensor OptionalInput(const KernelCall& call, size_t i);

// Complex numbers as pairs of real ones in a last dimension, over the same memory; a real tensor
// itself.
Tensor RealView(const Tensor& tensor);

// Converts n elements that lie so many bytes apart.
void ConvertRow(ConvertLoop convert, int64_t n, size_t from_size, const char* from,
                int64_t from_stride, size_t to_size, char* to, int64_t to_stride);

// Copies `source`, broadcast and converted, over the elements of `target`.
void CopyElements(const Tensor& source, const Tensor& target);

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_KERNELS_KERNELS_H_
