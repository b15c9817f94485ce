// Layers and losses as functions of several tensors, beside those of the operations and of
// losses.inc, with PyTorch's names, options and defaults.
#ifndef NEURA_NN_FUNCTIONAL_H_
#define NEURA_NN_FUNCTIONAL_H_

#include <cstdint>
#include <optional>
#include <string>

#include "neura/tensor/core/fields.h"
#include "neura/tensor/core/tensor.h"

namespace neura::nn {

// ---- layers ----------------------------------------------------------------------------------

struct NormalizingOptions {
  bool training = false;
  double momentum = 0.1;  // the weight of the newest batch in the running statistics
  double eps = 1e-5;
};
// Each channel of [N, C, ...] normalized: while training by the mean and variance of the batch,
// which move running_mean and running_var, tensors [C] or undefined, else by those. weight and bias
// are [C] or undefined. Throws InvalidArgument without running statistics in evaluation. Ioffe and
// Szegedy, 2015 (arXiv:1502.03167).
Tensor BatchNormalize(const Tensor& input, const Tensor& running_mean, const Tensor& running_var,
                      const Tensor& weight, const Tensor& bias, const NormalizingOptions& options);
// The same for each channel of each example by itself. Ulyanov, Vedaldi and Lempitsky, 2016
// (arXiv:1607.08022).
Tensor InstanceNormalize(const Tensor& input, const Tensor& running_mean, const Tensor& running_var,
                         const Tensor& weight, const Tensor& bias,
                         const NormalizingOptions& options);

struct EmbedOptions {
  std::optional<int64_t> padding_idx = {};  // a row without gradient; negative: from the end
  // Rows that are named are first scaled down to this norm, in the weight itself.
  std::optional<double> max_norm = {};
  double norm_type = 2;
  bool scale_grad_by_freq = false;  // gradients over how often a row is named
  // The weight's gradient is sparse, with values for the rows that are named ("sparse/sparse.h").
  // Inside of Vmap it is an error.
  bool sparse = false;
};
// The rows of weight, [N, D], that the integers of input name: [..., D].
Tensor Embed(const Tensor& input, const Tensor& weight, const EmbedOptions& options = {});

struct EmbedBagOptions {
  std::string mode = "mean";  // "sum", "mean" or "max"
  bool include_last_offset = false;
  EmbedOptions rows = {};  // rows of padding_idx count for nothing
};
// The sum, mean or maximum of the rows of weight that each bag names: [bags, D]. Bags are the rows
// of a matrix input, or parts of a vector from each of `offsets` on, whose last one ends it with
// include_last_offset. Of an empty bag 0. per_sample_weights, of the input's shape or undefined,
// multiply the rows of a sum.
Tensor EmbedBag(const Tensor& input, const Tensor& weight, const Tensor& offsets,
                const Tensor& per_sample_weights, const EmbedBagOptions& options = {});

// Zeros at random in whole channels of [N, C, ...] with so many spatial dimensions, or of one
// example without N, each with the probability p; the others are scaled by 1 / (1 - p).
Tensor ChannelDropout(const Tensor& input, int64_t spatial_dims, double p, bool training = true);

// softmax((logits + Gumbel noise) / tau) along dim; with `hard` 1 at its largest element and 0
// elsewhere, with the gradient of the soft one. Jang, Gu and Poole, 2017 (arXiv:1611.01144).
Tensor GumbelSoftmax(const Tensor& logits, double tau = 1, bool hard = false, int64_t dim = -1);

// ---- losses of three tensors -----------------------------------------------------------------

struct MarginOptions {
  double margin = 0;
  std::string reduction = "mean";
  NEURA_FIELDS(margin, reduction)
};
// 1 - cos(input1, input2) where target is 1, max(0, cos - margin) where it is -1: [N, D], [N].
Tensor CosineEmbedding(const Tensor& input1, const Tensor& input2, const Tensor& target,
                       const MarginOptions& options = {});
// max(0, -target * (input1 - input2) + margin): target is 1 where input1 should be the larger, else
// -1.
Tensor MarginRanking(const Tensor& input1, const Tensor& input2, const Tensor& target,
                     const MarginOptions& options = {});

struct TripletMarginOptions {
  double margin = 1;
  double p = 2;
  double eps = 1e-6;
  bool swap = false;  // the negative's distance from the positive where that is smaller
  std::string reduction = "mean";
  NEURA_FIELDS(margin, p, eps, swap, reduction)
};
// max(0, |anchor - positive| - |anchor - negative| + margin), p-norms over the last dimension.
// Balntas et al., 2016.
Tensor TripletMargin(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                     const TripletMarginOptions& options = {});

struct GaussianNllOptions {
  bool full = false;  // with log(2 pi) / 2
  double eps = 1e-6;  // variances are at least this, as constants
  std::string reduction = "mean";
  NEURA_FIELDS(full, eps, reduction)
};
// (log(var) + (input - target)^2 / var) / 2; all broadcast, or var lacks the last dimension. Throws
// InvalidArgument where a variance is negative. Nix and Weigend, 1994.
Tensor GaussianNll(const Tensor& input, const Tensor& target, const Tensor& var,
                   const GaussianNllOptions& options = {});

struct CtcOptions {
  int64_t blank = 0;
  std::string reduction = "mean";  // "mean" divides each loss by its target's length first
  bool zero_infinity = false;      // 0 for targets that no path gives
  NEURA_FIELDS(blank, reduction, zero_infinity)
};
// -log of the probability of a target sequence, summed over its alignments: log_probs [T, N, C] or
// [T, C]; targets [N, S], or all of them joined in one dimension; lengths int64 [N] or []. Graves
// et al., 2006, "Connectionist Temporal Classification".
Tensor Ctc(const Tensor& log_probs, const Tensor& targets, const Tensor& input_lengths,
           const Tensor& target_lengths, const CtcOptions& options = {});

}  // namespace neura::nn

#endif  // NEURA_NN_FUNCTIONAL_H_
