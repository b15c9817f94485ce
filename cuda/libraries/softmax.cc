#include <algorithm>
#include <limits>

#include "neura/cuda/kernels/tensors.h"
#include "neura/cuda/libraries/cudnn.h"
#include "neura/cuda/libraries/kernels.h"
#include "neura/cuda/runtime/device.h"
#include "neura/cuda/runtime/error.h"
#include "neura/tensor/iteration/reduce_plan.h"
#include "neura/tensor/ops/op_list/norm.h"

namespace neura::cuda {
namespace {

// A contiguous tensor as [outer, extent, inner] around the softmax's dimension, cut along `outer`
// into pieces whose elements cuDNN can count.
class Pieces {
 public:
  explicit Pieces(const KernelCall& call)
      : dtype_(call.input(0).dtype()),
        around_(call.input(0), NormalizeDim(call.call.schema().name, call.Get<SoftmaxOptions>().dim,
                                            call.input(0).dim())) {}

  // Calls f(descriptor, offset in bytes) for each of them.
  template <typename F>
  void ForEach(F f) const {
    const int64_t size = around_.extent * around_.inner;
    const int64_t most = std::max<int64_t>(std::numeric_limits<int32_t>::max() / size, 1);
    for (int64_t first = 0; first < around_.outer; first += most) {
      const TensorDescriptor descriptor(
          dtype_, {std::min(most, around_.outer - first), around_.extent, around_.inner, 1});
      f(descriptor.handle(), first * size * static_cast<int64_t>(ItemSize(dtype_)));
    }
  }

 private:
  const DType dtype_;
  const AroundDim around_;
};

const char* At(const Tensor& tensor, int64_t offset) {
  return static_cast<const char*>(tensor.raw_data()) + offset;
}
char* OutputAt(const KernelCall& call, int64_t offset) {
  return static_cast<char*>(call.output().raw_data()) + offset;
}

void Forward(const KernelCall& call, cudnnSoftmaxAlgorithm_t algorithm) {
  if (call.output().numel() == 0) return;
  const Tensor input = ContiguousInput(call, 0);
  const int device = call.call.device.index;
  const DeviceGuard guard(device);
  const cudnnHandle_t handle = CudnnHandle(device);
  const Factors factors(input.dtype());
  Pieces(call).ForEach([&](cudnnTensorDescriptor_t piece, int64_t offset) {
    NEURA_CUDNN_CHECK(cudnnSoftmaxForward(handle, algorithm, CUDNN_SOFTMAX_MODE_CHANNEL,
                                          factors.one(), piece, At(input, offset), factors.zero(),
                                          piece, OutputAt(call, offset)));
  });
  NoteLaunch("cudnnSoftmaxForward");
}

// The inputs are the gradient and the output of the forward pass.
void Backward(const KernelCall& call, cudnnSoftmaxAlgorithm_t algorithm) {
  if (call.output().numel() == 0) return;
  const Tensor grad = ContiguousInput(call, 0), output = ContiguousInput(call, 1);
  const int device = call.call.device.index;
  const DeviceGuard guard(device);
  const cudnnHandle_t handle = CudnnHandle(device);
  const Factors factors(grad.dtype());
  Pieces(call).ForEach([&](cudnnTensorDescriptor_t piece, int64_t offset) {
    NEURA_CUDNN_CHECK(cudnnSoftmaxBackward(
        handle, algorithm, CUDNN_SOFTMAX_MODE_CHANNEL, factors.one(), piece, At(output, offset),
        piece, At(grad, offset), factors.zero(), piece, OutputAt(call, offset)));
  });
  NoteLaunch("cudnnSoftmaxBackward");
}

}  // namespace

void SoftmaxKernel(KernelCall& call) { Forward(call, CUDNN_SOFTMAX_ACCURATE); }
void LogSoftmaxKernel(KernelCall& call) { Forward(call, CUDNN_SOFTMAX_LOG); }
void SoftmaxGradKernel(KernelCall& call) { Backward(call, CUDNN_SOFTMAX_ACCURATE); }
void LogSoftmaxGradKernel(KernelCall& call) { Backward(call, CUDNN_SOFTMAX_LOG); }

}  // namespace neura::cuda
