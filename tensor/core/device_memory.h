// The memory of devices: what a backend says of it, and what follows for everybody.
#ifndef NEURA_TENSOR_CORE_DEVICE_MEMORY_H_
#define NEURA_TENSOR_CORE_DEVICE_MEMORY_H_

#include <cstddef>

#include "neura/tensor/core/allocator.h"
#include "neura/tensor/core/device.h"

namespace neura {

// A run of bytes on a device.
struct DeviceBytes {
  void* data = nullptr;
  Device device = kCpu;
};

// What a backend brings besides kernels.
struct DeviceMemory {
  // The memory of device `index`. Throws InvalidArgument, saying which devices there are, when it
  // does not exist.
  Allocator& (*allocator)(int index) = nullptr;
  // Copies `bytes` bytes after everything that this thread has queued on either device. One side is
  // on a device of this type; the other is too, or in host memory. Returns when the bytes are
  // there; with `non_blocking`, possibly earlier, but not before host memory that is not pinned
  // may be used again. Throws what earlier kernels failed with.
  void (*copy)(DeviceBytes to, DeviceBytes from, size_t bytes, bool non_blocking) = nullptr;
  // Returns when everything that was queued on the device is done. Throws what it failed with. May
  // be null where kernels end before they return.
  void (*synchronize)(int index) = nullptr;
  // Host memory that the device reads and writes by itself, so that copies need not block. May be
  // null.
  Allocator& (*pinned_allocator)() = nullptr;
};

// Called once by each backend, when it is loaded. `memory` must live as long as the program.
void SetDeviceMemory(DeviceType type, const DeviceMemory* memory);

// The allocator of a device's memory. Throws FailedPrecondition when no backend for it is linked.
Allocator& AllocatorOf(Device device);
// That of host memory which the linked accelerator copies from without blocking. Throws
// FailedPrecondition where there is none.
Allocator& PinnedAllocator();

// Copies bytes between any two devices: see DeviceMemory::copy.
void CopyBytes(DeviceBytes to, DeviceBytes from, size_t bytes, bool non_blocking = false);

// Returns when everything that was queued on the device is done. Throws what it failed with.
void Synchronize(Device device);

}  // namespace neura

#endif  // NEURA_TENSOR_CORE_DEVICE_MEMORY_H_
