#include "neura/nn/layers.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/tensor/ops/op_list/image.h"
#include "neura/tensor/ops/op_list/norm.h"
#include "neura/tensor/tensor.h"

namespace neura::nn {
namespace {

// "in_channels=1, out_channels=8": the option struct without its braces.
template <typename Options>
std::string DescribeOptions(const Options& options) {
  const std::string text = OptionsToString(*OptionsTypeOf<Options>(""), &options);
  return text.substr(1, text.size() - 2);
}

void CheckPositive(const char* layer, const char* name, int64_t value) {
  if (value < 1) {
    ThrowInvalidArgument(absl::StrCat(layer, ": ", name, " = ", value, " must be at least 1"));
  }
}

// Uniform in +-1 / sqrt(fan_in), PyTorch's start for weights and biases alike.
Parameter UniformByFanIn(DimsView shape, int64_t fan_in) {
  const double bound = 1 / std::sqrt(static_cast<double>(fan_in));
  return Parameter(Uniform(shape, -bound, bound));
}

}  // namespace

Linear::Linear(const LinearOptions& options) : options(options) {
  CheckPositive("Linear", "in_features", options.in_features);
  CheckPositive("Linear", "out_features", options.out_features);
  weight = UniformByFanIn({options.out_features, options.in_features}, options.in_features);
  if (options.bias) bias = UniformByFanIn({options.out_features}, options.in_features);
}
Tensor Linear::Forward(const Tensor& input) { return neura::Linear(input, weight, bias); }
std::string Linear::Describe() const { return DescribeOptions(options); }

Conv2d::Conv2d(const Conv2dOptions& options) : options(options) {
  CheckPositive("Conv2d", "in_channels", options.in_channels);
  CheckPositive("Conv2d", "out_channels", options.out_channels);
  CheckPositive("Conv2d", "groups", options.groups);
  CheckPositive("Conv2d", "kernel_size",
                std::min(options.kernel_size.height, options.kernel_size.width));
  if (options.in_channels % options.groups != 0 || options.out_channels % options.groups != 0) {
    ThrowInvalidArgument(absl::StrCat("Conv2d: in_channels = ", options.in_channels,
                                      " and out_channels = ", options.out_channels,
                                      " must be divisible by groups = ", options.groups));
  }
  const int64_t channels = options.in_channels / options.groups;
  const int64_t fan_in = channels * options.kernel_size.height * options.kernel_size.width;
  weight = UniformByFanIn(
      {options.out_channels, channels, options.kernel_size.height, options.kernel_size.width},
      fan_in);
  if (options.bias) bias = UniformByFanIn({options.out_channels}, fan_in);
}
Tensor Conv2d::Forward(const Tensor& input) {
  return neura::Conv2d(input, weight, bias,
                       {.stride = options.stride,
                        .padding = options.padding,
                        .dilation = options.dilation,
                        .groups = options.groups});
}
std::string Conv2d::Describe() const { return DescribeOptions(options); }

BatchNorm::BatchNorm(const BatchNormOptions& options) : options(options) {
  CheckPositive("BatchNorm", "num_features", options.num_features);
  const Dims shape = {options.num_features};
  if (options.affine) {
    weight = Parameter(Ones(shape));
    bias = Parameter(Zeros(shape));
  }
  if (options.track_running_stats) {
    running_mean = Buffer(Zeros(shape));
    running_var = Buffer(Ones(shape));
    num_batches_tracked = Buffer(ScalarTensor(int64_t{0}));
  }
}

void BatchNorm::VisitMembers(MemberVisitor& visitor) {
  visitor.Visit("weight", weight);
  visitor.Visit("bias", bias);
  visitor.Visit("running_mean", running_mean);
  visitor.Visit("running_var", running_var);
  visitor.Visit("num_batches_tracked", num_batches_tracked);
}

Tensor BatchNorm::Forward(const Tensor& input) {
  CheckInput(input);
  if (input.size(1) != options.num_features) {
    ThrowInvalidArgument(absl::StrCat(TypeName(), ": dimension 1 of ", neura::Describe(input),
                                      " must be num_features = ", options.num_features));
  }
  if (!training() && options.track_running_stats) {
    return BatchNormInference(input, running_mean, running_var, weight, bias, {.eps = options.eps});
  }
  const auto result = BatchNormTraining(input, weight, bias, {.eps = options.eps});
  if (training() && options.track_running_stats) {
    UpdateRunningStats(result.mean, result.variance, input.numel() / input.size(1));
  }
  return result.output;
}

void BatchNorm::UpdateRunningStats(const Tensor& mean, const Tensor& variance, int64_t count) {
  NoGradGuard no_grad;
  AddInPlace(num_batches_tracked, int64_t{1});
  const double weight_of_new =
      options.momentum ? *options.momentum : 1 / num_batches_tracked.tensor().Item<double>();
  const double unbias = static_cast<double>(count) / static_cast<double>(count - 1);
  Assign(running_mean, Lerp(running_mean, mean, weight_of_new));
  Assign(running_var, Lerp(running_var, variance * unbias, weight_of_new));
}

std::string BatchNorm::Describe() const { return DescribeOptions(options); }

void BatchNorm1d::CheckInput(const Tensor& input) const {
  if (input.dim() != 2 && input.dim() != 3) {
    ThrowInvalidArgument(
        absl::StrCat("BatchNorm1d: expected [N, C] or [N, C, L], got ", neura::Describe(input)));
  }
}
void BatchNorm2d::CheckInput(const Tensor& input) const {
  if (input.dim() != 4) {
    ThrowInvalidArgument(
        absl::StrCat("BatchNorm2d: expected [N, C, H, W], got ", neura::Describe(input)));
  }
}

LayerNorm::LayerNorm(const LayerNormOptions& options) : options(options) {
  if (options.normalized_shape.empty()) {
    ThrowInvalidArgument("LayerNorm: normalized_shape must name at least one dimension");
  }
  if (!options.elementwise_affine) return;
  weight = Parameter(Ones(options.normalized_shape));
  if (options.bias) bias = Parameter(Zeros(options.normalized_shape));
}
Tensor LayerNorm::Forward(const Tensor& input) {
  const size_t count = options.normalized_shape.size();
  if (input.shape().size() < count ||
      input.shape().last(count) != DimsView(options.normalized_shape)) {
    ThrowInvalidArgument(absl::StrCat("LayerNorm: the last dimensions of ", neura::Describe(input),
                                      " must be ", neura::ToString(options.normalized_shape)));
  }
  return neura::LayerNorm(input, weight, bias,
                          {.num_dims = static_cast<int64_t>(count), .eps = options.eps})
      .output;
}
std::string LayerNorm::Describe() const { return DescribeOptions(options); }

Tensor MaxPool2d::Forward(const Tensor& input) { return neura::MaxPool2d(input, options); }
std::string MaxPool2d::Describe() const { return DescribeOptions(options); }
Tensor AvgPool2d::Forward(const Tensor& input) { return neura::AvgPool2d(input, options); }
std::string AvgPool2d::Describe() const { return DescribeOptions(options); }
Tensor AdaptiveAvgPool2d::Forward(const Tensor& input) {
  return neura::AdaptiveAvgPool2d(input, options.output_size);
}
std::string AdaptiveAvgPool2d::Describe() const { return DescribeOptions(options); }

Dropout::Dropout(const DropoutOptions& options) : options(options) {
  if (!(options.p >= 0 && options.p <= 1)) {
    ThrowInvalidArgument(absl::StrCat("Dropout: p = ", options.p, " must be between 0 and 1"));
  }
}
Tensor Dropout::Forward(const Tensor& input) {
  return neura::Dropout(input, options.p, training());
}
std::string Dropout::Describe() const { return DescribeOptions(options); }

Tensor Flatten::Forward(const Tensor& input) {
  return neura::Flatten(input, options.start_dim, options.end_dim);
}
std::string Flatten::Describe() const { return DescribeOptions(options); }

Tensor ReLU::Forward(const Tensor& input) { return neura::Relu(input); }
Tensor SiLU::Forward(const Tensor& input) { return neura::Silu(input); }
Tensor Tanh::Forward(const Tensor& input) { return neura::Tanh(input); }
Tensor Sigmoid::Forward(const Tensor& input) { return neura::Sigmoid(input); }
Tensor Identity::Forward(const Tensor& input) { return input; }
Tensor GELU::Forward(const Tensor& input) { return neura::Gelu(input, options); }
std::string GELU::Describe() const { return DescribeOptions(options); }

}  // namespace neura::nn
