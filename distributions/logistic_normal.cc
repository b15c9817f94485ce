#include <memory>

#include "neura/distributions/distributions.h"

namespace neura::distributions {
namespace {

// Of a number alone, a batch of one.
DistributionRef Base(const LogisticNormalParams& params, std::optional<bool> validate_args) {
  const auto normal = std::make_shared<Normal>(
      NormalParams{.loc = params.loc, .scale = params.scale}, validate_args);
  return normal->batch_shape().empty() ? normal->Expand(Dims{1}) : normal;
}

}  // namespace

LogisticNormal::LogisticNormal(const LogisticNormalParams& params,
                               std::optional<bool> validate_args)
    : TransformedDistribution(Base(params, validate_args), {StickBreakingTransform()},
                              validate_args) {}

}  // namespace neura::distributions
