// Installs the CPU's kernels when the program is loaded.
#include "neura/tensor/cpu/kernels/widen.h"
#include "neura/tensor/ops/linked_ops.h"
#include "neura/tensor/ops/op_list.h"

namespace neura::cpu {

#define NEURA_OP(Name, ...) void Name##Kernel(KernelCall& call);
#include "neura/tensor/ops/op_list.inc"

namespace {

// Views need no kernel; what moves between devices is the same for all of them.
constexpr bool HasKernel(OpFlags flags) { return !flags.view && !flags.moves; }

// The pointwise loop widens row by row, and numbers are drawn for each dtype in its own way.
constexpr bool TakesEveryDType(OpFlags flags) {
  return (flags.dtypes == kAllDTypes && !flags.adds) || flags.pointwise || flags.widens;
}

[[maybe_unused]] const bool kInstalled = [] {
  KernelTable& table = KernelsOf(DeviceType::kCpu);
#define NEURA_OP(Name, name, Options, inputs, outputs, infer, flags, doc)                 \
  if constexpr (HasKernel(flags) && IsLinked(#Name)) {                                    \
    table[op::k##Name] = TakesEveryDType(flags) ? &Name##Kernel : &Widened<Name##Kernel>; \
  }
#include "neura/tensor/ops/op_list.inc"
  return true;
}();

}  // namespace
}  // namespace neura::cpu
