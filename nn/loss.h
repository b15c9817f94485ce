// Losses.
#ifndef NEURA_NN_LOSS_H_
#define NEURA_NN_LOSS_H_

#include <string>

#include "neura/tensor/core/fields.h"
#include "neura/tensor/core/tensor.h"

namespace neura::nn {

struct CrossEntropyOptions {
  // Weight of each class, [C] of the input's dtype; undefined: all 1. With it, "mean" divides by
  // the targets' weights.
  Tensor weight = {};
  int64_t ignore_index = -100;     // targets of this value count for nothing
  std::string reduction = "mean";  // "none", "mean" or "sum"
  double label_smoothing = 0;      // mass that is spread evenly over the classes
  NEURA_FIELDS(ignore_index, reduction, label_smoothing)
};
// -log(softmax(input)[target]). input [N, C] or [N, C, d1, ...] or [C], floating point; target
// class indices (of any integer dtype) of the input's shape without C, or class probabilities of
// its whole shape. Throws OutOfRange for a label that is not a class.
Tensor CrossEntropy(const Tensor& input, const Tensor& target,
                    const CrossEntropyOptions& options = {});

struct MseOptions {
  std::string reduction = "mean";
  NEURA_FIELDS(reduction)
};
// (input - target)^2; both of one shape.
Tensor Mse(const Tensor& input, const Tensor& target, const MseOptions& options = {});

struct L1Options {
  std::string reduction = "mean";
  NEURA_FIELDS(reduction)
};
// |input - target|; both of one shape.
Tensor L1(const Tensor& input, const Tensor& target, const L1Options& options = {});

struct SmoothL1Options {
  std::string reduction = "mean";
  double beta = 1;  // the distance where the square turns into a line; 0: a line everywhere
  NEURA_FIELDS(reduction, beta)
};
// d^2 / (2 beta) for distances d = |input - target| below beta, d - beta / 2 above; both of one
// shape. Girshick, 2015 (arXiv:1504.08083).
Tensor SmoothL1(const Tensor& input, const Tensor& target, const SmoothL1Options& options = {});

struct NllOptions {
  Tensor weight = {};  // as for CrossEntropy
  int64_t ignore_index = -100;
  std::string reduction = "mean";
  NEURA_FIELDS(ignore_index, reduction)
};
// -input[target] for log-probabilities [N, C] or [N, C, d1, ...] or [C]: CrossEntropy without its
// softmax. target holds class indices.
Tensor Nll(const Tensor& input, const Tensor& target, const NllOptions& options = {});

struct BinaryCrossEntropyOptions {
  Tensor weight = {};  // multiplies the loss of each element; broadcast
  std::string reduction = "mean";
  NEURA_FIELDS(reduction)
};
// -(target * log(input) + (1 - target) * log(1 - input)) for probabilities in [0, 1]; NaN outside.
// Logarithms stop at -100, so that a sure mistake costs 100; at exactly 0 and 1 the gradient of the
// infinite term is 0. Both of one shape, floating point.
Tensor BinaryCrossEntropy(const Tensor& input, const Tensor& target,
                          const BinaryCrossEntropyOptions& options = {});

struct BinaryCrossEntropyWithLogitsOptions {
  Tensor weight = {};      // multiplies the loss of each element; broadcast
  Tensor pos_weight = {};  // multiplies the part of the positive class; broadcast
  std::string reduction = "mean";
  NEURA_FIELDS(reduction)
};
// BinaryCrossEntropy(Sigmoid(input), target), without overflow.
Tensor BinaryCrossEntropyWithLogits(const Tensor& input, const Tensor& target,
                                    const BinaryCrossEntropyWithLogitsOptions& options = {});

}  // namespace neura::nn

#endif  // NEURA_NN_LOSS_H_
