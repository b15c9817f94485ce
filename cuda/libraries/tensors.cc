#include "neura/cuda/libraries/tensors.h"

#include "neura/cuda/runtime/device.h"
#include "neura/cuda/runtime/error.h"
#include "neura/cuda/runtime/stream.h"

namespace neura::cuda {

void ClearBytes(const Tensor& tensor) {
  const int device = tensor.device().index;
  const DeviceGuard guard(device);
  NEURA_CUDA_CHECK(cudaMemsetAsync(tensor.raw_data(), 0, tensor.nbytes(), CurrentStream(device)));
}

}  // namespace neura::cuda
