// Pointwise mathematical functions of one input.
#include "neura/cuda/kernels/kernels.h"
#include "neura/cuda/kernels/pointwise_ops.h"
#include "neura/tensor/ops/op_list/pointwise.h"

namespace neura::cuda {

NEURA_UNARY_KERNEL(Reciprocal, SwitchFloat)
NEURA_UNARY_KERNEL(Sqrt, SwitchFloat)
NEURA_UNARY_KERNEL(Rsqrt, SwitchFloat)
NEURA_UNARY_KERNEL(Exp, SwitchFloat)
NEURA_UNARY_KERNEL(Expm1, SwitchFloat)
NEURA_UNARY_KERNEL(Log, SwitchFloat)
NEURA_UNARY_KERNEL(Log2, SwitchFloat)
NEURA_UNARY_KERNEL(Log10, SwitchFloat)
NEURA_UNARY_KERNEL(Log1p, SwitchFloat)
NEURA_UNARY_KERNEL(Sin, SwitchFloat)
NEURA_UNARY_KERNEL(Cos, SwitchFloat)
NEURA_UNARY_KERNEL(Tan, SwitchFloat)
NEURA_UNARY_KERNEL(Asin, SwitchFloat)
NEURA_UNARY_KERNEL(Acos, SwitchFloat)
NEURA_UNARY_KERNEL(Atan, SwitchFloat)
NEURA_UNARY_KERNEL(Sinh, SwitchFloat)
NEURA_UNARY_KERNEL(Cosh, SwitchFloat)
NEURA_UNARY_KERNEL(Tanh, SwitchFloat)
NEURA_UNARY_KERNEL(Erf, SwitchFloat)
NEURA_UNARY_KERNEL(Sigmoid, SwitchFloat)
NEURA_UNARY_KERNEL(Silu, SwitchFloat)
NEURA_UNARY_KERNEL(Softplus, SwitchFloat)

void GeluKernel(KernelCall& call) {
  const bool tanh = call.Get<GeluOptions>().approximate == "tanh";
  SwitchFloat(call.input(0).dtype(),
              [&]<typename T>(T) { UnaryWith<T>(call, elements::GeluOp<Compute<T>>{tanh}); });
}

}  // namespace neura::cuda
