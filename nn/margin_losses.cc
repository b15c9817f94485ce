// Losses that ask for a margin between right and wrong answers.
#include <limits>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/nn/functional.h"
#include "neura/nn/loss.h"
#include "neura/nn/loss_parts.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/autocast.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::nn {

using internal::CheckFloating;
using internal::CheckSameShape;
using internal::ReduceLoss;

Tensor HingeEmbedding(const Tensor& input, const Tensor& target,
                      const HingeEmbeddingOptions& options) {
  if (AutocastWidens({&input, &target})) {
    return HingeEmbedding(Widened(input), Widened(target), options);
  }
  CheckSameShape("HingeEmbedding", input, target);
  const Tensor apart = Where(target != 1, ClampMin(options.margin - input, 0), 0);
  const Tensor near = Where(target != -1, input, 0);
  return ReduceLoss("HingeEmbedding", apart + near, options.reduction);
}

Tensor SoftMargin(const Tensor& input, const Tensor& target, const SoftMarginOptions& options) {
  if (AutocastWidens({&input, &target})) {
    return SoftMargin(Widened(input), Widened(target), options);
  }
  CheckSameShape("SoftMargin", input, target);
  return ReduceLoss("SoftMargin", Softplus(-target * input), options.reduction);
}

namespace {

// [N, C] of [N, C], [C] or [], which is one class.
Tensor AsRows(const char* loss, const Tensor& input) {
  if (!input.defined() || input.dim() > 2 || !IsFloating(input.dtype())) {
    ThrowInvalidArgument(absl::StrCat(loss,
                                      ": the input must be floating point [N, C], [C] or [], got ",
                                      neura::Describe(input)));
  }
  return AtLeast2d(input);
}

Tensor ClassNumbers(const Tensor& rows) {
  return Arange(0, rows.size(1), 1, {.dtype = kInt64, .device = rows.device()});
}

}  // namespace

Tensor MultiMargin(const Tensor& input, const Tensor& target, const MultiMarginOptions& options) {
  if (AutocastWidens({&input, &target})) {
    return MultiMargin(Widened(input), Widened(target), options);
  }
  const Tensor x = AsRows("MultiMargin", input);
  if (!target.defined() || !IsIntegral(target.dtype()) || target.numel() != x.size(0) ||
      target.dim() > 1) {
    ThrowInvalidArgument(absl::StrCat("MultiMargin: one class for each row of ",
                                      neura::Describe(input), " is needed, got ",
                                      neura::Describe(target)));
  }
  if (options.p != 1 && options.p != 2) {
    ThrowInvalidArgument(absl::StrCat("MultiMargin: p must be 1 or 2, got ", options.p));
  }
  const Tensor classes = Reshape(Cast(target, kInt64), {-1, 1});
  Tensor costs = ClampMin(options.margin - Gather(x, 1, classes) + x, 0);
  if (options.p == 2) costs = Square(costs);
  if (options.weight.defined()) {
    RequireDims("MultiMargin", options.weight, 1);
    costs = costs * Reshape(IndexSelect(options.weight, 0, Ravel(classes)), {-1, 1});
  }
  const Tensor wrong = ClassNumbers(x) != classes;
  const Tensor losses = Sum(Where(wrong, costs, 0), {.dims = {1}}) / x.size(1);
  return ReduceLoss("MultiMargin", input.dim() < 2 ? Reshape(losses, {}) : losses,
                    options.reduction);
}

