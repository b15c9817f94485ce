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
Tensor PerChannel(const KernelCall& call, size_t i, int64_t channels, double otherwise) {
  if (call.has_input(i)) return ContiguousInput(call, i);
  return Filled(call, {channels}, call.output().dtype(), otherwise);
}

}  // namespace

void BatchNormTrainingKernel(KernelCall& call) {
  const Tensor& output = call.output();
  RequireFloatOrDouble(output.dtype());
  if (output.numel() == 0) return;
  const int64_t channels = output.size(1);
  const Tensor input = ContiguousInput(call, 0);
  const Tensor weight = PerChannel(call, 1, channels, 1), bias = PerChannel(call, 2, channels, 0);
  const int device = call.call.device.index;
  const DeviceGuard guard(device);
  const TensorDescriptor data = DescriptorOf(output);
  const TensorDescriptor parameters(output.dtype(), {1, channels, 1, 1});
  const Factors factors(output.dtype());
  // cuDNN gives the variance as the new part of a running one, which wholly replaces the old: 0
  // times whatever was there, which must be finite.
  const Tensor running_mean = Filled(call, {channels}, output.dtype(), 0);
  Tensor variance = call.output(3);
  ClearElements(call, variance);
  NEURA_CUDNN_CHECK(cudnnBatchNormalizationForwardTraining(
      CudnnHandle(device), CUDNN_BATCHNORM_SPATIAL, factors.one(), factors.zero(), data.handle(),
      input.raw_data(), data.handle(), output.raw_data(), parameters.handle(), weight.raw_data(),
      bias.raw_data(), /*exponentialAverageFactor=*/1, running_mean.raw_data(), variance.raw_data(),
      call.Get<BatchNormOptions>().eps, call.output(1).raw_data(), call.output(2).raw_data()));
  NoteLaunch("cudnnBatchNormalizationForwardTraining");
  // A running variance divides by the count less one.
  const double count = static_cast<double>(output.numel() / channels);
  const Tensor biased = Filled(call, {}, output.dtype(), (count - 1) / count);
  const Tensor* factors_of_variance[] = {&variance, &biased};
  RunKernel({op::kMul, nullptr, factors_of_variance, call.call.device},
            absl::MakeSpan(&variance, 1));
}

// The inputs are grad, input, weight?, mean and rstd.
void BatchNormTrainingGradKernel(KernelCall& call) {
  const Tensor& output = call.output();
  RequireFloatOrDouble(output.dtype());
  if (output.numel() == 0) {  // cuDNN knows no empty batch
    ClearElements(call, call.output(1));
    ClearElements(call, call.output(2));
    return;
  }
  const int64_t channels = output.size(1);
  const Tensor grad = ContiguousInput(call, 0), input = ContiguousInput(call, 1);
  const Tensor weight = PerChannel(call, 2, channels, 1);
  const Tensor mean = ContiguousInput(call, 3), rstd = ContiguousInput(call, 4);
  const int device = call.call.device.index;
  const DeviceGuard guard(device);
  const TensorDescriptor data = DescriptorOf(output);
  const TensorDescriptor parameters(output.dtype(), {1, channels, 1, 1});
  const Factors factors(output.dtype());
  // It is in rstd already; cuDNN only checks it.
  const double epsilon = 1e-5;
  NEURA_CUDNN_CHECK(cudnnBatchNormalizationBackward(
      CudnnHandle(device), CUDNN_BATCHNORM_SPATIAL, factors.one(), factors.zero(), factors.one(),
      factors.zero(), data.handle(), input.raw_data(), data.handle(), grad.raw_data(),
      data.handle(), output.raw_data(), parameters.handle(), weight.raw_data(),
      call.output(1).raw_data(), call.output(2).raw_data(), epsilon, mean.raw_data(),
      rstd.raw_data()));
  NoteLaunch("cudnnBatchNormalizationBackward");
}

}  // namespace neura::cuda
