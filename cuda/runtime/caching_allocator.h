// The memory of devices, in a BlockCache for each.
#ifndef NEURA_CUDA_RUNTIME_CACHING_ALLOCATOR_H_
#define NEURA_CUDA_RUNTIME_CACHING_ALLOCATOR_H_

#include "neura/cuda/runtime/stream.h"
#include "neura/tensor/core/allocator.h"
#include "neura/tensor/core/tensor.h"

namespace neura::cuda {

// Memory for what this thread queues on its current stream. Throws as RequireDevice does.
Allocator& DeviceAllocator(int device);

// Announces that what is queued on `stream` uses the tensor's memory, which another stream
// allocated: once freed, it is not used again before that is done. Throws InvalidArgument when the
// tensor is not on a CUDA device.
void RecordStream(const Tensor& tensor, const Stream& stream);

}  // namespace neura::cuda

#endif  // NEURA_CUDA_RUNTIME_CACHING_ALLOCATOR_H_
