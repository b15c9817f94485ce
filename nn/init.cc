#include "neura/nn/init.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/linalg/linalg.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

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

// Nothing where there are no elements, whatever their dimensions, as in PyTorch.
bool IsEmpty(const Tensor& tensor) { return tensor.defined() && tensor.numel() == 0; }

double XavierStd(const char* op, const Tensor& tensor, double gain) {
  const Fans fans = FansOf(op, tensor);
  if (fans.in + fans.out == 0) {
    ThrowInvalidArgument(absl::StrCat(op, ": no variance follows from ", Describe(tensor)));
  }
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
  if (IsEmpty(tensor)) return tensor;
  const double bound = std::sqrt(3.0) * KaimingStd("KaimingUniform", tensor, options);
  return Uniform(tensor, -bound, bound, options.generator);
}
Tensor KaimingNormal(const Tensor& tensor, const KaimingOptions& options) {
  if (IsEmpty(tensor)) return tensor;
  return Normal(tensor, 0, KaimingStd("KaimingNormal", tensor, options), options.generator);
}
Tensor XavierUniform(const Tensor& tensor, double gain, Generator* generator) {
  const double bound = std::sqrt(3.0) * XavierStd("XavierUniform", tensor, gain);
  return Uniform(tensor, -bound, bound, generator);
}
Tensor XavierNormal(const Tensor& tensor, double gain, Generator* generator) {
  return Normal(tensor, 0, XavierStd("XavierNormal", tensor, gain), generator);
}

Tensor TruncNormal(const Tensor& tensor, const TruncNormalOptions& options) {
  RequireDefined("TruncNormal", tensor);
  const auto& [mean, std, a, b, generator] = options;
  if (!(std > 0) || !(a <= b)) {
    ThrowInvalidArgument(absl::StrCat("TruncNormal: std = ", std, " must be positive, and a = ", a,
                                      " not above b = ", b));
  }
  // erf, which is twice the distribution function less 1, is uniform between those of the bounds.
  const double scale = std * std::sqrt(2.0);
  const Tensor uniform =
      neura::Uniform(tensor.shape(), std::erf((a - mean) / scale), std::erf((b - mean) / scale),
                     {.dtype = kFloat64, .device = tensor.device()}, generator);
  return Overwrite(tensor, ClampBetween(ErfInv(uniform) * scale + mean, a, b));
}

Tensor Orthogonal(const Tensor& tensor, double gain, Generator* generator) {
  FansOf("Orthogonal", tensor);
  if (tensor.numel() == 0) return tensor;
  const int64_t rows = tensor.size(0), columns = tensor.numel() / rows;
  const Tensor normal =
      Randn({rows, columns},
            {.dtype = tensor.dtype() == kFloat64 ? kFloat64 : kFloat32, .device = tensor.device()},
            generator);
  const auto [q, r] = linalg::Qr(rows < columns ? Transpose(normal, 0, 1) : normal, "reduced");
  const Tensor uniform = q * Sign(Diagonal(r)) * gain;
  return Overwrite(tensor,
                   Reshape(rows < columns ? Transpose(uniform, 0, 1) : uniform, tensor.shape()));
}

Tensor Sparse(const Tensor& tensor, double sparsity, double std, Generator* generator) {
  RequireDims("Sparse", tensor, 2);
  if (!(sparsity >= 0 && sparsity <= 1)) {
    ThrowInvalidArgument(absl::StrCat("Sparse: sparsity = ", sparsity, " must be between 0 and 1"));
  }
  const TensorOptions options{.dtype = tensor.dtype(), .device = tensor.device()};
  const Tensor values = neura::Normal(tensor.shape(), 0, std, options, generator);
  const auto zeros =
      static_cast<int64_t>(std::ceil(sparsity * static_cast<double>(tensor.size(0))));
  // Each column in an order of its own.
  const Tensor order =
      ArgSort(Rand(tensor.shape(), {.dtype = kFloat64, .device = tensor.device()}, generator), 0);
  return Overwrite(tensor, Scatter(values, 0, Slice(order, 0, 0, zeros), 0.0));
}

Tensor Eye(const Tensor& tensor) {
  RequireDims("Eye", tensor, 2);
  return Overwrite(tensor, neura::Eye(tensor.size(0), tensor.size(1),
                                      {.dtype = tensor.dtype(), .device = tensor.device()}));
}

Tensor Dirac(const Tensor& tensor, int64_t groups) {
  FansOf("Dirac", tensor);
  if (tensor.dim() < 3 || tensor.dim() > 5 || groups < 1 || tensor.size(0) % groups != 0) {
    ThrowInvalidArgument(absl::StrCat("Dirac: ", Describe(tensor),
                                      " must be [out, in, kernel...] of one to three dimensions, "
                                      "with out divisible by groups = ",
                                      groups));
  }
  NoGradGuard no_grad;
  Fill(tensor, 0);
  if (tensor.numel() == 0) return tensor;
  const int64_t each = tensor.size(0) / groups;
  for (int64_t out = 0; out < tensor.size(0); ++out) {
    const int64_t in = out % each;
    if (in >= tensor.size(1)) continue;
    Tensor middle = Select(Select(tensor, 0, out), 0, in);
    while (middle.dim() > 0) middle = Select(middle, 0, middle.size(0) / 2);
    Fill(middle, 1);
  }
  return tensor;
}

}  // namespace neura::nn::init
