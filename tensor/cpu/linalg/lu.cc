// LU factors, and what is computed from them.
#include "neura/tensor/cpu/linalg/lu.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "neura/tensor/ops/backend.h"
#include "neura/tensor/ops/op_list/linalg.h"

namespace neura::cpu {
namespace {

// Rows that factors of so few columns exchange one at a time.
constexpr Index kLuBlock = 16;

template <typename Rows>
void ExchangeRows(Rows&& a, const int32_t* pivots, Index count) {
  for (Index i = 0; i < count; ++i) {
    if (pivots[i] != i + 1) a.row(i).swap(a.row(pivots[i] - 1));
  }
}

template <typename S>
void FactorColumns(Eigen::Ref<Matrix<S>> a, int32_t* pivots, bool pivot) {
  const Index count = std::min(a.rows(), a.cols());
  for (Index k = 0; k < count; ++k) {
    Index largest = k;
    for (Index r = k + 1; pivot && r < a.rows(); ++r) {
      if (PivotSize(a(r, k)) > PivotSize(a(largest, k))) largest = r;
    }
    pivots[k] = static_cast<int32_t>(largest + 1);
    if (largest != k) a.row(k).swap(a.row(largest));
    const Index below = a.rows() - k - 1, right = a.cols() - k - 1;
    if (a(k, k) != S(0)) {
      if constexpr (std::is_same_v<S, double>) {
        a.col(k).tail(below) /= a(k, k);
      } else {
        // One by one: vectors of complex numbers divide by a square, which leaves the range first.
        const S pivot_value = a(k, k);
        for (Index r = k + 1; r < a.rows(); ++r) a(r, k) = a(r, k) / pivot_value;
      }
    }
    a.bottomRightCorner(below, right).noalias() -= a.col(k).tail(below) * a.row(k).tail(right);
  }
}

}  // namespace

// Toledo, 1997, "Locality of Reference in LU Decomposition with Partial Pivoting": the left half of
// the columns, then what remains of the right one.
template <typename S>
void FactorLu(Eigen::Ref<Matrix<S>> a, int32_t* pivots, bool pivot) {
  const Index count = std::min(a.rows(), a.cols());
  if (count <= kLuBlock) return FactorColumns<S>(a, pivots, pivot);
  const Index half = count / 2, below = a.rows() - half, right = a.cols() - half;
  FactorLu<S>(a.leftCols(half), pivots, pivot);
  ExchangeRows(a.rightCols(right), pivots, half);
  auto upper = a.topRightCorner(half, right);
  a.topLeftCorner(half, half).template triangularView<Eigen::UnitLower>().solveInPlace(upper);
  auto rest = a.bottomRightCorner(below, right);
  rest.noalias() -= a.bottomLeftCorner(below, half) * upper;
  FactorLu<S>(rest, pivots + half, pivot);
  ExchangeRows(a.bottomLeftCorner(below, half), pivots + half, count - half);
  for (Index i = half; i < count; ++i) pivots[i] += static_cast<int32_t>(half);
}

template <typename S>
int32_t FirstZeroPivot(const Matrix<S>& lu) {
  for (Index i = 0; i < std::min(lu.rows(), lu.cols()); ++i) {
    if (lu(i, i) == S(0)) return static_cast<int32_t>(i + 1);
  }
  return 0;
}

template void FactorLu(Eigen::Ref<Matrix<double>> a, int32_t* pivots, bool pivot);
template void FactorLu(Eigen::Ref<Matrix<Number>> a, int32_t* pivots, bool pivot);
template int32_t FirstZeroPivot(const Matrix<double>& lu);
template int32_t FirstZeroPivot(const Matrix<Number>& lu);

namespace {

int32_t* Int32s(const Tensor& tensor) { return static_cast<int32_t*>(tensor.raw_data()); }

}  // namespace

void LinalgLuKernel(KernelCall& call) {
  const Tensor& a = call.input(0);
  const LuOptions& options = call.Get<LuOptions>();
  const int64_t count = std::min(a.size(-2), a.size(-1));
  const Tensor info = Tensor::Empty(a.shape().first(a.shape().size() - 2), kInt32, kCpu);
  ForEachMatrix(a, [&]<typename S>(S, int64_t i) {
    Matrix<S> lu = Load<S>(a, i);
    std::vector<int32_t> pivots(static_cast<size_t>(count));
    FactorLu<S>(lu, pivots.data(), options.pivot);
    Int32s(info)[i] = FirstZeroPivot(lu);
    if (call.wants(0)) Store(lu, call.output(0), i);
    if (call.wants(1)) std::copy(pivots.begin(), pivots.end(), Int32s(call.output(1)) + i * count);
    if (call.wants(2)) Int32s(call.output(2))[i] = Int32s(info)[i];
  });
  if (!options.check_errors) return;
  CheckInfo(info, [](int32_t place) {
    return absl::StrCat("U[", place, ", ", place,
                        "] is zero and using it on lu_solve would divide by zero");
  });
}

void LinalgPermutationKernel(KernelCall& call) {
  const Tensor &pivots = call.input(0), &permutation = call.output();
  const int64_t rows = permutation.size(-1), count = pivots.size(-1);
  std::vector<int64_t> order(static_cast<size_t>(rows));
  for (int64_t i = 0; rows > 0 && i < permutation.numel() / rows; ++i) {
    std::iota(order.begin(), order.end(), 0);
    for (int64_t k = 0; k < count; ++k) {
      const int64_t other = ElementAt<int32_t>(pivots, i * count + k) - 1;
      if (other < 0 || other >= rows) {
        ThrowOutOfRange(absl::StrCat("pivot ", other + 1, " is no row from 1 to ", rows));
      }
      std::swap(order[static_cast<size_t>(k)], order[static_cast<size_t>(other)]);
    }
    int64_t* const to = static_cast<int64_t*>(permutation.raw_data()) + i * rows;
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t from = order[static_cast<size_t>(r)];
      call.Get<PermutationOptions>().inverse ? to[from] = r : to[r] = from;
    }
  }
}

