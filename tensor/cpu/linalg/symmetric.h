#ifndef NEURA_TENSOR_CPU_LINALG_SYMMETRIC_H_
#define NEURA_TENSOR_CPU_LINALG_SYMMETRIC_H_

#include "neura/tensor/cpu/linalg/matrices.h"

namespace neura::cpu {

// Eigenvalues, from the least to the largest, and eigenvectors of the symmetric or hermitian matrix
// with this lower triangle.
template <typename S>
struct SymmetricOf {
  explicit SymmetricOf(const Matrix<S>& a, bool with_vectors = true);

  Reals values;
  Matrix<S> vectors;
  bool converged = true;
};

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_LINALG_SYMMETRIC_H_
