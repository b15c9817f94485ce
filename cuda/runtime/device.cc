#include "neura/cuda/runtime/device.h"

#include <memory>
#include <mutex>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/cuda/runtime/error.h"
#include "neura/tensor/core/error.h"

namespace neura::cuda {
namespace {

struct Machine {
  int count = 0;
  cudaError_t status = cudaSuccess;
  std::unique_ptr<int[]> multi_processors;
};

// Asked once: the set of devices does not change while a program runs.
const Machine& TheMachine() {
  static const Machine* machine = [] {
    auto* result = new Machine;
    result->status = cudaGetDeviceCount(&result->count);
    if (result->status != cudaSuccess) {
      ClearError();
      result->count = 0;
    }
    result->multi_processors = std::make_unique<int[]>(static_cast<size_t>(result->count));
    for (int i = 0; i < result->count; ++i) {
      if (cudaDeviceGetAttribute(&result->multi_processors[static_cast<size_t>(i)],
                                 cudaDevAttrMultiProcessorCount, i) != cudaSuccess) {
        ClearError();
      }
    }
    return result;
  }();
  return *machine;
}

}  // namespace

int DeviceCount() { return TheMachine().count; }

std::string UnavailableReason() {
  const Machine& machine = TheMachine();
  if (machine.count > 0) return "";
  // A driver that finds nothing may also call that a success.
  const cudaError_t status = machine.status == cudaSuccess ? cudaErrorNoDevice : machine.status;
  try {
    ThrowStatus(status, "cudaGetDeviceCount");
  } catch (const Error& error) {
    return error.message();
  }
}

void RequireDevice(int device) {
  const int count = DeviceCount();
  if (count == 0) ThrowFailedPrecondition(UnavailableReason());
  if (device < 0 || device >= count) {
    ThrowInvalidArgument(absl::StrCat(
        "there is no device cuda:", device, "; this machine has ",
        count == 1 ? "cuda:0" : "cuda:0 to cuda:", count == 1 ? "" : absl::StrCat(count - 1)));
  }
}

DeviceProperties GetDeviceProperties(int device) {
  RequireDevice(device);
  cudaDeviceProp properties;
  NEURA_CUDA_CHECK(cudaGetDeviceProperties(&properties, device));
  return {.name = properties.name,
          .total_memory = properties.totalGlobalMem,
          .compute_major = properties.major,
          .compute_minor = properties.minor,
          .multi_processors = properties.multiProcessorCount,
          .warp_size = properties.warpSize};
}

int MultiProcessorCount(int device) {
  RequireDevice(device);
  return TheMachine().multi_processors[static_cast<size_t>(device)];
}

int CurrentDevice() {
  int device = 0;
  NEURA_CUDA_CHECK(cudaGetDevice(&device));
  return device;
}

void BindContext(int device) {
  thread_local int bound = -1;
  if (bound == device) return;
  NEURA_CUDA_CHECK(cudaSetDevice(device));
  bound = device;
}

DeviceGuard::DeviceGuard(int device) {
  RequireDevice(device);
  previous_ = CurrentDevice();
  changed_ = previous_ != device;
  // Not called where nothing changes: it makes the device's context.
  if (changed_) NEURA_CUDA_CHECK(cudaSetDevice(device));
}

DeviceGuard::~DeviceGuard() {
  if (changed_ && cudaSetDevice(previous_) != cudaSuccess) ClearError();
}

bool EnablePeerAccess(int device, int peer) {
  static std::mutex* mutex = new std::mutex;
  static auto* enabled = new std::set<std::pair<int, int>>;
  static auto* refused = new std::set<std::pair<int, int>>;
  const std::pair<int, int> pair(device, peer);
  std::lock_guard<std::mutex> lock(*mutex);
  if (enabled->contains(pair)) return true;
  if (refused->contains(pair)) return false;
  int possible = 0;
  NEURA_CUDA_CHECK(cudaDeviceCanAccessPeer(&possible, device, peer));
  if (possible == 0) {
    refused->insert(pair);
    return false;
  }
  const DeviceGuard guard(device);
  const cudaError_t status = cudaDeviceEnablePeerAccess(peer, 0);
  if (status == cudaErrorPeerAccessAlreadyEnabled) {
    ClearError();
  } else if (status != cudaSuccess) {
    ThrowStatus(status, "cudaDeviceEnablePeerAccess");
  }
  // Memory pools have permissions of their own.
  cudaMemPool_t pool;
  NEURA_CUDA_CHECK(cudaDeviceGetDefaultMemPool(&pool, peer));
  cudaMemAccessDesc access = {};
  access.location.type = cudaMemLocationTypeDevice;
  access.location.id = device;
  access.flags = cudaMemAccessFlagsProtReadWrite;
  NEURA_CUDA_CHECK(cudaMemPoolSetAccess(pool, &access, 1));
  enabled->insert(pair);
  return true;
}

}  // namespace neura::cuda
