#include "neura/nn/losses_of_several.h"

namespace neura::nn {

Tensor CosineEmbeddingLoss::Forward(const Tensor& input1, const Tensor& input2,
                                    const Tensor& target) {
  return CosineEmbedding(input1, input2, target, options);
}

Tensor MarginRankingLoss::Forward(const Tensor& input1, const Tensor& input2,
                                  const Tensor& target) {
  return MarginRanking(input1, input2, target, options);
}

Tensor TripletMarginLoss::Forward(const Tensor& anchor, const Tensor& positive,
                                  const Tensor& negative) {
  return TripletMargin(anchor, positive, negative, options);
}

Tensor GaussianNLLLoss::Forward(const Tensor& input, const Tensor& target, const Tensor& var) {
  return GaussianNll(input, target, var, options);
}

Tensor CTCLoss::Forward(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
                        const Tensor& target_lengths) {
  return Ctc(log_probs, targets, input_lengths, target_lengths, options);
}

}  // namespace neura::nn
