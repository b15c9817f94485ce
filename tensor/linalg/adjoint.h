#ifndef NEURA_TENSOR_LINALG_ADJOINT_H_
#define NEURA_TENSOR_LINALG_ADJOINT_H_

#include "neura/tensor/core/tensor.h"

namespace neura::linalg {

// The complex conjugate of each element; of real numbers the tensor itself.
Tensor Conjugate(const Tensor& tensor);
// The conjugate transpose of matrices, the last two dimensions.
Tensor Adjoint(const Tensor& matrices);

}  // namespace neura::linalg

#endif  // NEURA_TENSOR_LINALG_ADJOINT_H_
