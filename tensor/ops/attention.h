// What attention gives to each key.
#ifndef NEURA_TENSOR_OPS_ATTENTION_H_
#define NEURA_TENSOR_OPS_ATTENTION_H_

#include "neura/tensor/core/tensor.h"

namespace neura {

// [..., L, S]: softmax over the keys of scale * query @ key.T, of query [..., L, E] and key
// [..., S, E]. A mask, undefined for none, is bool and true where may be attended to, or floating
// point and added; what may attend to nothing gets zeros.
Tensor AttentionWeights(const Tensor& query, const Tensor& key, const Tensor& mask, double scale);

// Throws InvalidArgument, beginning with the names, for a mask that is neither bool nor floating
// point.
void CheckAttentionMask(const char* op, const char* name, const Tensor& mask);

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_ATTENTION_H_
