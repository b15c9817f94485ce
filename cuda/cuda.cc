#include "neura/cuda/cuda.h"

#include "neura/cuda/runtime/pinned_allocator.h"

namespace neura::cuda {

AllocatorStats MemoryStats(int device) { return DeviceAllocator(device).Stats(); }
AllocatorStats PinnedMemoryStats() { return PinnedHostAllocator().Stats(); }

void EmptyCache(int device) { DeviceAllocator(device).EmptyCache(); }
void EmptyPinnedCache() { PinnedHostAllocator().EmptyCache(); }

}  // namespace neura::cuda
