#include "neura/autograd/gradcheck.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::autograd {
namespace {

bool Varies(const Tensor& tensor) {
  return tensor.defined() && (tensor.dtype() == kFloat64 || tensor.dtype() == kComplex128);
}

// Of a contiguous float64 or complex128 tensor, whose elements are two numbers.
double* NumbersOf(const Tensor& tensor) { return static_cast<double*>(tensor.raw_data()); }
int64_t CountOf(const Tensor& tensor) {
  return tensor.numel() * (IsComplex(tensor.dtype()) ? 2 : 1);
}

std::vector<Tensor> FreshLeaves(const std::vector<Tensor>& inputs) {
  std::vector<Tensor> leaves;
  for (const Tensor& input : inputs) {
    leaves.push_back(Varies(input) ? SetRequiresGrad(Clone(Detach(input))) : input);
  }
  return leaves;
}

std::vector<Tensor> VaryingOf(const std::vector<Tensor>& tensors) {
  std::vector<Tensor> varying;
  for (const Tensor& tensor : tensors) {
    if (Varies(tensor)) varying.push_back(tensor);
  }
  return varying;
}

// One number that depends on every floating point output, with fixed weights in [0.5, 1.5).
// Undefined when no output requires a gradient.
Tensor Combine(const std::vector<Tensor>& outputs, uint64_t seed) {
  Generator generator(seed);
  Tensor total;
  for (const Tensor& output : outputs) {
    if (!output.defined() || !IsDifferentiable(output.dtype()) || !RequiresGrad(output)) continue;
    const Tensor numbers = IsComplex(output.dtype()) ? ViewAsReal(output) : output;
    const Tensor weights = Uniform(numbers.shape(), 0.5, 1.5, {.dtype = kFloat64}, &generator);
    const Tensor sum = Sum(Cast(numbers, kFloat64) * weights);
    total = total.defined() ? total + sum : sum;
  }
  return total;
}

using ScalarFunction = std::function<Tensor(const std::vector<Tensor>&)>;

std::string Compare(const ScalarFunction& fn, const std::vector<Tensor>& inputs,
                    const GradCheckOptions& options) {
  const std::vector<Tensor> leaves = FreshLeaves(inputs);
  const Tensor value = fn(leaves);
  std::vector<Tensor> analytic;
  if (value.defined() && RequiresGrad(value)) {
    analytic = Grad({value}, VaryingOf(leaves), {.allow_unused = true});
  }
  size_t next = 0;
  for (size_t k = 0; k < leaves.size(); ++k) {
    if (!Varies(leaves[k])) continue;
    Tensor grad;  // undefined is zero
    if (!analytic.empty() && analytic[next].defined()) grad = Contiguous(analytic[next]);
    ++next;
    for (int64_t i = 0; i < CountOf(leaves[k]); ++i) {
      const auto value_at = [&](double step) {
        std::vector<Tensor> moved = FreshLeaves(inputs);
        NumbersOf(moved[k])[i] += step;
        const Tensor result = fn(moved);
        return result.defined() ? result.Item<double>() : 0.0;
      };
      const double numeric = (value_at(options.eps) - value_at(-options.eps)) / (2 * options.eps);
      const double actual = grad.defined() ? NumbersOf(grad)[i] : 0;
      const double bound = options.atol + options.rtol * std::fabs(numeric);
      if (std::fabs(actual - numeric) <= bound) continue;
      return absl::StrCat("input ", k, ", number ", i, ": the gradient is ", actual,
                          ", the central difference ", numeric);
    }
  }
  return "";
}

}  // namespace

std::string GradCheck(const TensorFunction& fn, const std::vector<Tensor>& inputs,
                      const GradCheckOptions& options) {
  return Compare([&](const std::vector<Tensor>& x) { return Combine(fn(x), 1); }, inputs, options);
}

std::string GradGradCheck(const TensorFunction& fn, const std::vector<Tensor>& inputs,
                          const GradCheckOptions& options) {
  const ScalarFunction gradient = [&](const std::vector<Tensor>& x) {
    const Tensor value = Combine(fn(x), 1);
    if (!value.defined()) return value;
    return Combine(Grad({value}, VaryingOf(x), {.create_graph = true, .allow_unused = true}), 2);
  };
  return Compare(gradient, inputs, options);
}

}  // namespace neura::autograd
