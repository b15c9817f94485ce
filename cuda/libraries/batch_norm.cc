#include "neura/cuda/kernels/tensors.h"
#include "neura/cuda/libraries/cudnn.h"
#include "neura/cuda/libraries/kernels.h"
#include "neura/cuda/runtime/device.h"
#include "neura/cuda/runtime/error.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/ops/op_list/norm.h"
#include "neura/tensor/ops/op_list/pointwise.h"

namespace neura::cuda {
namespace {

// cuDNN keeps statistics in float for anything below double, Neura in the input's dtype.
void RequireFloatOrDouble(DType dtype) {
  if (dtype != kFloat32 && dtype != kFloat64) FailForDType(dtype);
}

// [N, C, inner, 1]
TensorDescriptor DescriptorOf(const Tensor& tensor) {
  int64_t inner = 1;
  for (int64_t i = 2; i < tensor.dim(); ++i) inner *= tensor.size(i);
  return {tensor.dtype(), {tensor.size(0), tensor.size(1), inner, 1}};
}

Tensor Filled(const KernelCall& call, DimsView shape, DType dtype, double value) {
  Tensor values = Scratch(call, shape, dtype);
  FullOptions options;
  options.shape.assign(shape.begin(), shape.end());
  options.value = value;
  options.dtype = dtype;
  RunKernel({op::kFull, &options, {}, call.call.device}, absl::MakeSpan(&values, 1));
  return values;
}

// One value for each of the channels. cuDNN wants a weight and a bias also where there is none.
Tensor PerChannel(const KernelCall& call, size_t i, const Tensor& input, double otherwise) {
  if (call.has_input(i)) return ContiguousInput(call, i);
  return Filled(call, {input.size(1)}, input.dtype(), otherwise);
}

// An output, or what cuDNN writes in its place where it is not wanted.
Tensor OutputOf(const KernelCall& call, size_t i, DimsView shape, DType dtype) {
  return call.wants(i) ? call.output(i) : Scratch(call, shape, dtype);
}

}  // namespace

void BatchNormTrainingKernel(KernelCall& call) {
  const Tensor input = ContiguousInput(call, 0);
  const DType dtype = input.dtype();
  RequireFloatOrDouble(dtype);
  if (input.numel() == 0) return;
  const int64_t channels = input.size(1);
  const Tensor weight = PerChannel(call, 1, input, 1), bias = PerChannel(call, 2, input, 0);
  const Tensor output = OutputOf(call, 0, input.shape(), dtype);
  const Tensor mean = OutputOf(call, 1, {channels}, dtype);
  const Tensor rstd = OutputOf(call, 2, {channels}, dtype);
  const int device = call.call.device.index;
  const DeviceGuard guard(device);
  const TensorDescriptor data = DescriptorOf(input);
  const TensorDescriptor parameters(dtype, {1, channels, 1, 1});
  const Factors factors(dtype);
  // cuDNN gives the variance as the new part of a running one, which wholly replaces the old: 0
  // times whatever was there, which must be finite.
  const Tensor running_mean = Filled(call, {channels}, dtype, 0);
  Tensor variance = OutputOf(call, 3, {channels}, dtype);
  ClearElements(call, variance);
  NEURA_CUDNN_CHECK(cudnnBatchNormalizationForwardTraining(
      CudnnHandle(device), CUDNN_BATCHNORM_SPATIAL, factors.one(), factors.zero(), data.handle(),
      input.raw_data(), data.handle(), output.raw_data(), parameters.handle(), weight.raw_data(),
      bias.raw_data(), /*exponentialAverageFactor=*/1, running_mean.raw_data(), variance.raw_data(),
      call.Get<BatchNormOptions>().eps, mean.raw_data(), rstd.raw_data()));
  NoteLaunch("cudnnBatchNormalizationForwardTraining");
  if (!call.wants(3)) return;
  // A running variance divides by the count less one.
  const double count = static_cast<double>(input.numel() / channels);
  const Tensor biased = Filled(call, {}, dtype, (count - 1) / count);
  const Tensor* factors_of_variance[] = {&variance, &biased};
  RunKernel({op::kMul, nullptr, factors_of_variance, call.call.device},
            absl::MakeSpan(&variance, 1));
}

// The inputs are grad, input, weight?, mean and rstd.
void BatchNormTrainingGradKernel(KernelCall& call) {
  const Tensor grad = ContiguousInput(call, 0), input = ContiguousInput(call, 1);
  const DType dtype = input.dtype();
  RequireFloatOrDouble(dtype);
  const int64_t channels = input.size(1);
  const Tensor output = OutputOf(call, 0, input.shape(), dtype);
  const Tensor weight_grad = OutputOf(call, 1, {channels}, dtype);
  const Tensor bias_grad = OutputOf(call, 2, {channels}, dtype);
  if (input.numel() == 0) {  // cuDNN knows no empty batch
    ClearElements(call, weight_grad);
    ClearElements(call, bias_grad);
    return;
  }
  const Tensor weight = PerChannel(call, 2, input, 1);
  const Tensor mean = ContiguousInput(call, 3), rstd = ContiguousInput(call, 4);
  const int device = call.call.device.index;
  const DeviceGuard guard(device);
  const TensorDescriptor data = DescriptorOf(input);
  const TensorDescriptor parameters(dtype, {1, channels, 1, 1});
  const Factors factors(dtype);
  // It is in rstd already; cuDNN only checks it.
  const double epsilon = 1e-5;
  NEURA_CUDNN_CHECK(cudnnBatchNormalizationBackward(
      CudnnHandle(device), CUDNN_BATCHNORM_SPATIAL, factors.one(), factors.zero(), factors.one(),
      factors.zero(), data.handle(), input.raw_data(), data.handle(), grad.raw_data(),
      data.handle(), output.raw_data(), parameters.handle(), weight.raw_data(),
      weight_grad.raw_data(), bias_grad.raw_data(), epsilon, mean.raw_data(), rstd.raw_data()));
  NoteLaunch("cudnnBatchNormalizationBackward");
}

}  // namespace neura::cuda
