// Host memory that devices read and write by themselves.
#ifndef NEURA_CUDA_RUNTIME_PINNED_ALLOCATOR_H_
#define NEURA_CUDA_RUNTIME_PINNED_ALLOCATOR_H_

#include "neura/tensor/core/allocator.h"

namespace neura::cuda {

// Cached, since to pin memory takes long. Throws FailedPrecondition where there is no device.
Allocator& PinnedHostAllocator();

// Whether `data` points into memory of that allocator.
bool IsPinned(const void* data);

// Announces that a copy which is now queued on this thread's current stream of `device` uses that
// memory: once freed, it is not handed out again before the copy is done.
void RecordPinnedUse(const void* data, int device);

}  // namespace neura::cuda

#endif  // NEURA_CUDA_RUNTIME_PINNED_ALLOCATOR_H_
