#include "neura/cuda/runtime/fault.h"

#include <cuda_runtime_api.h>

#include <atomic>
#include <cstring>
#include <mutex>

#include "absl/strings/str_cat.h"
#include "neura/cuda/runtime/device.h"
#include "neura/cuda/runtime/error.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/schema.h"

namespace neura::cuda {
namespace {

constexpr int kMaxDevices = 128;  // what Device::index can hold
std::atomic<KernelFault*> g_faults[kMaxDevices];

}  // namespace

KernelFault* FaultOf(int device) {
  RequireDevice(device);
  std::atomic<KernelFault*>& slot = g_faults[device];
  KernelFault* fault = slot.load(std::memory_order_acquire);
  if (fault != nullptr) return fault;
  static std::mutex* mutex = new std::mutex;
  std::lock_guard<std::mutex> lock(*mutex);
  fault = slot.load(std::memory_order_acquire);
  if (fault != nullptr) return fault;
  const DeviceGuard guard(device);
  void* memory = nullptr;
  // One address for the host and, with unified addressing, for every device.
  NEURA_CUDA_CHECK(
      cudaHostAlloc(&memory, sizeof(KernelFault), cudaHostAllocMapped | cudaHostAllocPortable));
  std::memset(memory, 0, sizeof(KernelFault));
  fault = static_cast<KernelFault*>(memory);
  slot.store(fault, std::memory_order_release);
  return fault;
}

void CheckFault(int device) {
  KernelFault* fault = g_faults[device].load(std::memory_order_acquire);
  if (fault == nullptr) return;
  const std::atomic_ref<int32_t> code(fault->code);
  if (code.load(std::memory_order_acquire) == 0) return;
  const KernelFault found = *fault;
  // Last, so that the next kernel that finds fault writes all of its own.
  code.store(0, std::memory_order_release);
  const char* name = IsOp(found.op) ? SchemaOf(static_cast<OpId>(found.op)).name : "an operation";
  ThrowOutOfRange(absl::StrCat(name, ": index ", found.value, " is outside [0, ", found.bound,
                               "); found by cuda:", device, " after the call had returned"));
}

}  // namespace neura::cuda
