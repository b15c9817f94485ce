// Pointwise comparisons, extrema and selection.
#include "neura/cuda/kernels/kernels.h"
#include "neura/cuda/kernels/pointwise_ops.h"

namespace neura::cuda {

NEURA_BINARY_KERNEL(Maximum, SwitchAny)
NEURA_BINARY_KERNEL(Minimum, SwitchAny)
NEURA_BINARY_KERNEL(Eq, SwitchAny)
NEURA_BINARY_KERNEL(Ne, SwitchAny)
NEURA_BINARY_KERNEL(Lt, SwitchAny)
NEURA_BINARY_KERNEL(Le, SwitchAny)
NEURA_BINARY_KERNEL(Gt, SwitchAny)
NEURA_BINARY_KERNEL(Ge, SwitchAny)

void LogicalAndKernel(KernelCall& call) { BinaryWith<bool>(call, Apply<elements::LogicalAndOp>()); }
void LogicalOrKernel(KernelCall& call) { BinaryWith<bool>(call, Apply<elements::LogicalOrOp>()); }
void LogicalXorKernel(KernelCall& call) { BinaryWith<bool>(call, Apply<elements::LogicalXorOp>()); }

namespace {

struct Select {
  template <typename T>
  NEURA_DEVICE T operator()(uint8_t condition, T a, T b) const {
    return condition != 0 ? a : b;
  }
};

}  // namespace

void WhereKernel(KernelCall& call) {
  SwitchSize(call.output().dtype(), [&]<typename T>(T) {
    Pointwise<T, uint8_t, T, T>(call, Select(), call.output(),
                                {&call.input(0), &call.input(1), &call.input(2)});
  });
}

}  // namespace neura::cuda
