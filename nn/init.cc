#include "neura/nn/init.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"

namespace neura::nn::init {
namespace {

struct Fans {
  double in, out;
};

Fans FansOf(const char* op, const Tensor& tensor) {
  if (!tensor.defined() || tensor.dim() < 2) {
    ThrowInvalidArgument(
        absl::StrCat(op, ": needs a tensor [out, in, kernel...], got ", Describe(tensor)));
  }
  const double area = static_cast<double>(NumElements(tensor.shape().subspan(2)));
  return {static_cast<double>(tensor.size(1)) * area, static_cast<double>(tensor.size(0)) * area};
}

double KaimingStd(const char* op, const Tensor& tensor, const KaimingOptions& options) {
  const Fans fans = FansOf(op, tensor);
  if (options.mode != "fan_in" && options.mode != "fan_out") {
    ThrowInvalidArgument(
        absl::StrCat(op, ": mode = \"", options.mode, "\" must be \"fan_in\" or \"fan_out\""));
  }
  return CalculateGain(options.nonlinearity, options.a) /
         std::sqrt(options.mode == "fan_in" ? fans.in : fans.out);
}

double XavierStd(const char* op, const Tensor& tensor, double gain) {
  const Fans fans = FansOf(op, tensor);
  return gain * std::sqrt(2 / (fans.in + fans.out));
}

Tensor Overwrite(const Tensor& tensor, const Tensor& values) {
  NoGradGuard no_grad;
  return Assign(tensor, values);
}

}  // namespace

double CalculateGain(const std::string& nonlinearity, double a) {
  if (nonlinearity == "relu") return std::sqrt(2.0);
  if (nonlinearity == "leaky_relu") return std::sqrt(2 / (1 + a * a));
  if (nonlinearity == "tanh") return 5.0 / 3;
  if (nonlinearity == "selu") return 0.75;
  for (const char* linear : {"linear", "sigmoid", "conv1d", "conv2d", "conv3d", "conv_transpose1d",
                             "conv_transpose2d", "conv_transpose3d"}) {
    if (nonlinearity == linear) return 1;
  }
  ThrowInvalidArgument(absl::StrCat("CalculateGain: unknown nonlinearity \"", nonlinearity, "\""));
}

Tensor Uniform(const Tensor& tensor, double low, double high, Generator* generator) {
  return Overwrite(tensor,
                   neura::Uniform(tensor.shape(), low, high,
                                  {.dtype = tensor.dtype(), .device = tensor.device()}, generator));
}
Tensor Normal(const Tensor& tensor, double mean, double std, Generator* generator) {
  return Overwrite(tensor,
                   neura::Normal(tensor.shape(), mean, std,
                                 {.dtype = tensor.dtype(), .device = tensor.device()}, generator));
}
Tensor Constant(const Tensor& tensor, const Scalar& value) {
  NoGradGuard no_grad;
  return Fill(tensor, value);
}

// A uniform distribution in +-b has standard deviation b / sqrt(3).
Tensor KaimingUniform(const Tensor& tensor, const KaimingOptions& options) {
  const double bound = std::sqrt(3.0) * KaimingStd("KaimingUniform", tensor, options);
  return Uniform(tensor, -bound, bound, options.generator);
}
Tensor KaimingNormal(const Tensor& tensor, const KaimingOptions& options) {
  return Normal(tensor, 0, KaimingStd("KaimingNormal", tensor, options), options.generator);
}
Tensor XavierUniform(const Tensor& tensor, double gain, Generator* generator) {
  const double bound = std::sqrt(3.0) * XavierStd("XavierUniform", tensor, gain);
  return Uniform(tensor, -bound, bound, generator);
}
Tensor XavierNormal(const Tensor& tensor, double gain, Generator* generator) {
  return Normal(tensor, 0, XavierStd("XavierNormal", tensor, gain), generator);
}

}  // namespace neura::nn::init
