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

namespace neura {

Tensor AttentionWeights(const Tensor& query, const Tensor& key, const Tensor& mask, double scale) {
  const Tensor raw = MatMul(query * scale, Transpose(key, -2, -1));
  if (!mask.defined() || key.size(-2) == 0) return Softmax(raw, {.dim = -1});
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const Tensor scores = mask.dtype() == kBool ? Where(mask, raw, -kInfinity) : raw + mask;
  const Tensor none = AMax(scores, {.dims = {-1}, .keepdim = true}) == -kInfinity;
  return Where(none, 0, Softmax(Where(none, 0, scores), {.dim = -1}));
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
  Tensor mask = masked ? *attn_mask : Tensor();
  CheckAttentionMask(kName, "attn_mask", mask);
  if (is_causal) {
    mask = Tril(Ones({query.size(-2), key.size(-2)}, {.dtype = kBool, .device = query.device()}));
  }
  const double factor = scale.value_or(1 / std::sqrt(static_cast<double>(query.size(-1))));
  return MatMul(Dropout(AttentionWeights(query, key, mask, factor), dropout_p), value);
}

}  // namespace neura
