// Cholesky factors, and triangles.
#include <cmath>

#include "absl/strings/str_cat.h"
#include "neura/tensor/cpu/linalg/matrices.h"
#include "neura/tensor/ops/backend.h"
#include "neura/tensor/ops/op_list/linalg.h"

namespace neura::cpu {
namespace {

constexpr Index kCholeskyBlock = 32;

// Overwrites the lower triangle with its factor. Returns the order of the first leading minor that
// is not positive, or 0. Halves the matrix until its columns are few.
template <typename S>
int32_t FactorCholesky(Eigen::Ref<Matrix<S>> a) {
  const Index n = a.rows();
  if (n <= kCholeskyBlock) {
    for (Index k = 0; k < n; ++k) {
      const double square = std::real(a(k, k)) - a.row(k).head(k).squaredNorm();
      if (!(square > 0)) return static_cast<int32_t>(k + 1);
      a(k, k) = std::sqrt(square);
      const Index below = n - k - 1;
      a.col(k).tail(below).noalias() -= a.bottomLeftCorner(below, k) * a.row(k).head(k).adjoint();
      a.col(k).tail(below) /= a(k, k);
    }
    return 0;
  }
  const Index half = n / 2, below = n - half;
  if (const int32_t order = FactorCholesky<S>(a.topLeftCorner(half, half))) return order;
  auto lower = a.bottomLeftCorner(below, half);
  a.topLeftCorner(half, half)
      .template triangularView<Eigen::Lower>()
      .adjoint()
      .template solveInPlace<Eigen::OnTheRight>(lower);
  auto rest = a.bottomRightCorner(below, below);
  rest.template selfadjointView<Eigen::Lower>().rankUpdate(lower, S(-1));
  const int32_t order = FactorCholesky<S>(rest);
  return order == 0 ? 0 : order + static_cast<int32_t>(half);
}

}  // namespace

void LinalgCholeskyKernel(KernelCall& call) {
  const Tensor& a = call.input(0);
  const Tensor info = Tensor::Empty(a.shape().first(a.shape().size() - 2), kInt32, kCpu);
  const auto orders = static_cast<int32_t*>(info.raw_data());
  ForEachMatrix(a, [&]<typename S>(S, int64_t i) {
    Matrix<S> factor = Load<S>(a, i);
    orders[i] = FactorCholesky<S>(factor);
    factor.template triangularView<Eigen::StrictlyUpper>().setZero();
    if (call.wants(0)) Store(factor, call.output(0), i);
    if (call.wants(1)) static_cast<int32_t*>(call.output(1).raw_data())[i] = orders[i];
  });
  if (!call.Get<FactorOptions>().check_errors) return;
  CheckInfo(info, [](int32_t order) {
    return absl::StrCat("the matrix is not positive-definite: its leading minor of order ", order,
                        " is not positive");
  });
}

void LinalgSolveTriangularKernel(KernelCall& call) {
  const auto [upper, unitriangular] = call.Get<SolveTriangularOptions>();
  ForEachMatrix(call.input(0), [&, upper = upper, unit = unitriangular]<typename S>(S, int64_t i) {
    const Matrix<S> a = Load<S>(call.input(0), i);
    Matrix<S> x = Load<S>(call.input(1), i);
    if (x.size() == 0) return;
    if (upper && unit) {
      a.template triangularView<Eigen::UnitUpper>().solveInPlace(x);
    } else if (upper) {
      a.template triangularView<Eigen::Upper>().solveInPlace(x);
    } else if (unit) {
      a.template triangularView<Eigen::UnitLower>().solveInPlace(x);
    } else {
      a.template triangularView<Eigen::Lower>().solveInPlace(x);
    }
    Store(x, call.output(), i);
  });
}

}  // namespace neura::cpu
