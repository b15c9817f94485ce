// Pointwise operations of one input that rounds, compares or multiplies.
#include "neura/cuda/kernels/kernels.h"
#include "neura/cuda/kernels/pointwise_ops.h"
#include "neura/tensor/ops/op_list/pointwise.h"

namespace neura::cuda {

NEURA_UNARY_KERNEL(Neg, SwitchNumber)
NEURA_UNARY_KERNEL(Abs, SwitchNumber)
NEURA_UNARY_KERNEL(Sign, SwitchAny)
NEURA_UNARY_KERNEL(Square, SwitchNumber)
NEURA_UNARY_KERNEL(Floor, SwitchNumber)
NEURA_UNARY_KERNEL(Ceil, SwitchNumber)
NEURA_UNARY_KERNEL(Round, SwitchNumber)
NEURA_UNARY_KERNEL(Trunc, SwitchNumber)
NEURA_UNARY_KERNEL(Relu, SwitchNumber)
NEURA_UNARY_KERNEL(IsNan, SwitchAny)
NEURA_UNARY_KERNEL(IsInf, SwitchAny)
NEURA_UNARY_KERNEL(IsFinite, SwitchAny)

void LogicalNotKernel(KernelCall& call) { UnaryWith<bool>(call, Apply<elements::LogicalNotOp>()); }

void ClampKernel(KernelCall& call) {
  const auto& options = call.Get<ClampOptions>();
  SwitchNumber(call.input(0).dtype(),
               [&]<typename T>(T) { UnaryWith<T>(call, elements::ClampOp<Compute<T>>(options)); });
}

void LeakyReluKernel(KernelCall& call) {
  const double slope = call.Get<LeakyReluOptions>().negative_slope;
  SwitchFloat(call.input(0).dtype(), [&]<typename T>(T) {
    UnaryWith<T>(call, elements::LeakyReluOp<Compute<T>>{static_cast<Compute<T>>(slope)});
  });
}

}  // namespace neura::cuda
