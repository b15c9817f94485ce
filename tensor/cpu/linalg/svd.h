#ifndef NEURA_TENSOR_CPU_LINALG_SVD_H_
#define NEURA_TENSOR_CPU_LINALG_SVD_H_

#include "neura/tensor/cpu/linalg/matrices.h"

namespace neura::cpu {

// A = U @ diag(values) @ V.adjoint(), the values from the largest to the least. `complete`: U and V
// are square; without `vectors` there are none.
template <typename S>
struct SvdOf {
  SvdOf(const Matrix<S>& a, bool complete, bool vectors = true);

  Matrix<S> u, v;
  Reals values;
  bool converged = true;
};

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_LINALG_SVD_H_
