// Rows of a matrix by their numbers.
#include <optional>

#include "absl/strings/str_cat.h"
#include "neura/autograd/autograd.h"
#include "neura/autograd/function.h"
#include "neura/nn/functional.h"
#include "neura/nn/layer_parts.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/sparse_parts.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::nn {
namespace {

using internal::PaddingRow;

// Scales the named rows down to max_norm, in the weight itself.
void RenormRows(const Tensor& index, const Tensor& weight, const EmbedOptions& options) {
  NoGradGuard no_grad;
  const Tensor rows =
      Renorm(IndexSelect(weight, 0, index), options.norm_type, 0, *options.max_norm);
  // Of other devices, the whole is copied.
  if (weight.device() == kCpu) {
    IndexAssign(weight, 0, index, rows);
  } else {
    Assign(weight, IndexCopy(weight, 0, index, rows));
  }
}

// What the rows of `grads` that `index` names come to in a weight of this shape.
Tensor SparseGrad(Tensor index, Tensor grads, const Dims& shape,
                  const std::optional<int64_t>& padding, bool by_freq) {
  if (padding) {
    const Tensor kept = Ravel(NonZero(index != *padding));
    index = IndexSelect(index, 0, kept);
    grads = IndexSelect(grads, 0, kept);
  }
  index = Cast(index, kInt64);
  if (by_freq) {
    const UniqueElements named = Unique(index);
    const Tensor count = IndexSelect(named.counts, 0, named.inverse_indices);
    grads = grads / Cast(Unsqueeze(count, 1), grads.dtype());
  }
  return SparseOver({Unsqueeze(index, 0), grads, shape});
}

// The rows that `index` names; the gradient of the weight is sparse.
Tensor RowsWithSparseGrad(const Tensor& index, const Tensor& weight,
                          const std::optional<int64_t>& padding, bool by_freq) {
  Tensor rows;
  {
    NoGradGuard no_grad;
    rows = IndexSelect(weight, 0, index);
  }
  const Dims shape(weight.shape().begin(), weight.shape().end());
  autograd::RecordFunction(
      "embedding", {weight}, {rows},
      [index, shape, padding, by_freq, version = index.version()](const std::vector<Tensor>& g) {
        if (index.version() != version) {
          ThrowFailedPrecondition(
              absl::StrCat("embedding: the indices, ", Describe(index),
                           ", were changed by an in-place operation after they were looked up"));
        }
        return std::vector<Tensor>{SparseGrad(index, g[0], shape, padding, by_freq)};
      });
  return rows;
}

}  // namespace

Tensor Embed(const Tensor& input, const Tensor& weight, const EmbedOptions& options) {
  RequireDefined("embedding", input);
  RequireDims("embedding", weight, 2);
  const std::optional<int64_t> padding =
      PaddingRow("embedding", options.padding_idx, weight.size(0));
  const Tensor index = Ravel(input);
  if (options.max_norm) RenormRows(index, weight, options);
  Tensor rows;
  if (options.sparse) {
    rows = RowsWithSparseGrad(index, weight, padding, options.scale_grad_by_freq);
  } else {
    rows = IndexSelect(weight, 0, index);
    if (options.scale_grad_by_freq) {
      const Tensor count = IndexSelect(BinCount(Cast(index, kInt64), {}, weight.size(0)), 0, index);
      const Tensor part = Cast(Unsqueeze(count, 1), weight.dtype());
      rows = Detach(rows) + (rows - Detach(rows)) / part;
    }
    if (padding) rows = Where(Unsqueeze(index == *padding, 1), Detach(rows), rows);
  }
  Dims shape(input.shape().begin(), input.shape().end());
  shape.push_back(weight.size(1));
  return Reshape(rows, shape);
}

