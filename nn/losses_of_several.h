// Losses of three tensors and more as modules; see functional.h for what they compute.
#ifndef NEURA_NN_LOSSES_OF_SEVERAL_H_
#define NEURA_NN_LOSSES_OF_SEVERAL_H_

#include "neura/nn/functional.h"
#include "neura/nn/with_options.h"

namespace neura::nn {

using LossOfThree = ModuleOf<Tensor(const Tensor&, const Tensor&, const Tensor&)>;

// Of input1, input2 and target.
class CosineEmbeddingLoss : public WithOptions<MarginOptions, LossOfThree> {
 public:
  explicit CosineEmbeddingLoss(const MarginOptions& options = {}) : WithOptions(options) {}
  Tensor Forward(const Tensor& input1, const Tensor& input2, const Tensor& target) override;
  NEURA_MODULE()
};
class MarginRankingLoss : public WithOptions<MarginOptions, LossOfThree> {
 public:
  explicit MarginRankingLoss(const MarginOptions& options = {}) : WithOptions(options) {}
  Tensor Forward(const Tensor& input1, const Tensor& input2, const Tensor& target) override;
  NEURA_MODULE()
};

class TripletMarginLoss : public WithOptions<TripletMarginOptions, LossOfThree> {
 public:
  explicit TripletMarginLoss(const TripletMarginOptions& options = {}) : WithOptions(options) {}
  Tensor Forward(const Tensor& anchor, const Tensor& positive, const Tensor& negative) override;
  NEURA_MODULE()
};

class GaussianNLLLoss : public WithOptions<GaussianNllOptions, LossOfThree> {
 public:
  explicit GaussianNLLLoss(const GaussianNllOptions& options = {}) : WithOptions(options) {}
  Tensor Forward(const Tensor& input, const Tensor& target, const Tensor& var) override;
  NEURA_MODULE()
};

class CTCLoss : public WithOptions<CtcOptions, ModuleOf<Tensor(const Tensor&, const Tensor&,
                                                               const Tensor&, const Tensor&)>> {
 public:
  explicit CTCLoss(const CtcOptions& options = {}) : WithOptions(options) {}
  Tensor Forward(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                 const Tensor& target_lengths) override;
  NEURA_MODULE()
};

}  // namespace neura::nn

#endif  // NEURA_NN_LOSSES_OF_SEVERAL_H_
