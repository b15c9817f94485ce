#include "neura/optim/clip.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::optim {
namespace {

std::vector<Tensor> Gradients(const std::vector<Tensor>& parameters) {
  std::vector<Tensor> grads;
  for (const Tensor& parameter : parameters) {
    const Tensor grad = autograd::GradOf(parameter);
    if (grad.defined()) grads.push_back(grad);
  }
  return grads;
}

}  // namespace

double ClipGradNorm(const std::vector<Tensor>& parameters, double max_norm, double norm_type,
                    bool error_if_nonfinite) {
  if (!(max_norm >= 0)) {
    ThrowInvalidArgument(absl::StrCat("ClipGradNorm: max_norm = ", max_norm, " is negative"));
  }
  NoGradGuard no_grad;
  const std::vector<Tensor> grads = Gradients(parameters);
  if (grads.empty()) return 0;
  std::vector<Tensor> norms;
  for (const Tensor& grad : grads) norms.push_back(Cast(Norm(grad, norm_type), kFloat64));
  const double total = Norm(Stack(norms), norm_type).Item<double>();
  if (error_if_nonfinite && !std::isfinite(total)) {
    ThrowFailedPrecondition(absl::StrCat("ClipGradNorm: the norm of the gradients is ", total));
  }
  // As in PyTorch: a little below, so that rounding does not leave the norm above max_norm.
  const double factor = max_norm / (total + 1e-6);
  if (factor < 1) {
    for (const Tensor& grad : grads) MulInPlace(grad, factor);
  }
  return total;
}

void ClipGradValue(const std::vector<Tensor>& parameters, double clip_value) {
  if (!(clip_value >= 0)) {
    ThrowInvalidArgument(absl::StrCat("ClipGradValue: clip_value = ", clip_value, " is negative"));
  }
  NoGradGuard no_grad;
  for (const Tensor& grad : Gradients(parameters)) {
    ClampInPlace(grad, {.min = -clip_value, .max = clip_value});
  }
}

}  // namespace neura::optim