void LinalgSolveKernel(KernelCall& call) {
  const Tensor &a = call.input(0), &b = call.input(1);
  const Tensor info = Tensor::Empty(a.shape().first(a.shape().size() - 2), kInt32, kCpu);
  ForEachMatrix(a, [&]<typename S>(S, int64_t i) {
    const LuOf<S> factors(Load<S>(a, i));
    Int32s(info)[i] = FirstZeroPivot(factors.lu);
    if (call.wants(1)) Int32s(call.output(1))[i] = Int32s(info)[i];
    if (!call.wants(0)) return;
    Matrix<S> x = Load<S>(b, i);
    if (x.size() > 0) factors.SolveInPlace(x);
    Store(x, call.output(0), i);
  });
  if (!call.Get<FactorOptions>().check_errors) return;
  CheckInfo(info, [](int32_t place) {
    return absl::StrCat("the matrix is singular: pivot ", place, " of its LU factors is zero");
  });
}

void LinalgDetKernel(KernelCall& call) {
  ForEachMatrix(call.input(0), [&]<typename S>(S, int64_t i) {
    StoreNumber(LuOf<S>(Load<S>(call.input(0), i)).Determinant(), call.output(), i);
  });
}

void LinalgSlogDetKernel(KernelCall& call) {
  ForEachMatrix(call.input(0), [&]<typename S>(S, int64_t i) {
    const LuOf<S> factors(Load<S>(call.input(0), i));
    S sign = factors.Parity();
    double log = 0;
    for (Index k = 0; k < factors.lu.rows(); ++k) {
      const S u = factors.lu(k, k);
      sign *= u == S(0) ? S(0) : u / std::abs(u);
      log += std::log(std::abs(u));
    }
    if (call.wants(0)) StoreNumber(sign, call.output(0), i);
    if (call.wants(1)) StoreNumber(log, call.output(1), i);
  });
}

}  // namespace neura::cpu
