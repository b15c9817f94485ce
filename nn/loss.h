// Losses, as functions and as modules: nn::CrossEntropy(input, target, options) and
// nn::CrossEntropyLoss(options), called with input and target. The rows of losses.inc declare both;
// what a loss computes is said at its options here.
#ifndef NEURA_NN_LOSS_H_
#define NEURA_NN_LOSS_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "neura/nn/with_options.h"
#include "neura/tensor/core/fields.h"
#include "neura/tensor/core/tensor.h"

namespace neura::nn {

// The tensors among a loss's options, beside its NEURA_FIELDS. They may be undefined.
using TensorOptionVisitor = absl::FunctionRef<void(const char* name, Tensor& tensor)>;
#define NEURA_INTERNAL_VISIT_TENSOR_OPTION(option) visitor(#option, this->option);
#define NEURA_TENSORS(...)                                          \
  void VisitTensors(::neura::nn::TensorOptionVisitor visitor) {     \
    NEURA_FOR_EACH(NEURA_INTERNAL_VISIT_TENSOR_OPTION, __VA_ARGS__) \
  }

// -log(softmax(input)[target]). input [N, C] or [N, C, d1, ...] or [C], floating point; target
// class indices (of any integer dtype) of the input's shape without C, or class probabilities of
// its whole shape. Throws OutOfRange for a label that is not a class.
struct CrossEntropyOptions {
  // Weight of each class, [C] of the input's dtype; undefined: all 1. With it, "mean" divides by
  // the targets' weights.
  Tensor weight = {};
  int64_t ignore_index = -100;     // targets of this value count for nothing
  std::string reduction = "mean";  // "none", "mean" or "sum"
  double label_smoothing = 0;      // mass that is spread evenly over the classes
  NEURA_FIELDS(ignore_index, reduction, label_smoothing)
  NEURA_TENSORS(weight)
};

// (input - target)^2; both of one shape.
struct MseOptions {
  std::string reduction = "mean";
  NEURA_FIELDS(reduction)
};

// |input - target|; both of one shape.
struct L1Options {
  std::string reduction = "mean";
  NEURA_FIELDS(reduction)
};

// d^2 / (2 beta) for distances d = |input - target| below beta, d - beta / 2 above; both of one
// shape. Girshick, 2015 (arXiv:1504.08083).
struct SmoothL1Options {
  std::string reduction = "mean";
  double beta = 1;  // the distance where the square turns into a line; 0: a line everywhere
  NEURA_FIELDS(reduction, beta)
};

// -input[target] for log-probabilities [N, C] or [N, C, d1, ...] or [C]: CrossEntropy without its
// softmax. target holds class indices.
struct NllOptions {
  Tensor weight = {};  // as for CrossEntropy
  int64_t ignore_index = -100;
  std::string reduction = "mean";
  NEURA_FIELDS(ignore_index, reduction)
  NEURA_TENSORS(weight)
};

// -(target * log(input) + (1 - target) * log(1 - input)) for probabilities in [0, 1]; NaN outside.
// Logarithms stop at -100, so that a sure mistake costs 100; at exactly 0 and 1 the gradient of the
// infinite term is 0. Both of one shape, floating point.
struct BinaryCrossEntropyOptions {
  Tensor weight = {};  // multiplies the loss of each element; broadcast
  std::string reduction = "mean";
  NEURA_FIELDS(reduction)
  NEURA_TENSORS(weight)
};

// BinaryCrossEntropy(Sigmoid(input), target), without overflow.
struct BinaryCrossEntropyWithLogitsOptions {
  Tensor weight = {};      // multiplies the loss of each element; broadcast
  Tensor pos_weight = {};  // multiplies the part of the positive class; broadcast
  std::string reduction = "mean";
  NEURA_FIELDS(reduction)
  NEURA_TENSORS(weight, pos_weight)
};

// target * (log(target) - input) for log-probabilities and probabilities, or with log_target their
// logarithms; both of one shape. Kullback and Leibler, 1951.
struct KlDivOptions {
  std::string reduction = "mean";  // or "batchmean": the sum over the extent of the first dimension
  bool log_target = false;
  NEURA_FIELDS(reduction, log_target)
};

// d^2 / 2 for distances d = |input - target| below delta, delta * (d - delta / 2) above; both of
// one shape. Huber, 1964.
struct HuberOptions {
  std::string reduction = "mean";
  double delta = 1;
  NEURA_FIELDS(reduction, delta)
};

// exp(input) - target * input for the logarithm of a Poisson distribution's mean, and counts;
// without log_input input - target * log(input + eps); both of one shape. With `full` and
// Stirling's approximation of log(target!) for counts above 1.
struct PoissonNllOptions {
  bool log_input = true;
  bool full = false;
  double eps = 1e-8;
  std::string reduction = "mean";
  NEURA_FIELDS(log_input, full, eps, reduction)
};

// A distance: input where target is 1, max(0, margin - input) where it is -1; both of one shape.
struct HingeEmbeddingOptions {
  double margin = 1;
  std::string reduction = "mean";
  NEURA_FIELDS(margin, reduction)
};

// log(1 + exp(-target * input)) for targets of 1 and -1; both of one shape.
struct SoftMarginOptions {
  std::string reduction = "mean";
  NEURA_FIELDS(reduction)
};

// The sum of max(0, margin - input[target] + input[i])^p over all other classes i, over the number
// of classes: input [N, C] or [C], target class indices [N] or []. Crammer and Singer, 2001.
struct MultiMarginOptions {
  int64_t p = 1;  // or 2
  double margin = 1;
  Tensor weight = {};  // [C], of the target's class
  std::string reduction = "mean";
  NEURA_FIELDS(p, margin, reduction)
  NEURA_TENSORS(weight)
};

// The sum of max(0, 1 - input[j] + input[i]) over classes j of the target and i that are not, over
// the number of classes. Both [N, C] or [C]; the target holds class indices up to the first
// negative one.
struct MultiLabelMarginOptions {
  std::string reduction = "mean";
  NEURA_FIELDS(reduction)
};

// The mean of BinaryCrossEntropyWithLogits over the last dimension, the classes; both [..., C].
struct MultiLabelSoftMarginOptions {
  Tensor weight = {};  // multiplies the loss of each class; broadcast
  std::string reduction = "mean";
  NEURA_FIELDS(reduction)
  NEURA_TENSORS(weight)
};

namespace internal {

template <typename Options>
void VisitTensorOptions(Options& options, TensorOptionVisitor visitor) {
  if constexpr (requires { options.VisitTensors(visitor); }) options.VisitTensors(visitor);
}

// A loss that keeps its options. The tensors among them are buffers of their names, and undefined
// in `options`.
template <typename Options>
class Loss : public WithOptions<Options, ModuleOf<Tensor(const Tensor&, const Tensor&)>> {
 public:
  void VisitMembers(MemberVisitor& visitor) override {
    for (auto& [name, buffer] : tensors_) visitor.Visit(name, buffer);
  }

