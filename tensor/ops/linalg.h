// Matrix products.
#ifndef NEURA_TENSOR_OPS_LINALG_H_
#define NEURA_TENSOR_OPS_LINALG_H_

#include "neura/tensor/core/tensor.h"

namespace neura {

// [..., M, K] x [..., K, N] -> [..., M, N]; the leading dimensions broadcast. A vector as first
// input is a row, as second a column, and its dimension is missing from the result.
Tensor MatMul(const Tensor& input, const Tensor& other);

// input @ weight.T + bias: [..., in], [out, in], [out] -> [..., out]. `bias` may be undefined.
Tensor Linear(const Tensor& input, const Tensor& weight, const Tensor& bias = {});

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_LINALG_H_
