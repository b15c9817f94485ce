#include "neura/distributions/mixture.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/distributions/row_distribution.h"
#include "neura/distributions/shapes.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/norm.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::distributions {
namespace {

const RowDistribution& AsCategorical(const Distribution& mixture) {
  const auto* const row = dynamic_cast<const RowDistribution*>(&mixture);
  if (row == nullptr || row->name() != "Categorical") {
    ThrowInvalidArgument(absl::StrCat(
        "MixtureSameFamily: The Mixture distribution needs to be an instance of Categorical, not ",
        mixture.name()));
  }
  return *row;
}

// The batch of the components but for the choices.
Dims CheckedBatch(const Distribution& mixture, const Distribution& component) {
  const Dims &own = mixture.batch_shape(), &all = component.batch_shape();
  if (all.empty()) {
    ThrowInvalidArgument(
        "MixtureSameFamily: the components need a batch, whose last dimension is "
        "chosen from");
  }
  const Dims batch(all.begin(), all.end() - 1);
  const int64_t choices = AsCategorical(mixture).params().logits().size(-1);
  if ((!own.empty() && own != batch) || choices != all.back()) {
    ThrowInvalidArgument(absl::StrCat("MixtureSameFamily: a Categorical of ", choices,
                                      " choices and batch ", neura::ToString(DimsView(own)),
                                      " is not compatible with components of batch ",
                                      neura::ToString(DimsView(all))));
  }
  return batch;
}

}  // namespace

MixtureSameFamily::MixtureSameFamily(DistributionRef mixture, DistributionRef component,
                                     std::optional<bool> validate_args)
    : Distribution(CheckedBatch(*mixture, *component), component->event_shape(), validate_args),
      mixture_(std::move(mixture)),
      component_(std::move(component)) {}

std::string MixtureSameFamily::ToString() const {
  return absl::StrCat("MixtureSameFamily(", mixture_->ToString(), ", ", component_->ToString(),
                      ")");
}

Constraint MixtureSameFamily::support() const { return component_->support(); }

Tensor MixtureSameFamily::Beside(const Tensor& value) const {
  return Unsqueeze(value, ChoiceDim());
}

Tensor MixtureSameFamily::Weights() const {
  Tensor weights = AsCategorical(*mixture_).params().probs();
  for (size_t i = 0; i < event_shape().size(); ++i) weights = Unsqueeze(weights, -1);
  return weights;
}

Tensor MixtureSameFamily::Sample(DimsView sample_shape, Generator* generator) const {
  const NoGradGuard no_grad;
  Tensor chosen = mixture_->Expand(batch_shape())->Sample(sample_shape, generator);
  const Tensor all = component_->Sample(sample_shape, generator);
  for (size_t i = 0; i <= event_shape().size(); ++i) chosen = Unsqueeze(chosen, -1);
  Dims shape(all.shape().begin(), all.shape().end());
  shape[shape.size() - 1 - event_shape().size()] = 1;
  return Squeeze(Gather(all, ChoiceDim(), neura::Expand(chosen, shape)), {ChoiceDim()});
}

Tensor MixtureSameFamily::LogProb(const Tensor& value) const {
  if (validates()) ValidateSample(value);
  const Tensor each = component_->LogProb(Beside(value));
  return LogSumExp(each + LogSoftmax(AsCategorical(*mixture_).params().logits(), {.dim = -1}),
                   {.dims = {-1}});
}

Tensor MixtureSameFamily::Cdf(const Tensor& value) const {
  return Sum(component_->Cdf(Beside(value)) * AsCategorical(*mixture_).params().probs(),
             {.dims = {-1}});
}

Tensor MixtureSameFamily::Mean() const {
  return Sum(Weights() * component_->Mean(), {.dims = {ChoiceDim()}});
}

// The mean of the variances and the variance of the means.
Tensor MixtureSameFamily::Variance() const {
  const Tensor apart = component_->Mean() - Beside(Mean());
  return Sum(Weights() * (component_->Variance() + Square(apart)), {.dims = {ChoiceDim()}});
}

DistributionRef MixtureSameFamily::Expand(DimsView batch_shape) const {
  const Dims all = Joined(batch_shape, Dims{component_->batch_shape().back()});
  return std::make_shared<MixtureSameFamily>(mixture_->Expand(batch_shape), component_->Expand(all),
                                             validates());
}

}  // namespace neura::distributions
