// Copies between devices, and waiting for them: what DeviceMemory asks of a backend.
#ifndef NEURA_CUDA_RUNTIME_COPY_H_
#define NEURA_CUDA_RUNTIME_COPY_H_

#include <cstddef>

#include "neura/tensor/core/device_memory.h"

namespace neura::cuda {

// DeviceMemory::copy.
void CopyDeviceBytes(DeviceBytes to, DeviceBytes from, size_t bytes, bool non_blocking);

// DeviceMemory::synchronize.
void SynchronizeDevice(int device);

}  // namespace neura::cuda

#endif  // NEURA_CUDA_RUNTIME_COPY_H_
