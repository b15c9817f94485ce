// Attention, from operations that there are.
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
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double factor = scale.value_or(1 / std::sqrt(static_cast<double>(query.size(-1))));
  Tensor scores = MatMul(query * factor, Transpose(key, -2, -1));
  Tensor mask = masked ? *attn_mask : Tensor();
  if (is_causal) {
    mask = Tril(Ones({query.size(-2), key.size(-2)}, {.dtype = kBool, .device = query.device()}));
  }
  if (!mask.defined() || key.size(-2) == 0)
    return MatMul(Dropout(Softmax(scores, {.dim = -1}), dropout_p), value);
  scores = mask.dtype() == kBool ? Where(mask, scores, -kInfinity) : scores + mask;
  // What may attend to nothing gets nothing.
  const Tensor none = AMax(scores, {.dims = {-1}, .keepdim = true}) == -kInfinity;
  const Tensor weights = Where(none, 0, Softmax(Where(none, 0, scores), {.dim = -1}));
  return MatMul(Dropout(weights, dropout_p), value);
}

}  // namespace neura
