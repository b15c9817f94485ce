#include "neura/optim/clip.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/optim/optimizer.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"
#include "neura/tensor/sparse/sparse.h"

namespace neura::optim {
namespace {

void CheckMaxNorm(double max_norm) {
  if (!(max_norm >= 0)) {
    ThrowInvalidArgument(absl::StrCat("ClipGradNorm: max_norm = ", max_norm, " is negative"));
  }
}

}  // namespace

double GetTotalNorm(const std::vector<Tensor>& tensors, double norm_type, bool error_if_nonfinite) {
  NoGradGuard no_grad;
  std::vector<Tensor> norms;
  for (const Tensor& tensor : tensors) {
    const Tensor elements = IsSparse(tensor) ? sparse::Values(sparse::Coalesce(tensor)) : tensor;
    if (elements.numel() == 0) continue;
    norms.push_back(To(Cast(Norm(elements, norm_type), kFloat64), kCpu));
  }
  if (norms.empty()) return 0;
  const Tensor all = Stack(norms);
  // Counts of what is not 0 add up.
  const double total =
      norm_type == 0 ? Sum(all).Item<double>() : Norm(all, norm_type).Item<double>();
  if (error_if_nonfinite && !std::isfinite(total)) {
    ThrowFailedPrecondition(absl::StrCat("The total norm of order ", norm_type,
                                         " of the gradients is non-finite, ", total,
                                         ", so it cannot be clipped"));
  }
  return total;
}

void ClipGradsWithNorm(const std::vector<Tensor>& parameters, double max_norm, double total_norm) {
  CheckMaxNorm(max_norm);
  // As in PyTorch: a little below, so that rounding does not leave the norm above max_norm. Beside
  // a norm that is no number the gradients become none either.
  const double factor = max_norm / (total_norm + 1e-6);
  if (factor >= 1) return;
  NoGradGuard no_grad;
  for (const Tensor& grad : internal::GradientsOf(parameters)) MulInPlace(grad, factor);
}

double ClipGradNorm(const std::vector<Tensor>& parameters, double max_norm, double norm_type,
                    bool error_if_nonfinite) {
  CheckMaxNorm(max_norm);
  const double total =
      GetTotalNorm(internal::GradientsOf(parameters), norm_type, error_if_nonfinite);
  ClipGradsWithNorm(parameters, max_norm, total);
  return total;
}

void ClipGradValue(const std::vector<Tensor>& parameters, double clip_value) {
  if (!(clip_value >= 0)) {
    ThrowInvalidArgument(absl::StrCat("ClipGradValue: clip_value = ", clip_value, " is negative"));
  }
  NoGradGuard no_grad;
  const ClampOptions bounds{.min = -clip_value, .max = clip_value};
  for (const Tensor& parameter : parameters) {
    const Tensor grad = autograd::GradOf(parameter);
    if (!grad.defined()) continue;
    if (!IsSparse(grad)) {
      ClampInPlace(grad, bounds);
      continue;
    }
    // It is the sum in each place that has bounds.
    const Tensor sums = sparse::Coalesce(grad);
    autograd::SetGrad(parameter, sparse::WithValues(sums, Clamp(sparse::Values(sums), bounds)));
  }
}

}  // namespace neura::optim
