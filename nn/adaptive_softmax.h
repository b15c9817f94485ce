// Logarithms of probabilities over very many classes, of which few are common.
#ifndef NEURA_NN_ADAPTIVE_SOFTMAX_H_
#define NEURA_NN_ADAPTIVE_SOFTMAX_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "neura/nn/layers.h"
#include "neura/nn/sequential.h"
#include "neura/nn/with_options.h"

namespace neura::nn {

// What an adaptive softmax multiplies with. The head tells the common classes and one more for each
// cluster of others; a cluster's features are projected before they tell its classes.
struct AdaptiveSoftmaxWeights {
  Tensor head_weight;     // [cutoffs[0] + clusters, in_features]
  Tensor head_bias = {};  // of the head's rows, or undefined
  // Of each cluster [hidden, in_features] and [its classes, hidden].
  std::vector<std::pair<Tensor, Tensor>> tail;
};

struct AdaptiveLogSoftmaxResult {
  Tensor output;  // the logarithm of the probability of each target
  Tensor loss;    // minus their mean
  NEURA_PARTS(output, loss)
};

// Grave, Joulin, Cisse, Grangier and Jegou, "Efficient softmax approximation for GPUs", 2017
// (arXiv:1609.04309). input [N, in_features] and target [N] of any integer dtype, or without N;
// `cutoffs` are the first classes of the clusters, and then the number of classes. Reads the
// targets. Throws InvalidArgument for shapes, OutOfRange for a target that is no class.
AdaptiveLogSoftmaxResult AdaptiveLogSoftmax(const Tensor& input, const Tensor& target,
                                            const AdaptiveSoftmaxWeights& weights,
                                            DimsView cutoffs);
// [N, in_features] -> [N, classes]: the logarithms of all probabilities.
Tensor AdaptiveLogProb(const Tensor& input, const AdaptiveSoftmaxWeights& weights,
                       DimsView cutoffs);

struct AdaptiveLogSoftmaxOptions {
  int64_t in_features = 0;
  int64_t n_classes = 0;
  Dims cutoffs = {};  // rising, above 0 and below n_classes: where clusters begin
  double div_value =
      4;  // cluster i has in_features / div_value^(i + 1) hidden features, maybe none
  bool head_bias = false;
  NEURA_FIELDS(in_features, n_classes, cutoffs, div_value, head_bias)
};

// The layers of an adaptive softmax: its head, and of each cluster the two after one another.
struct AdaptiveSoftmaxLayers {
  LinearOptions head;
  std::vector<std::pair<LinearOptions, LinearOptions>> tail;
};
// Throws InvalidArgument for options that name none.
AdaptiveSoftmaxLayers AdaptiveSoftmaxLayersOf(const AdaptiveLogSoftmaxOptions& options);

// Called with (input, target); classes are sorted by their frequency, the most common one first.
class AdaptiveLogSoftmaxWithLoss
    : public WithOptions<AdaptiveLogSoftmaxOptions,
                         ModuleOf<AdaptiveLogSoftmaxResult(const Tensor&, const Tensor&)>> {
 public:
  explicit AdaptiveLogSoftmaxWithLoss(const AdaptiveLogSoftmaxOptions& options);
  AdaptiveLogSoftmaxResult Forward(const Tensor& input, const Tensor& target) override;
  Tensor LogProb(const Tensor& input);
  // The most probable class of each row, [N].
  Tensor Predict(const Tensor& input);

  Linear head;
  Sequential tail;  // a Sequential of two Linears for each cluster
  NEURA_MODULE(head, tail)

 private:
  AdaptiveLogSoftmaxWithLoss(const AdaptiveLogSoftmaxOptions& options,
                             const AdaptiveSoftmaxLayers& layers);
  AdaptiveSoftmaxWeights Weights();
  Dims Cutoffs() const;
};

}  // namespace neura::nn

#endif  // NEURA_NN_ADAPTIVE_SOFTMAX_H_
