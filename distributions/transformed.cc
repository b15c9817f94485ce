#include "neura/distributions/transformed.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/distributions/shapes.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/pointwise.h"

namespace neura::distributions {
namespace {

Dims First(DimsView shape, size_t count) {
  const DimsView first = shape.first(count);
  return {first.begin(), first.end()};
}
Dims Rest(DimsView shape, size_t from) {
  const DimsView rest = shape.subspan(from);
  return {rest.begin(), rest.end()};
}

size_t CheckedCount(const Distribution& base, int64_t count) {
  if (count < 0 || static_cast<size_t>(count) > base.batch_shape().size()) {
    ThrowInvalidArgument(absl::StrCat(
        "Independent: Expected reinterpreted_batch_ndims <= len(base_distribution.batch_shape), "
        "actual ",
        count, " vs ", base.batch_shape().size()));
  }
  return base.batch_shape().size() - static_cast<size_t>(count);
}

}  // namespace

Independent::Independent(DistributionRef base, int64_t count, std::optional<bool> validate_args)
    : Distribution(
          First(base->batch_shape(), CheckedCount(*base, count)),
          Joined(Rest(base->batch_shape(), CheckedCount(*base, count)), base->event_shape()),
          validate_args),
      base_(std::move(base)),
      count_(count) {}

std::string Independent::ToString() const {
  return absl::StrCat("Independent(", base_->ToString(), ", ", count_, ")");
}
Constraint Independent::support() const { return IndependentConstraint(base_->support(), count_); }
Tensor Independent::RSample(DimsView sample_shape, Generator* generator) const {
  return base_->RSample(sample_shape, generator);
}
Tensor Independent::Sample(DimsView sample_shape, Generator* generator) const {
  return base_->Sample(sample_shape, generator);
}
Tensor Independent::LogProb(const Tensor& value) const {
  return SumRightmost(base_->LogProb(value), count_);
}
Tensor Independent::Entropy() const { return SumRightmost(base_->Entropy(), count_); }
Tensor Independent::EnumerateSupport(bool expand) const {
  if (count_ > 0) {
    ThrowUnimplemented("Independent: Enumeration over cartesian product is not implemented");
  }
  return base_->EnumerateSupport(expand);
}
DistributionRef Independent::Expand(DimsView batch_shape) const {
  const DimsView event = event_shape();
  const Dims shape = Joined(batch_shape, event.first(static_cast<size_t>(count_)));
  return std::make_shared<Independent>(base_->Expand(shape), count_, validates());
}

TransformedDistribution::Made TransformedDistribution::Make(DistributionRef base,
                                                            const Transform& all) {
  const int64_t in = all.domain().event_dim(), out = all.codomain().event_dim();
  const Dims shape = Joined(base->batch_shape(), base->event_shape());
  if (static_cast<int64_t>(shape.size()) < in) {
    ThrowInvalidArgument(absl::StrCat(
        "TransformedDistribution: base_distribution needs to have shape with size at least ", in,
        ", but got ", neura::ToString(DimsView(shape)), "."));
  }
  const auto events = static_cast<int64_t>(base->event_shape().size());
  const Dims forward = all.ForwardShape(shape), needed = all.InverseShape(forward);
  if (DimsView(needed) != DimsView(shape)) {
    base = base->Expand(DimsView(needed).first(needed.size() - base->event_shape().size()));
  }
  if (in > events) base = std::make_shared<Independent>(base, in - events);
  const auto event_dims = static_cast<size_t>(std::max(out, events + out - in));
  const size_t cut = forward.size() - event_dims;
  return {std::move(base), First(forward, cut), Rest(forward, cut)};
}

TransformedDistribution::TransformedDistribution(Made made, std::vector<TransformRef> transforms,
                                                 TransformRef all,
                                                 std::optional<bool> validate_args)
    : Distribution(made.batch, made.event, validate_args),
      made_(std::move(made)),
      transforms_(std::move(transforms)),
      all_(std::move(all)) {}

TransformedDistribution::TransformedDistribution(DistributionRef base,
                                                 std::vector<TransformRef> transforms,
                                                 std::optional<bool> validate_args)
    : TransformedDistribution(Make(std::move(base), *ComposeTransform(transforms)), transforms,
                              ComposeTransform(transforms), validate_args) {}

Constraint TransformedDistribution::support() const {
  if (transforms_.empty()) return base()->support();
  const Constraint last = transforms_.back()->codomain();
  const auto events = static_cast<int64_t>(event_shape().size());
  return IndependentConstraint(last, std::max<int64_t>(0, events - last.event_dim()));
}

Tensor TransformedDistribution::Transformed(Tensor x) const {
  for (const TransformRef& transform : transforms_) x = transform->Call(x);
  return x;
}
Tensor TransformedDistribution::RSample(DimsView sample_shape, Generator* generator) const {
  return Transformed(base()->RSample(sample_shape, generator));
}
Tensor TransformedDistribution::Sample(DimsView sample_shape, Generator* generator) const {
  const NoGradGuard no_grad;
  return Transformed(base()->Sample(sample_shape, generator));
}

Tensor TransformedDistribution::LogProb(const Tensor& value) const {
  if (validates()) ValidateSample(value);
  auto events = static_cast<int64_t>(event_shape().size());
  Tensor log_prob, y = value;
  const auto add = [&](const Tensor& part) {
    log_prob = log_prob.defined() ? log_prob + part : part;
  };
  for (auto at = transforms_.rbegin(); at != transforms_.rend(); ++at) {
    const Transform& transform = **at;
    const Tensor x = transform.Inverse(y);
    const int64_t in = transform.domain().event_dim();
    events += in - transform.codomain().event_dim();
    add(-SumRightmost(transform.LogAbsDetJacobian(x, y), events - in));
    y = x;
  }
  add(SumRightmost(base()->LogProb(y),
                   events - static_cast<int64_t>(base()->event_shape().size())));
  return log_prob;
}

Tensor TransformedDistribution::Monotonized(const Tensor& value) const {
  return (value - 0.5) * all_->Sign() + 0.5;
}
Tensor TransformedDistribution::Cdf(const Tensor& value) const {
  if (validates()) ValidateSample(value);
  return Monotonized(base()->Cdf(all_->Inverse(value)));
}
Tensor TransformedDistribution::Icdf(const Tensor& value) const {
  return Transformed(base()->Icdf(Monotonized(value)));
}

DistributionRef TransformedDistribution::Expand(DimsView batch_shape) const {
  const Dims shape = all_->InverseShape(Joined(batch_shape, event_shape()));
  const size_t events = base()->event_shape().size();
  Made made{base()->Expand(DimsView(shape).first(shape.size() - events)),
            Dims(batch_shape.begin(), batch_shape.end()), event_shape()};
  return DistributionRef(
      new TransformedDistribution(std::move(made), transforms_, all_, validates()));
}

namespace {

class CumulativeRules final : public Transform {
 public:
  explicit CumulativeRules(DistributionRef distribution) : distribution_(std::move(distribution)) {}
  std::string ToString() const override { return "CumulativeDistributionTransform()"; }
  Constraint domain() const override { return distribution_->support(); }
  Constraint codomain() const override { return NamedConstraint("unit_interval"); }
  bool bijective() const override { return true; }
  Tensor Sign() const override { return ScalarTensor(1.0); }
  Tensor Call(const Tensor& x) const override { return distribution_->Cdf(x); }
  Tensor Inverse(const Tensor& y) const override { return distribution_->Icdf(y); }
  Tensor LogAbsDetJacobian(const Tensor& x, const Tensor&) const override {
    return distribution_->LogProb(x);
  }

 private:
  const DistributionRef distribution_;
};

}  // namespace

TransformRef CumulativeDistributionTransform(DistributionRef distribution) {
  return std::make_shared<CumulativeRules>(std::move(distribution));
}

}  // namespace neura::distributions
