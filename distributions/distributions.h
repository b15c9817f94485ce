// Probability distributions: samples through which gradients flow, densities, divergences.
//
//   using namespace neura::distributions;
//   const Normal prior({.loc = 0.0, .scale = 1.0});
//   const Normal posterior({.loc = mean, .scale = deviation});
//   const Tensor z = posterior.RSample();
//   const Tensor loss = Mean(KlDivergence(posterior, prior));
#ifndef NEURA_DISTRIBUTIONS_DISTRIBUTIONS_H_
#define NEURA_DISTRIBUTIONS_DISTRIBUTIONS_H_

#include <optional>
#include <string>
#include <vector>

#include "neura/distributions/constraint.h"
#include "neura/distributions/constraint_registry.h"
#include "neura/distributions/distribution.h"
#include "neura/distributions/draws.h"
#include "neura/distributions/kl.h"
#include "neura/distributions/mixture.h"
#include "neura/distributions/row_distribution.h"
#include "neura/distributions/transform.h"
#include "neura/distributions/transformed.h"
#include "neura/tensor/core/fields.h"
#include "neura/tensor/ops/operand.h"

namespace neura::distributions {

// A row's class, and a struct of its parameters: numbers, or tensors that broadcast.
#define NEURA_INTERNAL_PARAM(name) std::optional<Operand> name = {};
#define NEURA_INTERNAL_LISTED(name) list.push_back(name);
#define NEURA_DISTRIBUTION(Name, parameters, ...)                                     \
  struct Name##Params {                                                               \
    NEURA_FOR_EACH(NEURA_INTERNAL_PARAM, NEURA_UNPACK parameters)                     \
    std::vector<std::optional<Operand>> List() const {                                \
      std::vector<std::optional<Operand>> list;                                       \
      NEURA_FOR_EACH(NEURA_INTERNAL_LISTED, NEURA_UNPACK parameters)                  \
      return list;                                                                    \
    }                                                                                 \
  };                                                                                  \
  class Name final : public RowDistribution {                                         \
   public:                                                                            \
    explicit Name(const Name##Params& params, std::optional<bool> validate_args = {}) \
        : RowDistribution(*FindRow(#Name), params.List(), validate_args) {}           \
  };
#include "neura/distributions/distributions.inc"
#undef NEURA_INTERNAL_PARAM
#undef NEURA_INTERNAL_LISTED

// Normal numbers and what stick breaking makes of them: shares, one more than there are numbers in
// the last dimension of loc and scale.
struct LogisticNormalParams {
  std::optional<Operand> loc = {};
  std::optional<Operand> scale = {};
};
class LogisticNormal final : public TransformedDistribution {
 public:
  explicit LogisticNormal(const LogisticNormalParams& params,
                          std::optional<bool> validate_args = {});
  std::string name() const override { return "LogisticNormal"; }
};

}  // namespace neura::distributions

#endif  // NEURA_DISTRIBUTIONS_DISTRIBUTIONS_H_
