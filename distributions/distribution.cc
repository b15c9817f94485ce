#include "neura/distributions/distribution.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/distributions/shapes.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"

namespace neura::distributions {
namespace {

std::atomic<bool> default_validates{true};

}  // namespace

void SetDefaultValidateArgs(bool validate) { default_validates = validate; }
bool DefaultValidateArgs() { return default_validates; }

Distribution::Distribution(Dims batch_shape, Dims event_shape, std::optional<bool> validate_args)
    : batch_shape_(std::move(batch_shape)),
      event_shape_(std::move(event_shape)),
      validates_(validate_args.value_or(DefaultValidateArgs())) {}

void Distribution::Lacks(const char* what) const {
  ThrowUnimplemented(absl::StrCat(name(), " has no ", what));
}

std::string Distribution::ToString() const { return absl::StrCat(name(), "()"); }
Constraint Distribution::support() const { Lacks("support"); }
Tensor Distribution::RSample(DimsView, Generator*) const { Lacks("rsample"); }
Tensor Distribution::Sample(DimsView sample_shape, Generator* generator) const {
  const NoGradGuard no_grad;
  return Detach(RSample(sample_shape, generator));
}
Tensor Distribution::LogProb(const Tensor&) const { Lacks("log_prob"); }
Tensor Distribution::Cdf(const Tensor&) const { Lacks("cdf"); }
Tensor Distribution::Icdf(const Tensor&) const { Lacks("icdf"); }
Tensor Distribution::Entropy() const { Lacks("entropy"); }
Tensor Distribution::Perplexity() const { return Exp(Entropy()); }
Tensor Distribution::Mean() const { Lacks("mean"); }
Tensor Distribution::Mode() const { Lacks("mode"); }
Tensor Distribution::Variance() const { Lacks("variance"); }
Tensor Distribution::StdDev() const { return Sqrt(Variance()); }
Tensor Distribution::EnumerateSupport(bool) const { Lacks("enumerate_support"); }
DistributionRef Distribution::Expand(DimsView) const { Lacks("expand"); }

Dims Distribution::ExtendedShape(DimsView sample_shape) const {
  return Joined(Joined(sample_shape, batch_shape_), event_shape_);
}

void Distribution::ValidateSample(const Tensor& value) const {
  const size_t events = event_shape_.size();
  const DimsView shape = value.shape();
  if (shape.size() < events || shape.last(events) != DimsView(event_shape_)) {
    ThrowInvalidArgument(absl::StrCat(name(),
                                      ": the last dimensions of value must be the event "
                                      "shape ",
                                      neura::ToString(event_shape_), ", got ", Describe(value)));
  }
  const Dims expected = ExtendedShape({});
  for (size_t i = 1; i <= std::min(expected.size(), shape.size()); ++i) {
    const int64_t have = shape[shape.size() - i], want = expected[expected.size() - i];
    if (have != 1 && want != 1 && have != want) {
      ThrowInvalidArgument(absl::StrCat(name(),
                                        ": Value is not broadcastable with "
                                        "batch_shape+event_shape: ",
                                        Describe(value), " vs ", neura::ToString(expected)));
    }
  }
  internal::RequireMember(
      absl::StrCat("Expected value argument (Tensor of shape ", neura::ToString(value.shape()),
                   ") to be within the support (", support().ToString(), ") of the distribution ",
                   ToString()),
      value, support());
}

namespace internal {

void RequireMember(const std::string& what, const Tensor& value, const Constraint& constraint) {
  const NoGradGuard no_grad;
  const Tensor holds = constraint.Check(value);
  if (All(holds).Item<bool>()) return;
  ThrowInvalidArgument(absl::StrCat(what, ", but found invalid values:\n",
                                    constraint.event_dim() == 0
                                        ? MaskedSelect(value, LogicalNot(holds)).ToString()
                                        : value.ToString()));
}

}  // namespace internal
}  // namespace neura::distributions
