// Activation functions that are composites.
#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/norm.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura {

Tensor Elu(const Tensor& input, double alpha, bool) {
  // The exponential of what is positive could overflow, and its gradient become NaN.
  return Relu(input) + alpha * Expm1(Clamp(input, {.max = 0}));
}
Tensor Relu6(const Tensor& input, bool) { return Clamp(input, {.min = 0, .max = 6, .open = true}); }

namespace {

// The number as one that does not raise the dtype of an integer input, as PyTorch has it for these.
Scalar WithoutRaising(const Tensor& input, const Scalar& number) {
  return IsIntegral(input.dtype()) ? Scalar(number.To<int64_t>()) : number;
}

}  // namespace

Tensor HardTanh(const Tensor& input, const Scalar& min_val, const Scalar& max_val, bool) {
  RequireDefined("hardtanh", input);
  return Clamp(
      input,
      {.min = WithoutRaising(input, min_val), .max = WithoutRaising(input, max_val), .open = true});
}
Tensor SoftplusBelow(const Tensor& input, double beta, double threshold) {
  const Tensor scaled = beta == 1 ? input : input * beta;
  const Tensor soft = beta == 1 ? Softplus(input) : Softplus(scaled) / beta;
  // At the default threshold float32 cannot tell the two apart, unless the product overflows.
  const bool apart = threshold < 20 || beta != 1 || input.dtype() == kFloat64;
  return apart ? Where(scaled > threshold, input, soft) : soft;
}
Tensor LogSigmoid(const Tensor& input) { return -Softplus(-input); }

Tensor Celu(const Tensor& input, double alpha, bool) {
  if (alpha == 0) ThrowInvalidArgument("celu: alpha must not be 0");
  // Of what is positive nothing is left to take the exponential of.
  return Relu(input) + alpha * Expm1(Clamp(input, {.max = 0}) / alpha);
}
Tensor Selu(const Tensor& input, bool) {
  // Klambauer et al., "Self-Normalizing Neural Networks" (2017, arXiv:1706.02515).
  constexpr double kAlpha = 1.6732632423543772848170429916717;
  constexpr double kScale = 1.0507009873554804934193349852946;
  return kScale * Elu(input, kAlpha);
}
Tensor Mish(const Tensor& input, bool) { return input * Tanh(Softplus(input)); }
Tensor HardSigmoid(const Tensor& input, bool) { return Relu6(input + 3) / 6; }
Tensor HardSwish(const Tensor& input, bool) { return input * (Relu6(input + 3) / 6); }
Tensor SoftSign(const Tensor& input) { return input / (Abs(input) + 1); }
Tensor TanhShrink(const Tensor& input) { return input - Tanh(input); }
Tensor HardShrink(const Tensor& input, double lambd) {
  // A NaN is within no bounds.
  return Where(LogicalAnd(input >= -lambd, input <= lambd), 0, input);
}
Tensor SoftShrink(const Tensor& input, double lambd) {
  if (!(lambd >= 0)) {
    ThrowInvalidArgument(absl::StrCat("softshrink: lambd = ", lambd, " must not be negative"));
  }
  return input - Clamp(input, {.min = -lambd, .max = lambd});
}
Tensor Threshold(const Tensor& input, const Scalar& threshold, const Scalar& value, bool) {
  RequireDefined("threshold", input);
  return Where(input <= WithoutRaising(input, threshold), WithoutRaising(input, value), input);
}
Tensor Glu(const Tensor& input, int64_t dim) {
  RequireDefined("glu", input);
  dim = NormalizeDim("glu", dim, input.dim());
  if (input.dim() == 0 || input.size(dim) % 2 != 0) {
    ThrowInvalidArgument(
        absl::StrCat("glu: dimension ", dim, " of ", Describe(input), " must have an even extent"));
  }
  const int64_t half = input.size(dim) / 2;
  return Narrow(input, dim, 0, half) * Sigmoid(Narrow(input, dim, half, half));
}
Tensor PRelu(const Tensor& input, const Tensor& weight) {
  RequireDefined("prelu", input);
  RequireDefined("prelu", weight);
  const int64_t channels = input.dim() < 2 ? 1 : input.size(1);
  if (weight.dim() > 1 || (weight.numel() != 1 && weight.numel() != channels)) {
    ThrowInvalidArgument(absl::StrCat("prelu: the weight ", Describe(weight),
                                      " must have one element, or one for each of the ", channels,
                                      " channels of ", Describe(input)));
  }
  Dims shape(static_cast<size_t>(input.dim()), 1);
  if (weight.numel() != 1) shape[1] = channels;
  // Nothing of what is positive, which may be infinite, enters the gradient of the weight.
  const Tensor positive = input > 0;
  return Where(positive, input, Where(positive, 0, input) * Reshape(weight, shape));
}
Tensor SoftMin(const Tensor& input, const std::optional<int64_t>& dim,
               const std::optional<DType>& dtype) {
  RequireDefined("softmin", input);
  return Softmax(-(dtype ? Cast(input, *dtype) : input),
                 {.dim = dim.value_or(ImplicitSoftmaxDim(input))});
}

}  // namespace neura
