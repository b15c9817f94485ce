#include "neura/distributions/row_distribution.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "neura/autograd/autograd.h"
#include "neura/distributions/shapes.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura::distributions {
namespace {

Params Prepared(const DistributionRow& row, const std::vector<std::optional<Operand>>& given) {
  Params params(row.name, row.params, row.form, given);
  if (row.prepare != nullptr) row.prepare(params);
  return params;
}

Dims EventShape(const DistributionRow& row, const Params& params) {
  if (row.event_shape != nullptr) return row.event_shape(params);
  for (size_t i = 0; row.event_dims > 0 && i < params.size(); ++i) {
    if (!params.given(i) || params.event_dims(i) < row.event_dims) continue;
    const DimsView event = params[i].shape().last(static_cast<size_t>(row.event_dims));
    return {event.begin(), event.end()};
  }
  return {};
}

}  // namespace

RowDistribution::RowDistribution(const DistributionRow& row, Params params, bool validate_args)
    : Distribution(params.batch(), EventShape(row, params), validate_args),
      row_(row),
      params_(std::move(params)) {}

RowDistribution::RowDistribution(const DistributionRow& row,
                                 const std::vector<std::optional<Operand>>& given,
                                 std::optional<bool> validate_args)
    : RowDistribution(row, Prepared(row, given), validate_args.value_or(DefaultValidateArgs())) {
  if (!validates()) return;
  for (size_t i = 0; i < row.params.size(); ++i) {
    if (i >= given.size() || !given[i] || row.params[i].constraint == "count") continue;
    const Constraint constraint = NamedConstraint(row.params[i].constraint);
    internal::RequireMember(
        absl::StrCat("Expected parameter ", row.params[i].name, " (Tensor of shape ",
                     neura::ToString(params_[i].shape()), ") of distribution ", ToString(),
                     " to satisfy the constraint ", constraint.ToString()),
        Detach(params_[i]), constraint);
  }
}

Tensor RowDistribution::param(std::string_view name) const {
  for (size_t i = 0; i < row_.params.size(); ++i) {
    if (row_.params[i].name != name) continue;
    if (params_.given(i)) return params_[i];
    if (row_.derive != nullptr) return row_.derive(params_, i);
    if (name == "probs") return params_.probs();
    if (name == "logits") return params_.logits();
  }
  for (const std::string_view derived : absl::StrSplit(row_.derived_names, ", ")) {
    if (name == derived) return row_.derived(params_, name);
  }
  ThrowInvalidArgument(absl::StrCat(row_.name, ": has no parameter ", name));
}

std::string RowDistribution::ToString() const {
  std::vector<std::string> parts;
  for (size_t i = 0; i < row_.params.size(); ++i) {
    if (!params_.given(i)) continue;
    const Tensor value = Detach(params_[i]);
    parts.push_back(absl::StrCat(
        row_.params[i].name, ": ",
        value.numel() == 1 ? NumberText(value.Item<double>()) : neura::ToString(value.shape())));
  }
  return absl::StrCat(row_.name, "(", absl::StrJoin(parts, ", "), ")");
}

Constraint RowDistribution::support() const {
  return row_.support != nullptr ? row_.support(params_) : NamedConstraint(row_.support_name);
}

Tensor RowDistribution::RSample(DimsView sample_shape, Generator* generator) const {
  if (row_.rsample == nullptr) Lacks("rsample: its samples have no gradient");
  return row_.rsample(params_, ExtendedShape(sample_shape), generator);
}
Tensor RowDistribution::Sample(DimsView sample_shape, Generator* generator) const {
  const NoGradGuard no_grad;
  const auto draw = row_.sample != nullptr ? row_.sample : row_.rsample;
  return Detach(draw(params_, ExtendedShape(sample_shape), generator));
}
Tensor RowDistribution::LogProb(const Tensor& value) const {
  if (row_.log_prob == nullptr) Lacks("log_prob");
  if (validates()) ValidateSample(value);
  return row_.log_prob(params_, value);
}
Tensor RowDistribution::Cdf(const Tensor& value) const {
  if (row_.cdf == nullptr) Lacks("cdf");
  if (validates()) ValidateSample(value);
  return row_.cdf(params_, value);
}
Tensor RowDistribution::Icdf(const Tensor& value) const {
  if (row_.icdf == nullptr) Lacks("icdf");
  return row_.icdf(params_, value);
}
Tensor RowDistribution::Entropy() const {
  if (row_.entropy == nullptr) Lacks("entropy");
  return row_.entropy(params_);
}
Tensor RowDistribution::Mean() const {
  if (row_.mean == nullptr) Lacks("mean");
  return row_.mean(params_);
}
Tensor RowDistribution::Mode() const {
  if (row_.mode == nullptr) Lacks("mode");
  return row_.mode(params_);
}
Tensor RowDistribution::Variance() const {
  if (row_.variance == nullptr) Lacks("variance");
  return row_.variance(params_);
}
Tensor RowDistribution::EnumerateSupport(bool expand) const {
  if (row_.enumerate_support == nullptr) Lacks("enumerate_support");
  const Tensor values = row_.enumerate_support(params_);
  return expand ? neura::Expand(values, ExtendedShape({values.size(0)})) : values;
}
DistributionRef RowDistribution::Expand(DimsView batch_shape) const {
  return DistributionRef(new RowDistribution(row_, params_.Expanded(batch_shape), validates()));
}

}  // namespace neura::distributions
