// What operations do of which an input is sparse.
#ifndef NEURA_TENSOR_SPARSE_CALLS_H_
#define NEURA_TENSOR_SPARSE_CALLS_H_

#include "neura/tensor/core/tensor.h"

namespace neura::sparse {

// dense + sparse, of one shape: dense.
Tensor AddTo(const Tensor& dense, const Tensor& sparse);
// The sum of two of one shape and as many sparse dimensions: the values of both, coalesced where
// there are more than two for each place.
Tensor AddBoth(const Tensor& a, const Tensor& b);

}  // namespace neura::sparse

#endif  // NEURA_TENSOR_SPARSE_CALLS_H_
