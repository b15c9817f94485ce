#include "neura/distributions/params.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/distributions/constraint.h"
#include "neura/distributions/shapes.h"
#include "neura/tensor/core/default_dtype.h"
#include "neura/tensor/core/dtype_limits.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/norm.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::distributions {
namespace {

Tensor Inside(const Tensor& probs) {
  const double eps = FloatLimitsOf(probs.dtype()).eps;
  return Clamp(probs, {.min = eps, .max = 1 - eps});
}

int64_t EventDimsOf(const ParamRow& row) {
  return row.constraint == "count" ? -1 : NamedConstraint(row.constraint).event_dim();
}

}  // namespace

Params::Params(const char* distribution, const std::vector<ParamRow>& rows, ProbsForm form,
               const std::vector<std::optional<Operand>>& given)
    : form_(form) {
  std::vector<std::optional<Operand>> all = given;
  all.resize(rows.size());
  DType dtype = kBool;
  Device device = DefaultDevice();
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!all[i] && rows[i].default_value) all[i] = Operand(*rows[i].default_value);
    if (!all[i] && rows[i].required) {
      ThrowInvalidArgument(
          absl::StrCat(distribution, ": the parameter ", rows[i].name, " is missing"));
    }
    event_dims_.push_back(EventDimsOf(rows[i]));
    if (all[i] && all[i]->is_tensor && event_dims_.back() >= 0) {
      RequireDefined(distribution, all[i]->tensor);
      if (IsFloating(all[i]->tensor.dtype())) dtype = PromoteTypes(dtype, all[i]->tensor.dtype());
      device = all[i]->tensor.device();
    }
  }
  if (form != ProbsForm::kNone && all[rows.size() - 2].has_value() == all.back().has_value()) {
    ThrowInvalidArgument(absl::StrCat(
        distribution, ": Either `probs` or `logits` must be specified, but not both."));
  }
  if (!IsFloating(dtype)) dtype = DefaultDType();
  for (size_t i = 0; i < rows.size(); ++i) {
    Tensor value;
    if (all[i]) {
      value = all[i]->is_tensor ? Cast(all[i]->tensor, dtype)
                                : ScalarTensor(all[i]->scalar, {.dtype = dtype, .device = device});
      if (value.dim() < event_dims_[i]) {
        ThrowInvalidArgument(absl::StrCat(distribution, ": the parameter ", rows[i].name,
                                          " must have ", event_dims_[i],
                                          " dimensions at least, got ", Describe(value)));
      }
      if (event_dims_[i] >= 0) {
        const DimsView shape = value.shape();
        batch_ = BroadcastShapes(distribution, batch_,
                                 shape.first(shape.size() - static_cast<size_t>(event_dims_[i])));
      }
    }
    values_.push_back(std::move(value));
  }
  *this = Expanded(batch_);
  if (form != ProbsForm::kOfMany) return;
  Tensor& probs = values_[values_.size() - 2];
  Tensor& logits = values_.back();
  if (probs.defined()) probs = probs / Sum(probs, {.dims = {-1}, .keepdim = true});
  if (logits.defined()) logits = logits - LogSumExp(logits, {.dims = {-1}, .keepdim = true});
}

Params::Params(std::vector<Tensor> values, ProbsForm form)
    : values_(std::move(values)), event_dims_(values_.size(), 0), form_(form) {
  for (const Tensor& value : values_) {
    if (!value.defined()) continue;
    batch_ = BroadcastShapes("params", batch_, value.shape());
  }
}

Dims Params::EventOf(size_t i) const {
  const DimsView shape = values_[i].shape();
  const DimsView event = shape.last(static_cast<size_t>(event_dims_[i]));
  return {event.begin(), event.end()};
}

Params Params::Expanded(DimsView batch) const {
  Params expanded = *this;
  expanded.batch_ = Dims(batch.begin(), batch.end());
  for (size_t i = 0; i < values_.size(); ++i) {
    if (!values_[i].defined() || event_dims_[i] < 0) continue;
    const Dims shape = Joined(batch, EventOf(i));
    if (values_[i].shape() != DimsView(shape)) expanded.values_[i] = Expand(values_[i], shape);
  }
  return expanded;
}

TensorOptions Params::options() const {
  for (size_t i = values_.size(); i-- > 0;) {
    if (values_[i].defined()) return {.dtype = values_[i].dtype(), .device = values_[i].device()};
  }
  return {};
}

Tensor Params::probs() const {
  const Tensor& probs = values_[values_.size() - 2];
  if (probs.defined()) return probs;
  return form_ == ProbsForm::kOfOne ? Sigmoid(values_.back())
                                    : Softmax(values_.back(), {.dim = -1});
}

Tensor Params::logits() const {
  if (values_.back().defined()) return values_.back();
  const Tensor inside = Inside(values_[values_.size() - 2]);
  return form_ == ProbsForm::kOfOne ? Log(inside) - Log1p(-inside) : Log(inside);
}

}  // namespace neura::distributions
