// Losses.
#ifndef NEURA_NN_LOSS_H_
#define NEURA_NN_LOSS_H_

#include <string>

#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/fields.h"

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

}  // namespace neura::nn

#endif  // NEURA_NN_LOSS_H_