Tensor EmbedBag(const Tensor& input, const Tensor& weight, const Tensor& offsets,
                const Tensor& per_sample_weights, const EmbedBagOptions& options) {
  RequireDefined("embedding_bag", input);
  RequireDims("embedding_bag", weight, 2);
  const bool matrix = input.dim() == 2;
  if ((matrix == offsets.defined()) || (!matrix && input.dim() != 1)) {
    ThrowInvalidArgument(absl::StrCat(
        "embedding_bag: expected a matrix whose rows are bags, or a vector and offsets, got ",
        Describe(input), offsets.defined() ? " and offsets" : ""));
  }
  const bool sum = options.mode == "sum", max = options.mode == "max";
  if (!sum && !max && options.mode != "mean") {
    ThrowInvalidArgument(absl::StrCat("embedding_bag: mode must be 'sum', 'mean' or 'max', got '",
                                      options.mode, "'"));
  }
  if (max && options.rows.sparse) {
    ThrowInvalidArgument(
        "embedding_bag: max mode does not support sparse weights: with sparse, mode must be 'sum' "
        "or 'mean'");
  }
  if (per_sample_weights.defined() && (!sum || per_sample_weights.shape() != input.shape())) {
    ThrowInvalidArgument(
        absl::StrCat("embedding_bag: per_sample_weights belong to the mode 'sum' and have the "
                     "input's shape, got ",
                     Describe(per_sample_weights)));
  }
  // The bag of each element.
  const TensorOptions integers{.dtype = kInt64, .device = input.device()};
  Tensor bag;
  int64_t bags = 0;
  if (matrix) {
    bags = input.size(0);
    bag = Ravel(Expand(Unsqueeze(Arange(0, bags, 1, integers), 1), input.shape()));
  } else {
    RequireDims("embedding_bag", offsets, 1);
    bags = offsets.numel() - (options.include_last_offset ? 1 : 0);
    if (bags < 0) ThrowInvalidArgument("embedding_bag: include_last_offset needs an offset");
    const Tensor place = Arange(0, input.numel(), 1, integers);
    const Tensor starts = Cast(Slice(offsets, 0, 0, bags), kInt64);
    if (input.numel() > 0 && (bags == 0 || Select(starts, 0, 0).Item<int64_t>() != 0)) {
      ThrowInvalidArgument("embedding_bag: the first offset must be 0");
    }
    const Tensor ends = Cast(offsets, kInt64);
    if (ends.numel() > 0 && (Any(Slice(ends, 0, 1) < Slice(ends, 0, 0, -1)).Item<bool>() ||
                             AMax(ends).Item<int64_t>() > input.numel())) {
      ThrowInvalidArgument(
          absl::StrCat("embedding_bag: offsets must not fall, nor be above the number of indices, ",
                       input.numel(), "; got ", ends.ToString()));
    }
    bag = SearchSorted(starts, place, {.right = true}) - 1;
  }
  Tensor rows = Embed(Ravel(input), weight, options.rows);
  Tensor counts = Ones({rows.size(0)}, integers);
  if (const auto padding = PaddingRow("embedding_bag", options.rows.padding_idx, weight.size(0))) {
    const Tensor real = Ravel(input) != *padding;
    counts = Cast(real, kInt64);
    if (!max) rows = Where(Unsqueeze(real, 1), rows, 0);
    // For an extremum they are left out of their bags.
    if (max) bag = Where(real, bag, bags);
  }
  if (per_sample_weights.defined()) rows = rows * Reshape(per_sample_weights, {-1, 1});
  const TensorOptions numbers{.dtype = weight.dtype(), .device = weight.device()};
  if (max) {
    const Tensor start = Zeros({bags + 1, weight.size(1)}, numbers);
    return Slice(IndexReduce(start, 0, bag, rows, "amax", false), 0, 0, bags);
  }
  const Tensor sums = IndexAdd(Zeros({bags, weight.size(1)}, numbers), 0, bag, rows);
  if (sum) return sums;
  const Tensor sizes = IndexAdd(Zeros({bags}, integers), 0, bag, counts);
  return sums / Cast(Unsqueeze(ClampMin(sizes, 1), 1), weight.dtype());
}

}  // namespace neura::nn
