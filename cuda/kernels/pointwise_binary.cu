// Pointwise arithmetic of two inputs.
#include "neura/cuda/kernels/kernels.h"
#include "neura/cuda/kernels/pointwise_ops.h"

namespace neura::cuda {

// The sum and the product of truth values are "or" and "and", as in PyTorch.
void AddKernel(KernelCall& call) {
  const DType dtype = call.input(0).dtype();
  if (dtype == kBool) return BinaryWith<bool>(call, Apply<elements::LogicalOrOp>());
  SwitchNumber(dtype, [&]<typename T>(T) { BinaryWith<T>(call, Apply<elements::AddOp>()); });
}
void MulKernel(KernelCall& call) {
  const DType dtype = call.input(0).dtype();
  if (dtype == kBool) return BinaryWith<bool>(call, Apply<elements::LogicalAndOp>());
  SwitchNumber(dtype, [&]<typename T>(T) { BinaryWith<T>(call, Apply<elements::MulOp>()); });
}

NEURA_BINARY_KERNEL(Sub, SwitchNumber)
NEURA_BINARY_KERNEL(Div, SwitchFloat)
NEURA_BINARY_KERNEL(FloorDivide, SwitchNumber)
NEURA_BINARY_KERNEL(Remainder, SwitchNumber)
NEURA_BINARY_KERNEL(Pow, SwitchNumber)
NEURA_BINARY_KERNEL(Atan2, SwitchFloat)
NEURA_BINARY_KERNEL(ReluGrad, SwitchNumber)

}  // namespace neura::cuda
