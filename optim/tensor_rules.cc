#include "neura/optim/tensor_rules.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/dtype_limits.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/linalg.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::optim {
namespace {

Dims With(DimsView shape, int64_t from_end, int64_t extent) {
  Dims result(shape.begin(), shape.end());
  result[result.size() - static_cast<size_t>(from_end)] = extent;
  return result;
}

// state + (value - state) * weight, in place.
void MoveTo(const Tensor& state, const Tensor& value, double weight) {
  Assign(state, state + (value - state) * weight);
}

double RootMeanSquare(const Tensor& x) { return std::sqrt(Mean(x * x).Item<double>()); }

}  // namespace

void AdafactorOptions::Check() const {
  if (beta2_decay > 0) {
    ThrowInvalidArgument(
        absl::StrCat("Adafactor: beta2_decay = ", beta2_decay, " must not be positive"));
  }
  if (!(d >= 1)) ThrowInvalidArgument(absl::StrCat("Adafactor: d = ", d, " must be at least 1"));
}

std::optional<Dims> AdafactorRule::StateShape(size_t state, const Tensor& param) {
  const DimsView shape = param.shape();
  if ((state < 2) != (shape.size() > 1)) return std::nullopt;
  if (state == 0) return With(shape, 1, 1);
  if (state == 1) return With(shape, 2, 1);
  return Dims(shape.begin(), shape.end());
}

void AdafactorRule::Step(const AdafactorOptions& o, const StepInfo& info, const Tensor& param,
                         const Tensor& grad, absl::Span<const Tensor> states) {
  if (param.numel() == 0) return;
  const bool factored = param.dim() > 1;
  const DType wide = states[factored ? 0 : 2].dtype();
  Tensor p = Cast(param, wide);
  const Tensor g = o.maximize ? -Cast(grad, wide) : Cast(grad, wide);
  const double step = static_cast<double>(info.step), weight = std::pow(step, o.beta2_decay);
  const double eps1 = o.eps1 == 0 ? FloatLimitsOf(param.dtype()).eps : o.eps1;
  const double rate = std::max(o.eps2, RootMeanSquare(p)) * std::min(o.lr, 1 / std::sqrt(step));
  if (o.weight_decay != 0) p = p * (1 - o.lr * o.weight_decay);
  Tensor variance;
  if (factored) {
    const Tensor square = g * g;
    MoveTo(states[0], Mean(square, {.dims = {-1}, .keepdim = true}), weight);
    MoveTo(states[1], Mean(square, {.dims = {-2}, .keepdim = true}), weight);
    const Tensor mean = Mean(states[0], {.dims = {-2}, .keepdim = true});
    variance = MatMul(states[0], states[1]) / Maximum(mean, eps1);
  } else {
    MoveTo(states[2], g * g, weight);
    variance = states[2];
  }
  const Tensor update = g / Sqrt(Maximum(variance, eps1 * eps1));
  const double scale = std::max(1.0, RootMeanSquare(update) / o.d);
  Assign(param, Cast(p - update * (rate / scale), param.dtype()));
}

void MuonOptions::Check() const {
  if (ns_steps < 1 || ns_steps >= 100) {
    ThrowInvalidArgument(absl::StrCat("Muon: ns_steps = ", ns_steps, " must be from 1 to 99"));
  }
  if (adjust_lr_fn != "original" && adjust_lr_fn != "match_rms_adamw") {
    ThrowInvalidArgument(absl::StrCat("Muon: adjust_lr_fn = \"", adjust_lr_fn,
                                      "\" must be \"original\" or \"match_rms_adamw\""));
  }
}

std::optional<Dims> MuonRule::StateShape(size_t, const Tensor& param) {
  if (param.dim() != 2) {
    ThrowInvalidArgument(absl::StrCat("Muon: a parameter must be a matrix, got ", Describe(param)));
  }
  return Dims(param.shape().begin(), param.shape().end());
}

void MuonRule::Step(const MuonOptions& o, const StepInfo&, const Tensor& param, const Tensor& grad,
                    absl::Span<const Tensor> states) {
  const DType wide = states[0].dtype();
  const Tensor g = o.maximize ? -Cast(grad, wide) : Cast(grad, wide);
  MoveTo(states[0], g, 1 - o.momentum);
  Tensor x = o.nesterov ? g + (states[0] - g) * o.momentum : states[0];
  const int64_t rows = param.size(0), columns = param.size(1);
  // The singular values go to about 1; the smaller product is taken.
  const bool tall = rows > columns;
  if (tall) x = Transpose(x, 0, 1);
  x = x / std::max(std::sqrt(Sum(x * x).Item<double>()), o.eps);
  for (int64_t i = 0; i < o.ns_steps; ++i) {
    const Tensor gram = MatMul(x, Transpose(x, 0, 1));
    const Tensor polynomial = gram * o.ns_coefficients2 + MatMul(gram, gram) * o.ns_coefficients3;
    x = x * o.ns_coefficients1 + MatMul(polynomial, x);
  }
  if (tall) x = Transpose(x, 0, 1);
  const double a = static_cast<double>(rows), b = static_cast<double>(columns);
  const double rate = o.lr * (o.adjust_lr_fn == "original" ? std::sqrt(std::max(1.0, a / b))
                                                           : 0.2 * std::sqrt(std::max(a, b)));
  Assign(param, Cast(Cast(param, wide) * (1 - o.lr * o.weight_decay) - x * rate, param.dtype()));
}

}  // namespace neura::optim
