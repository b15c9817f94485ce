// Installs the CUDA backend when the program is loaded. Nothing is asked of the driver before a
// device is first used.
#include "neura/tensor/ops/backend.h"

#include "neura/cuda/kernels/kernels.h"
#include "neura/cuda/libraries/kernels.h"
#include "neura/cuda/runtime/caching_allocator.h"
#include "neura/cuda/runtime/copy.h"
#include "neura/cuda/runtime/pinned_allocator.h"
#include "neura/tensor/core/device_memory.h"
#include "neura/tensor/ops/op_list.h"

namespace neura::cuda {
namespace {

constexpr DeviceMemory kMemory = {
    .allocator = &DeviceAllocator,
    .copy = &CopyDeviceBytes,
    .synchronize = &SynchronizeDevice,
    .pinned_allocator = &PinnedHostAllocator,
};

[[maybe_unused]] const bool kInstalled = [] {
  SetDeviceMemory(DeviceType::kCuda, &kMemory);
  KernelTable& table = KernelsOf(DeviceType::kCuda);
  InstallKernels(table);
#define NEURA_INSTALL(Name) table[op::k##Name] = &Name##Kernel;
  NEURA_FORALL_LIBRARY_KERNELS(NEURA_INSTALL)
#undef NEURA_INSTALL
  return true;
}();

}  // namespace
}  // namespace neura::cuda
