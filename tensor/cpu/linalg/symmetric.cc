// Eigenvalues of symmetric and hermitian matrices.
#include "neura/tensor/cpu/linalg/symmetric.h"

#include <Eigen/Eigenvalues>

#include "neura/tensor/ops/backend.h"
#include "neura/tensor/ops/op_list/linalg.h"

namespace neura::cpu {

template <typename S>
SymmetricOf<S>::SymmetricOf(const Matrix<S>& a, bool with_vectors) {
  vectors.resize(a.rows(), a.rows());
  if (a.rows() == 0) return;
  const Eigen::SelfAdjointEigenSolver<Matrix<S>> solver(
      a, with_vectors ? Eigen::ComputeEigenvectors : Eigen::EigenvaluesOnly);
  values = solver.eigenvalues();
  converged = solver.info() == Eigen::Success;
  if (with_vectors) vectors = solver.eigenvectors();
}

template struct SymmetricOf<double>;
template struct SymmetricOf<Number>;

void LinalgEighKernel(KernelCall& call) {
  const Tensor& a = call.input(0);
  RequireFinite(a);
  const Tensor failed = Tensor::Empty({NumMatrices(a)}, kInt32, kCpu);
  ForEachMatrix(a, [&]<typename S>(S, int64_t i) {
    Matrix<S> matrix = Load<S>(a, i);
    if (call.Get<EighOptions>().upper) matrix.adjointInPlace();
    const SymmetricOf<S> eigen(matrix, call.wants(1));
    static_cast<int32_t*>(failed.raw_data())[i] = !eigen.converged;
    if (call.wants(0)) StoreReals(eigen.values, call.output(0), i);
    if (call.wants(1)) Store(eigen.vectors, call.output(1), i);
  });
  RequireConverged(failed);
}

}  // namespace neura::cpu
