// Mixtures of distributions of one kind.
#ifndef NEURA_DISTRIBUTIONS_MIXTURE_H_
#define NEURA_DISTRIBUTIONS_MIXTURE_H_

#include <optional>
#include <string>

#include "neura/distributions/distribution.h"

namespace neura::distributions {

// One of the distributions along the last dimension of the components' batch, chosen by a
// Categorical over them.
class MixtureSameFamily final : public Distribution {
 public:
  // Throws InvalidArgument for a mixture that is no Categorical, or whose choices and batch are not
  // those of the components.
  MixtureSameFamily(DistributionRef mixture_distribution, DistributionRef component_distribution,
                    std::optional<bool> validate_args = {});

  const DistributionRef& mixture_distribution() const { return mixture_; }
  const DistributionRef& component_distribution() const { return component_; }

  std::string name() const override { return "MixtureSameFamily"; }
  std::string ToString() const override;
  // That of the components, of which one that depends on their parameters is not known.
  Constraint support() const override;
  Tensor Sample(DimsView sample_shape = {}, Generator* generator = nullptr) const override;
  Tensor LogProb(const Tensor& value) const override;
  Tensor Cdf(const Tensor& value) const override;
  Tensor Mean() const override;
  Tensor Variance() const override;
  DistributionRef Expand(DimsView batch_shape) const override;

 private:
  // [batch, choices, ones of an event]
  Tensor Weights() const;
  // A value beside each component.
  Tensor Beside(const Tensor& value) const;
  int64_t ChoiceDim() const { return -1 - static_cast<int64_t>(event_shape().size()); }

  const DistributionRef mixture_, component_;
};

}  // namespace neura::distributions

#endif  // NEURA_DISTRIBUTIONS_MIXTURE_H_
