// Installs the CPU's kernels when the program is loaded.
#include "neura/tensor/cpu_backend/kernels.h"
#include "neura/tensor/ops/linked_ops.h"

namespace neura::cpu {
namespace {

// Views need no kernel; what moves between devices is the same for all of them.
constexpr bool HasKernel(OpFlags flags) { return !flags.view && !flags.moves; }

[[maybe_unused]] const bool kInstalled = [] {
  KernelTable& table = KernelsOf(DeviceType::kCpu);
#define NEURA_OP(Name, name, Options, outputs, flags, inputs, doc) \
  if constexpr (HasKernel(flags) && IsLinked(#Name)) table[OpId::k##Name] = &Name##Kernel;
#include "neura/tensor/ops/op_list.inc"
  return true;
}();

}  // namespace
}  // namespace neura::cpu
