// A device whose memory is the host's and whose kernels are ours, compiled for the host.
#ifndef NEURA_CUDA_KERNELS_HOST_DEVICE_H_
#define NEURA_CUDA_KERNELS_HOST_DEVICE_H_

#include <vector>

#include "neura/tensor/backend_api.h"
#include "neura/tensor/tensor.h"

namespace neura::cuda {

// It is there as soon as the program is loaded.
inline constexpr Device kHostDevice{DeviceType::kCustom, 0};

// A copy on it; undefined where the tensor is.
Tensor OnDevice(const Tensor& tensor);
std::vector<Tensor> OnDevice(const std::vector<Tensor>& tensors);

// Calls an operation on the device of its inputs, or on `device` when it has none.
std::vector<Tensor> Execute(OpId op, const void* options, const std::vector<Tensor>& inputs,
                            Device device);

// Whether an operation is computed by the kernels of this folder.
bool IsOurs(OpId op);

}  // namespace neura::cuda

#endif  // NEURA_CUDA_KERNELS_HOST_DEVICE_H_
