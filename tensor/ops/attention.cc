// Attention, from operations that there are.
#include "neura/tensor/ops/attention.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/linalg.h"
#include "neura/tensor/ops/norm.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"
#include "neura/tensor/ops/whole_calls.h"

namespace neura {

Tensor AttentionWeights(const Tensor& query, const Tensor& key, const Tensor& mask, double scale) {
  const Tensor raw = MatMul(query * scale, Transpose(key, -2, -1));
  if (!mask.defined() || key.size(-2) == 0) return Softmax(raw, {.dim = -1});
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const Tensor scores = mask.dtype() == kBool ? Where(mask, raw, -kInfinity) : raw + mask;
  const Tensor none = AMax(scores, {.dims = {-1}, .keepdim = true}) == -kInfinity;
  return Where(none, 0, Softmax(Where(none, 0, scores), {.dim = -1}));
}

namespace {

std::vector<Tensor> RunAttention(const OpCall& call) {
  const auto& options = call.Get<AttentionCall>();
  const Attended attended = Attend(call.input(0), call.input(1), call.input(2),
                                   call.has_input(3) ? call.input(3) : Tensor(), options.scale,
                                   options.is_causal, 0, options.wants_weights);
  return {attended.output, options.wants_weights ? attended.weights : Tensor()};
}

// Of batches, or of batches and heads, that need not be broadcast.
bool IsWhole(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask) {
  const auto rank = static_cast<size_t>(query.dim());
  if (rank != 3 && rank != 4) return false;
  for (const Tensor* tensor : {&key, &value}) {
    if (tensor->shape().size() != rank || tensor->dtype() != query.dtype()) return false;
    if (tensor->shape().first(rank - 2) != query.shape().first(rank - 2)) return false;
  }
  if (key.numel() == 0 || !IsFloating(query.dtype())) return false;
  if (!mask.defined()) return true;
  const auto mask_rank = static_cast<size_t>(mask.dim());
  if (mask_rank < 2 || mask_rank > (rank == 3 ? 2 : 4)) return false;
  if (mask.dtype() != kBool && mask.dtype() != query.dtype()) return false;
  if (mask.size(-1) != key.size(-2)) return false;
  for (size_t d = 0; d + 1 < mask_rank; ++d) {
    const int64_t extent = query.shape()[rank - mask_rank + d];
    if (mask.shape()[d] != 1 && mask.shape()[d] != extent) return false;
  }
  return true;
}

}  // namespace

Attended Attend(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask,
                double scale, bool is_causal, double dropout_p, bool wants_weights) {
  if (dropout_p == 0 && IsWhole(query, key, value, mask)) {
    const AttentionCall options{scale, is_causal, wants_weights};
    const Tensor* const inputs[] = {&query, &key, &value, &mask};
    const std::vector<Tensor> kept =
        KeptWhole(WholeFunction::kAttention, &RunAttention, &options, inputs);
    if (!kept.empty()) return {kept[0], kept[1]};
  }
  Tensor seen = mask;
  if (is_causal) {
    seen = Tril(Ones({query.size(-2), key.size(-2)}, {.dtype = kBool, .device = query.device()}));
  }
  const Tensor weights = Dropout(AttentionWeights(query, key, seen, scale), dropout_p);
  return {MatMul(weights, value), weights};
}

void CheckAttentionMask(const char* op, const char* name, const Tensor& mask) {
  if (!mask.defined() || mask.dtype() == kBool || IsFloating(mask.dtype())) return;
  ThrowInvalidArgument(absl::StrCat(op, ": only bool and floating types of ", name,
                                    " are supported, got ", Describe(mask)));
}

Tensor ScaledDotProductAttention(const Tensor& query, const Tensor& key, const Tensor& value,
                                 const std::optional<Tensor>& attn_mask, double dropout_p,
                                 bool is_causal, const std::optional<double>& scale) {
  constexpr char kName[] = "scaled_dot_product_attention";
  for (const Tensor* tensor : {&query, &key, &value}) {
    RequireDefined(kName, *tensor);
    if (tensor->dim() < 2) {
      ThrowInvalidArgument(absl::StrCat(kName, ": expected [..., L, E], got ", Describe(*tensor)));
    }
  }
  const bool masked = attn_mask && attn_mask->defined();
  if (is_causal && masked) {
    ThrowInvalidArgument(absl::StrCat(kName, ": either attn_mask or is_causal"));
  }
  const Tensor mask = masked ? *attn_mask : Tensor();
  CheckAttentionMask(kName, "attn_mask", mask);
  const double factor = scale.value_or(1 / std::sqrt(static_cast<double>(query.size(-1))));
  return Attend(query, key, value, mask, factor, is_causal, dropout_p, false).output;
}

}  // namespace neura
