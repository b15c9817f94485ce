#ifndef NEURA_TENSOR_CPU_LINALG_LU_H_
#define NEURA_TENSOR_CPU_LINALG_LU_H_

#include <vector>

#include "neura/tensor/cpu/linalg/matrices.h"

namespace neura::cpu {

// Overwrites a matrix with L, but for its diagonal of ones, and U of A = P @ L @ U. pivots[i], from
// 1 on, is the row that row i was exchanged with, the largest one of its column below; there are as
// many as the shorter side is long. Without `pivot` rows stay.
template <typename S>
void FactorLu(Eigen::Ref<Matrix<S>> a, int32_t* pivots, bool pivot = true);

// The first zero on the diagonal, from 1 on; 0 where there is none.
template <typename S>
int32_t FirstZeroPivot(const Matrix<S>& lu);

// A square matrix in its factors.
template <typename S>
struct LuOf {
  Matrix<S> lu;
  std::vector<int32_t> pivots;

  explicit LuOf(Matrix<S> a) : lu(std::move(a)), pivots(static_cast<size_t>(lu.rows())) {
    FactorLu<S>(lu, pivots.data());
  }
  // 1, or -1 after an odd number of exchanges.
  S Parity() const {
    bool odd = false;
    for (size_t i = 0; i < pivots.size(); ++i) odd ^= pivots[i] != static_cast<int32_t>(i + 1);
    return odd ? S(-1) : S(1);
  }
  // Multiplied from the first to the last.
  S Determinant() const {
    S product = Parity();
    for (Index i = 0; i < lu.rows(); ++i) product *= lu(i, i);
    return product;
  }
  void SolveInPlace(Matrix<S>& b) const {
    for (size_t i = 0; i < pivots.size(); ++i) {
      const Index row = static_cast<Index>(i);
      if (pivots[i] != row + 1) b.row(row).swap(b.row(pivots[i] - 1));
    }
    lu.template triangularView<Eigen::UnitLower>().solveInPlace(b);
    lu.template triangularView<Eigen::Upper>().solveInPlace(b);
  }
};

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_LINALG_LU_H_