Tensor MultiLabelMargin(const Tensor& input, const Tensor& target,
                        const MultiLabelMarginOptions& options) {
  if (AutocastWidens({&input, &target})) {
    return MultiLabelMargin(Widened(input), Widened(target), options);
  }
  CheckSameShape("MultiLabelMargin", input, target);
  Tensor x = AsRows("MultiLabelMargin", input);
  // Differences alone count, and sums of small numbers lose fewer digits.
  if (x.numel() > 0) x = x - Detach(AMax(x, {.dims = {1}, .keepdim = true}));
  if (!IsIntegral(target.dtype())) {
    ThrowInvalidArgument(absl::StrCat("MultiLabelMargin: the classes must be integers, got ",
                                      neura::Describe(target)));
  }
  // Those before the first negative one.
  const Tensor named = Cast(AtLeast2d(target), kInt64);
  const Tensor counts = CumProd(Cast(named >= 0, kInt64), 1) > 0;
  const Tensor classes = Where(counts, named, 0);
  const Tensor is_right =
      ScatterAdd(ZerosLike(named), 1, classes, Cast(counts, kInt64)) > 0;  // [N, C]
  // A right class r costs the sum of 1 - x[r] + x[w] over the wrong ones that are above x[r] - 1.
  // With those in descending order that is a sum of the first ones, which no [N, C, C] is needed
  // for.
  const double infinity = std::numeric_limits<double>::infinity();
  const Tensor lowered = Where(is_right, infinity, -x);
  const ValuesAndIndices order = Sort(Detach(lowered), {.dim = 1});
  const Tensor is_wrong = LogicalNot(Gather(is_right, 1, order.indices));
  const Tensor wrong = Where(is_wrong, Gather(x, 1, order.indices), 0);
  const Tensor least = Gather(x, 1, classes) - 1;
  const Tensor above = SearchSorted(order.values, Detach(-least));  // how many of them
  const Tensor sums = Pad(CumSum(wrong, 1), {.before = {0, 1}, .after = {0, 0}});
  const Tensor costs = Gather(sums, 1, above) - least * Cast(above, x.dtype());
  const Tensor losses = Sum(Where(counts, costs, 0), {.dims = {1}}) / x.size(1);
  return ReduceLoss("MultiLabelMargin", input.dim() < 2 ? Reshape(losses, {}) : losses,
                    options.reduction);
}

Tensor MultiLabelSoftMargin(const Tensor& input, const Tensor& target,
                            const MultiLabelSoftMarginOptions& options) {
  if (AutocastWidens({&input, &target})) {
    return MultiLabelSoftMargin(Widened(input), Widened(target), options);
  }
  CheckSameShape("MultiLabelSoftMargin", input, target);
  CheckFloating("MultiLabelSoftMargin", input, target);
  if (input.dim() == 0) {
    ThrowInvalidArgument("MultiLabelSoftMargin: expected at least one dimension");
  }
  Tensor losses = -(target * LogSigmoid(input) + (1 - target) * LogSigmoid(-input));
  if (options.weight.defined()) losses = losses * options.weight;
  return ReduceLoss("MultiLabelSoftMargin", Mean(losses, {.dims = {-1}}), options.reduction);
}

Tensor CosineEmbedding(const Tensor& input1, const Tensor& input2, const Tensor& target,
                       const MarginOptions& options) {
  if (AutocastWidens({&input1, &input2})) {
    return CosineEmbedding(Widened(input1), Widened(input2), target, options);
  }
  RequireDefined("CosineEmbedding", target);
  RequireDefined("CosineEmbedding", input1);
  const Tensor cosine = CosineSimilarity(input1, input2, -1);
  const Tensor near = Where(target == 1, 1 - cosine, 0);
  const Tensor apart = Where(target == -1, ClampMin(cosine - options.margin, 0), 0);
  return ReduceLoss("CosineEmbedding", near + apart, options.reduction);
}

Tensor MarginRanking(const Tensor& input1, const Tensor& input2, const Tensor& target,
                     const MarginOptions& options) {
  if (AutocastWidens({&input1, &input2})) {
    return MarginRanking(Widened(input1), Widened(input2), target, options);
  }
  RequireDefined("MarginRanking", target);
  return ReduceLoss("MarginRanking", ClampMin(-target * (input1 - input2) + options.margin, 0),
                    options.reduction);
}

Tensor TripletMargin(const Tensor& anchor, const Tensor& positive, const Tensor& negative,
                     const TripletMarginOptions& options) {
  if (AutocastWidens({&anchor, &positive, &negative})) {
    return TripletMargin(Widened(anchor), Widened(positive), Widened(negative), options);
  }
  const auto distance = [&](const Tensor& a, const Tensor& b) {
    return PairwiseDistance(a, b, options.p, options.eps);
  };
  const Tensor near = distance(anchor, positive);
  Tensor apart = distance(anchor, negative);
  if (options.swap) apart = Minimum(apart, distance(positive, negative));
  return ReduceLoss("TripletMargin", ClampMin(near - apart + options.margin, 0), options.reduction);
}

}  // namespace neura::nn
