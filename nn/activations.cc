#include "neura/nn/activations.h"

#include "absl/strings/str_cat.h"
#include "neura/nn/layer_parts.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/norm.h"
#include "neura/tensor/ops/pointwise.h"

namespace neura::nn {

Tensor ReLU::Forward(const Tensor& input) { return neura::Relu(input); }
Tensor SiLU::Forward(const Tensor& input) { return neura::Silu(input); }
Tensor Tanh::Forward(const Tensor& input) { return neura::Tanh(input); }
Tensor Sigmoid::Forward(const Tensor& input) { return neura::Sigmoid(input); }
Tensor LogSigmoid::Forward(const Tensor& input) { return neura::LogSigmoid(input); }
Tensor ReLU6::Forward(const Tensor& input) { return neura::Relu6(input); }
GELU::GELU(const GeluOptions& options) : WithOptions(options) {
  internal::CheckName("GELU", "approximate", options.approximate, {"none", "tanh"});
}
Tensor GELU::Forward(const Tensor& input) { return neura::Gelu(input, options); }
Tensor LeakyReLU::Forward(const Tensor& input) { return neura::LeakyRelu(input, options); }
Tensor ELU::Forward(const Tensor& input) { return neura::Elu(input, options.alpha.To<double>()); }
Tensor Hardtanh::Forward(const Tensor& input) {
  return neura::HardTanh(input, options.min_val, options.max_val);
}
Tensor Softplus::Forward(const Tensor& input) {
  return neura::SoftplusBelow(input, options.beta.To<double>(), options.threshold.To<double>());
}
Tensor Softmax::Forward(const Tensor& input) {
  return neura::Softmax(input, {.dim = options.dim.value_or(ImplicitSoftmaxDim(input))});
}
Tensor LogSoftmax::Forward(const Tensor& input) {
  return neura::LogSoftmax(input, {.dim = options.dim.value_or(ImplicitSoftmaxDim(input))});
}

Tensor Softmin::Forward(const Tensor& input) { return neura::SoftMin(input, options.dim); }
Tensor Softmax2d::Forward(const Tensor& input) {
  RequireDefined("softmax", input);
  if (input.dim() != 3 && input.dim() != 4) {
    ThrowInvalidArgument(absl::StrCat("Softmax2d: expected [N, C, H, W] or [C, H, W], got ",
                                      neura::Describe(input)));
  }
  return neura::Softmax(input, {.dim = -3});
}
Tensor SELU::Forward(const Tensor& input) { return neura::Selu(input); }
Tensor CELU::Forward(const Tensor& input) { return neura::Celu(input, options.alpha); }
Tensor Mish::Forward(const Tensor& input) { return neura::Mish(input); }
Tensor Hardsigmoid::Forward(const Tensor& input) { return neura::HardSigmoid(input); }
Tensor Hardswish::Forward(const Tensor& input) { return neura::HardSwish(input); }
Tensor Softsign::Forward(const Tensor& input) { return neura::SoftSign(input); }
Tensor Tanhshrink::Forward(const Tensor& input) { return neura::TanhShrink(input); }
Tensor Hardshrink::Forward(const Tensor& input) { return neura::HardShrink(input, options.lambd); }
Tensor Softshrink::Forward(const Tensor& input) { return neura::SoftShrink(input, options.lambd); }
Tensor Threshold::Forward(const Tensor& input) {
  return neura::Threshold(input, options.threshold, options.value);
}
Tensor GLU::Forward(const Tensor& input) { return neura::Glu(input, options.dim); }
Tensor RReLU::Forward(const Tensor& input) {
  return neura::RRelu(input, options.lower, options.upper, training());
}
PReLU::PReLU(const PReluOptions& options) : WithOptions(options) {
  internal::CheckAtLeast(0, "PReLU", "num_parameters", options.num_parameters);
  weight = Parameter(Full({options.num_parameters}, options.init));
}
Tensor PReLU::Forward(const Tensor& input) { return neura::PRelu(input, weight); }

}  // namespace neura::nn
