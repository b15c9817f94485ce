// The CUDA backend. Linked into a program, it makes "cuda:0" and so on devices like the CPU: every
// operation, gradient, module and optimizer runs there without a line of its own.
//
//   Tensor x = To(images, {DeviceType::kCuda, 0});
//   net.To({DeviceType::kCuda, 0});
//   Tensor loss = CrossEntropy(net(x), labels);
//
// Operations are queued and return before they are done; what looks at elements waits for them.
// Errors that only the device can see, such as an index out of range, are thrown by the next call
// that waits: Synchronize(device), a blocking copy, Item().
//
// This header is for what only CUDA has: properties of devices, streams, memory.
#ifndef NEURA_CUDA_CUDA_H_
#define NEURA_CUDA_CUDA_H_

#include "neura/cuda/libraries/matmul.h"           // IWYU pragma: export
#include "neura/cuda/libraries/tf32.h"             // IWYU pragma: export
#include "neura/cuda/runtime/caching_allocator.h"  // IWYU pragma: export
#include "neura/cuda/runtime/device.h"             // IWYU pragma: export
#include "neura/cuda/runtime/stream.h"             // IWYU pragma: export
#include "neura/tensor/core/allocator.h"
#include "neura/tensor/core/device.h"

namespace neura::cuda {

// Device `index`, for functions that take a Device. Whether it exists shows when it is used.
constexpr Device CudaDevice(int index = 0) {
  return {DeviceType::kCuda, static_cast<int8_t>(index)};
}

// The memory of a device, and that of pinned host memory, which all devices share. Throw as
// RequireDevice does.
AllocatorStats MemoryStats(int device = 0);
AllocatorStats PinnedMemoryStats();

// Gives memory that is cached and not in use back to the driver, after waiting for the device.
void EmptyCache(int device = 0);
void EmptyPinnedCache();

}  // namespace neura::cuda

#endif  // NEURA_CUDA_CUDA_H_
