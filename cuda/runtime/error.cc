#include "neura/cuda/runtime/error.h"

#include <atomic>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"

namespace neura::cuda {
namespace {

// The last work that any thread started; a hint for errors that come later.
std::atomic<const char*> g_last_launch{nullptr};

bool LacksDevice(cudaError_t status) {
  switch (status) {
    case cudaErrorNoDevice:
    case cudaErrorInsufficientDriver:
    case cudaErrorStubLibrary:
    case cudaErrorSystemDriverMismatch:
    case cudaErrorSystemNotReady:
    case cudaErrorCompatNotSupportedOnDevice:
    case cudaErrorDevicesUnavailable:
      return true;
    default:
      return false;
  }
}

// Errors that a kernel leaves behind: every later call returns them.
bool IsFromKernel(cudaError_t status) {
  switch (status) {
    case cudaErrorIllegalAddress:
    case cudaErrorLaunchFailure:
    case cudaErrorLaunchTimeout:
    case cudaErrorHardwareStackError:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorInvalidAddressSpace:
    case cudaErrorInvalidPc:
    case cudaErrorAssert:
    case cudaErrorECCUncorrectable:
      return true;
    default:
      return false;
  }
}

}  // namespace

std::string_view FunctionName(std::string_view call) { return call.substr(0, call.find('(')); }

std::string OnDevice() {
  int device = 0;
  if (cudaGetDevice(&device) != cudaSuccess) {
    ClearError();
    return "";
  }
  return absl::StrCat(", on cuda:", device);
}

void ClearError() noexcept { static_cast<void>(cudaGetLastError()); }

void NoteLaunch(const char* name) noexcept { g_last_launch.store(name, std::memory_order_relaxed); }

void CheckLaunch(const char* kernel) {
  const cudaError_t status = cudaGetLastError();
  if (status != cudaSuccess) ThrowStatus(status, absl::StrCat("launch of ", kernel));
  NoteLaunch(kernel);
}

void ThrowStatus(cudaError_t status, std::string_view call) {
  const std::string what = absl::StrCat(FunctionName(call), ": ", cudaGetErrorString(status), " (",
                                        cudaGetErrorName(status), ")");
  ClearError();
  if (LacksDevice(status)) {
    ThrowFailedPrecondition(absl::StrCat(
        what, "; CUDA ", CUDART_VERSION / 1000,
        " needs an NVIDIA GPU and a driver of release 580 or later, and a container needs to be "
        "given both"));
  }
  if (status == cudaErrorMemoryAllocation) {
    ThrowResourceExhausted(absl::StrCat(what, OnDevice()));
  }
  if (IsFromKernel(status)) {
    const char* last = g_last_launch.load(std::memory_order_relaxed);
    ThrowInternal(absl::StrCat(
        what, OnDevice(), ": an operation queued earlier failed; the last one started was ",
        last != nullptr ? last : "unknown",
        ". With CUDA_LAUNCH_BLOCKING=1 in the environment the one that fails says so itself. The "
        "device is of no more use to this process"));
  }
  ThrowInternal(absl::StrCat(what, OnDevice()));
}

}  // namespace neura::cuda
