// Faults where kernels run on the host: as in cuda/runtime, in memory of its own.
#include "absl/strings/str_cat.h"
#include "neura/cuda/runtime/fault.h"
#include "neura/tensor/core/error.h"

namespace neura::cuda {

KernelFault* FaultOf(int) {
  static KernelFault fault = {};
  return &fault;
}

void CheckFault(int device) {
  KernelFault& noted = *FaultOf(device);
  const KernelFault fault = noted;
  noted = {};
  if (fault.code == static_cast<int32_t>(FaultCode::kNone)) return;
  ThrowOutOfRange(absl::StrCat("index ", fault.value, " is outside [0, ", fault.bound, ")"));
}

}  // namespace neura::cuda
