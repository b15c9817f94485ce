#include "neura/cuda/runtime/cuda_block_driver.h"

#include "neura/cuda/runtime/device.h"
#include "neura/cuda/runtime/error.h"
#include "neura/tensor/core/error.h"

namespace neura::cuda {
namespace {

// What fails here fails again at the next call that may throw.
bool Succeeded(cudaError_t status) noexcept {
  if (status == cudaSuccess) return true;
  ClearError();
  return false;
}

}  // namespace

CUevent_st* CudaBlockDriver::Record(StreamId stream) noexcept {
  try {
    const DeviceGuard guard(stream.device);
    cudaEvent_t event = nullptr;
    if (!Succeeded(cudaEventCreateWithFlags(&event, cudaEventDisableTiming))) return nullptr;
    if (Succeeded(cudaEventRecord(event, stream.handle))) return event;
    Release(event);
  } catch (const Error&) {
    // The driver is gone: the program is ending.
  }
  return nullptr;
}

bool CudaBlockDriver::Done(CUevent_st* event) noexcept {
  const cudaError_t status = cudaEventQuery(event);
  if (status == cudaSuccess) return true;
  ClearError();
  return status != cudaErrorNotReady;
}

void CudaBlockDriver::Wait(CUevent_st* event) noexcept { Succeeded(cudaEventSynchronize(event)); }

void CudaBlockDriver::MakeWait(StreamId stream, CUevent_st* event) noexcept {
  try {
    const DeviceGuard guard(stream.device);
    Succeeded(cudaStreamWaitEvent(stream.handle, event, 0));
  } catch (const Error&) {
    // The driver is gone: the program is ending.
  }
}

void CudaBlockDriver::Release(CUevent_st* event) noexcept { Succeeded(cudaEventDestroy(event)); }

}  // namespace neura::cuda
