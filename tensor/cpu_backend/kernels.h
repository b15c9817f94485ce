// One kernel for each operation of the list, over tensors; the arithmetic is in tensor/cpu and in
// the loops beside this file.
#ifndef NEURA_TENSOR_CPU_BACKEND_KERNELS_H_
#define NEURA_TENSOR_CPU_BACKEND_KERNELS_H_

#include "neura/tensor/ops/backend.h"

namespace neura::cpu {

#define NEURA_OP(Name, ...) void Name##Kernel(KernelCall& call) noexcept;
#include "neura/tensor/ops/op_list.inc"

// The tensor itself when it is contiguous, else a contiguous copy. For kernels that walk rows.
Tensor ContiguousInput(const Tensor& tensor);

// Copies `source`, broadcast and converted, over the elements of `target`.
void CopyElements(const Tensor& source, const Tensor& target);

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_BACKEND_KERNELS_H_