 protected:
  explicit Loss(const Options& options)
      : WithOptions<Options, ModuleOf<Tensor(const Tensor&, const Tensor&)>>(options) {
    VisitTensorOptions(this->options, [&](const char* name, Tensor& tensor) {
      tensors_.emplace_back(name, Buffer(std::exchange(tensor, {})));
    });
  }
  // With the tensors.
  Options AllOptions() const {
    Options all = this->options;
    size_t i = 0;
    VisitTensorOptions(all, [&](const char*, Tensor& tensor) { tensor = tensors_[i++].second; });
    return all;
  }

 private:
  std::vector<std::pair<std::string, Buffer>> tensors_;
};

}  // namespace internal

#define NEURA_LOSS(Name, name, Options, NameLoss, constructor, doc)                      \
  Tensor Name(const Tensor& input, const Tensor& target, const Options& options = {});   \
  class NameLoss : public internal::Loss<Options> {                                      \
   public:                                                                               \
    explicit NameLoss(const Options& options = {}) : internal::Loss<Options>(options) {} \
    Tensor Forward(const Tensor& input, const Tensor& target) override {                 \
      return Name(input, target, AllOptions());                                          \
    }                                                                                    \
    std::unique_ptr<Interface> Clone() const override {                                  \
      return std::make_unique<NameLoss>(*this);                                          \
    }                                                                                    \
  };
#include "neura/nn/losses.inc"

}  // namespace neura::nn

#endif  // NEURA_NN_LOSS_H_
