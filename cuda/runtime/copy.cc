#include "neura/cuda/runtime/copy.h"

#include "neura/cuda/runtime/device.h"
#include "neura/cuda/runtime/error.h"
#include "neura/cuda/runtime/fault.h"
#include "neura/cuda/runtime/pinned_allocator.h"
#include "neura/cuda/runtime/stream.h"

namespace neura::cuda {
namespace {

// Between the host and one device, on its current stream.
void CopyWithHost(void* to, const void* from, size_t bytes, int device, bool to_host,
                  bool non_blocking) {
  const Stream stream = Stream::Current(device);
  const DeviceGuard guard(device);
  const void* host = to_host ? to : from;
  const bool pinned = IsPinned(host);
  NEURA_CUDA_CHECK(cudaMemcpyAsync(
      to, from, bytes, to_host ? cudaMemcpyDeviceToHost : cudaMemcpyHostToDevice, stream.handle()));
  NoteLaunch("a copy");
  if (non_blocking && pinned) {
    RecordPinnedUse(host, device);
    return;
  }
  // Of other memory CUDA may read later, and nobody would keep it until then.
  stream.Synchronize();
}

// The copy comes after what is queued on both streams, and what is queued later on either after it.
void CopyBetweenDevices(void* to, int to_device, const void* from, int from_device, size_t bytes,
                        bool non_blocking) {
  const Stream target = Stream::Current(to_device), source = Stream::Current(from_device);
  EnablePeerAccess(to_device, from_device);
  Event filled(from_device);
  filled.Record(source);
  target.Wait(filled);
  {
    const DeviceGuard guard(to_device);
    NEURA_CUDA_CHECK(cudaMemcpyPeerAsync(to, to_device, from, from_device, bytes, target.handle()));
    NoteLaunch("a copy");
  }
  Event copied(to_device);
  copied.Record(target);
  source.Wait(copied);
  if (!non_blocking) target.Synchronize();
}

void CopyWithinDevice(void* to, const void* from, size_t bytes, int device, bool non_blocking) {
  const Stream stream = Stream::Current(device);
  const DeviceGuard guard(device);
  NEURA_CUDA_CHECK(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToDevice, stream.handle()));
  NoteLaunch("a copy");
  if (!non_blocking) stream.Synchronize();
}

}  // namespace

void CopyDeviceBytes(DeviceBytes to, DeviceBytes from, size_t bytes, bool non_blocking) {
  const bool to_host = to.device.type == DeviceType::kCpu;
  const bool from_host = from.device.type == DeviceType::kCpu;
  if (to_host || from_host) {
    const int device = to_host ? from.device.index : to.device.index;
    return CopyWithHost(to.data, from.data, bytes, device, to_host, non_blocking);
  }
  if (to.device == from.device) {
    return CopyWithinDevice(to.data, from.data, bytes, to.device.index, non_blocking);
  }
  CopyBetweenDevices(to.data, to.device.index, from.data, from.device.index, bytes, non_blocking);
}

void SynchronizeDevice(int device) {
  const DeviceGuard guard(device);
  NEURA_CUDA_CHECK(cudaDeviceSynchronize());
  CheckFault(device);
}

}  // namespace neura::cuda
