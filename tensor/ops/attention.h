// What attention gives to each key.
#ifndef NEURA_TENSOR_OPS_ATTENTION_H_
#define NEURA_TENSOR_OPS_ATTENTION_H_

#include "neura/tensor/core/tensor.h"

namespace neura {

// [..., L, S]: softmax over the keys of scale * query @ key.T, of query [..., L, E] and key
// [..., S, E]. A mask, undefined for none, is bool and true where may be attended to, or floating
// point and added; what may attend to nothing gets zeros.
Tensor AttentionWeights(const Tensor& query, const Tensor& key, const Tensor& mask, double scale);

struct Attended {
  Tensor output;   // [..., L, Ev]
  Tensor weights;  // [..., L, S]; may be undefined where nobody wants them
};
// AttentionWeights, some of them dropped, times value [..., S, Ev]. With is_causal, a query may
// attend to the keys up to its own place, and there is no mask.
Attended Attend(const Tensor& query, const Tensor& key, const Tensor& value, const Tensor& mask,
                double scale, bool is_causal, double dropout_p, bool wants_weights);

// Throws InvalidArgument, beginning with the names, for a mask that is neither bool nor floating
// point.
void CheckAttentionMask(const char* op, const char* name, const Tensor& mask);

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_ATTENTION_H_
