// Eigenvalues and eigenvectors of any square matrices.
#include <Eigen/Eigenvalues>
#include <cmath>
#include <complex>
#include <type_traits>

#include "neura/tensor/cpu/linalg/matrices.h"
#include "neura/tensor/ops/backend.h"
#include "neura/tensor/ops/op_list/linalg.h"

namespace neura::cpu {
namespace {

template <typename S>
using Solver = std::conditional_t<std::is_same_v<S, double>, Eigen::EigenSolver<Matrix<S>>,
                                  Eigen::ComplexEigenSolver<Matrix<S>>>;

// Replaces A by inv(D) @ A @ D, which has the same eigenvalues, with the powers of 2 in the
// diagonal matrix D that it returns, until the norms of each column and its row are alike (James,
// Langou and Lowery, 2014, "On matrix balancing and eigenvector computation", arXiv:1401.5766).
template <typename S>
Reals Balance(Matrix<S>& a) {
  constexpr double kMost = 0x1p500;
  Reals scales = Reals::Ones(a.rows());
  for (bool changed = true; changed;) {
    changed = false;
    for (Index i = 0; i < a.rows(); ++i) {
      double column = a.col(i).stableNorm(), row = a.row(i).stableNorm();
      const double before = column + row;
      if (column == 0 || row == 0 || !std::isfinite(before)) continue;
      double factor = 1;
      for (; column < row / 2 && factor * scales[i] < kMost; factor *= 2) column *= 2, row /= 2;
      for (; column >= row * 2 && factor * scales[i] > 1 / kMost; factor /= 2)
        column /= 2, row *= 2;
      if (factor == 1 || column + row >= 0.95 * before) continue;
      changed = true;
      scales[i] *= factor;
      a.col(i) *= factor;
      a.row(i) /= factor;
    }
  }
  return scales;
}

// Turns and scales each column: the Euclidean norm is 1, the largest component real and positive.
void Normalize(Matrix<Number>& vectors) {
  for (Index c = 0; c < vectors.cols(); ++c) {
    auto vector = vectors.col(c);
    Index largest = 0;
    const double size = vector.cwiseAbs().maxCoeff(&largest);
    vector *= std::conj(vector[largest]) / size / size;
    vector /= vector.norm();
    vector[largest] = vector[largest].real();
  }
}

}  // namespace

void LinalgEigKernel(KernelCall& call) {
  const Tensor& a = call.input(0);
  RequireFinite(a);
  const Index n = a.size(-1);
  const Tensor failed = Tensor::Empty({NumMatrices(a)}, kInt32, kCpu);
  ForEachMatrix(a, [&]<typename S>(S, int64_t i) {
    Matrix<Number> values = Matrix<Number>::Zero(1, n), vectors = Matrix<Number>::Zero(n, n);
    bool converged = true;
    if (n > 0) {
      Matrix<S> matrix = Load<S>(a, i);
      const int shift = ShiftOf(matrix);
      Shift(matrix, shift);
      const Reals scales = Balance(matrix);
      const Solver<S> solver(matrix, call.wants(1));
      converged = solver.info() == Eigen::Success;
      if (converged) values = solver.eigenvalues().transpose();
      Shift(values, -shift);
      if (converged && call.wants(1)) {
        vectors = scales.asDiagonal() * solver.eigenvectors();
        Normalize(vectors);
      }
    }
    static_cast<int32_t*>(failed.raw_data())[i] = !converged;
    if (call.wants(0)) Store(values, call.output(0), i);
    if (call.wants(1)) Store(vectors, call.output(1), i);
  });
  RequireConverged(failed);
}

}  // namespace neura::cpu
