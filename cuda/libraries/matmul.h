// A matrix product with what often follows it.
#ifndef NEURA_CUDA_LIBRARIES_MATMUL_H_
#define NEURA_CUDA_LIBRARIES_MATMUL_H_

#include "neura/tensor/core/tensor.h"

namespace neura::cuda {

enum class Activation { kNone, kRelu, kGelu };

// activation(input @ weight.T + bias) in one kernel where cuBLASLt has it. Shapes and dtypes as for
// Linear(); the bias may be undefined. kGelu is the tanh approximation. For inference: gradients do
// not flow through it. Throws InvalidArgument when the tensors are not on one CUDA device.
Tensor LinearActivation(const Tensor& input, const Tensor& weight, const Tensor& bias,
                        Activation activation);

}  // namespace neura::cuda

#endif  // NEURA_CUDA_LIBRARIES_MATMUL_H_
