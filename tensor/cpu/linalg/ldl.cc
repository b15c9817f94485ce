// Factors of symmetric and hermitian matrices that need not be definite, with the pivots and the
// layout of LAPACK's sytrf and hetrf for the lower triangle: L is the product of an exchange of
// rows and a column of multipliers for each block of D, from the first to the last.
#include <algorithm>
#include <cmath>
#include <complex>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/tensor/cpu/linalg/matrices.h"
#include "neura/tensor/ops/backend.h"
#include "neura/tensor/ops/op_list/linalg.h"

namespace neura::cpu {
namespace {

double MateOf(double x, bool) { return x; }
Number MateOf(Number x, bool hermitian) { return hermitian ? std::conj(x) : x; }

// One factorization, in place in the lower triangle.
template <typename S>
class Ldl {
 public:
  Ldl(Matrix<S>& a, int32_t* pivots, bool hermitian)
      : a_(a), n_(a.rows()), pivots_(pivots), hermitian_(hermitian) {}

  // Bunch and Kaufman, 1977, "Some Stable Methods for Calculating Inertia and Solving Symmetric
  // Linear Systems". Returns the first block of D that is zero, from 1 on, or 0.
  int32_t Factor() {
    int32_t first_zero = 0;
    if (hermitian_) a_.diagonal() = a_.diagonal().real().template cast<S>();
    for (Index k = 0; k < n_;) {
      const double size = PivotSize(a_(k, k));
      const auto [below, place] = Largest(a_.col(k), k + 1, n_);
      Index chosen = k, blocks = 1;
      if (std::isnan(size) || (size == 0 && below == 0)) {
        if (first_zero == 0) first_zero = static_cast<int32_t>(k + 1);
        pivots_[k] = static_cast<int32_t>(k + 1);
        ++k;
        continue;
      }
      if (size < kAlpha * below) {
        const double beside = std::max(Largest(a_.row(place), k, place).first,
                                       Largest(a_.col(place), place + 1, n_).first);
        if (size < kAlpha * below * (below / beside)) {
          chosen = place;
          if (PivotSize(a_(place, place)) < kAlpha * beside) blocks = 2;
        }
      }
      const Index last = k + blocks - 1;
      if (chosen != last) Exchange(k, last, chosen);
      blocks == 1 ? Eliminate(k) : EliminateTwo(k);
      for (Index i = k; i <= last; ++i) {
        pivots_[i] = static_cast<int32_t>(blocks == 1 ? chosen + 1 : -chosen - 1);
      }
      k += blocks;
    }
    return first_zero;
  }

 private:
  static constexpr double kAlpha = 0.6403882032022076;  // (1 + sqrt(17)) / 8

  S Mate(S x) const { return MateOf(x, hermitian_); }

  // Of the elements of a vector from one index to another, and where it is; 0 where there are none.
  template <typename Vector>
  static std::pair<double, Index> Largest(const Vector& vector, Index first, Index last) {
    std::pair<double, Index> largest{0, first};
    for (Index i = first; i < last; ++i) {
      if (PivotSize(vector[i]) > largest.first) largest = {PivotSize(vector[i]), i};
    }
    return largest;
  }

  // Rows and columns p and q > p of what is left from k on.
  void Exchange(Index k, Index p, Index q) {
    a_.col(p).tail(n_ - q - 1).swap(a_.col(q).tail(n_ - q - 1));
    for (Index j = p + 1; j < q; ++j) {
      const S mate = Mate(a_(j, p));
      a_(j, p) = Mate(a_(q, j));
      a_(q, j) = mate;
    }
    a_(q, p) = Mate(a_(q, p));
    std::swap(a_(p, p), a_(q, q));
    if (p > k) std::swap(a_(p, k), a_(q, k));
  }

  void Eliminate(Index k) {
    const S inverse = S(1) / a_(k, k);
    for (Index j = k + 1; j < n_; ++j) {
      const S factor = inverse * Mate(a_(j, k));
      a_.col(j).tail(n_ - j) -= factor * a_.col(k).tail(n_ - j);
      KeepReal(j);
    }
    a_.col(k).tail(n_ - k - 1) *= inverse;
  }

  // With columns k and k + 1 times the inverse of the block, whose elements are first divided by
  // the one beside the diagonal.
  void EliminateTwo(Index k) {
    const S beside = a_(k + 1, k);
    const S unit = hermitian_ ? S(std::abs(beside)) : beside, turn = beside / unit;
    const S first = a_(k + 1, k + 1) / unit, second = a_(k, k) / unit;
    const S scale = S(1) / (first * second - S(1)) / unit;
    for (Index j = k + 2; j < n_; ++j) {
      const S x = a_(j, k), y = a_(j, k + 1);
      const S left = scale * (first * x - turn * y);
      const S right = scale * (second * y - Mate(turn) * x);
      a_.col(j).tail(n_ - j) -=
          Mate(left) * a_.col(k).tail(n_ - j) + Mate(right) * a_.col(k + 1).tail(n_ - j);
      a_(j, k) = left;
      a_(j, k + 1) = right;
      KeepReal(j);
    }
  }

  void KeepReal(Index i) {
    if (hermitian_) a_(i, i) = std::real(a_(i, i));
  }

  Matrix<S>& a_;
  const Index n_;
  int32_t* const pivots_;
  const bool hermitian_;
};

// Overwrites B with X of A @ X = B, step by step through the blocks and back.
template <typename S>
void SolveLdl(const Matrix<S>& a, const std::vector<int32_t>& pivots, bool hermitian,
              Matrix<S>& b) {
  const Index n = a.rows();
  const auto pivot = [&](Index i) { return pivots[static_cast<size_t>(i)]; };
  const auto exchange = [&](Index row, int32_t other) {
    if (std::abs(other) != row + 1) b.row(row).swap(b.row(std::abs(other) - 1));
  };
  const auto mate = [&](S x) { return MateOf(x, hermitian); };
  for (Index k = 0; k < n;) {
    const Index last = pivot(k) > 0 ? k : k + 1, below = n - last - 1;
    exchange(last, pivot(last));
    b.bottomRows(below).noalias() -=
        a.block(last + 1, k, below, last - k + 1) * b.middleRows(k, last - k + 1);
    if (last == k) {
      b.row(k) /= a(k, k);
    } else {
      const S beside = a(last, k);
      const S first = a(k, k) / mate(beside), second = a(last, last) / beside;
      const S scale = S(1) / (first * second - S(1));
      for (Index c = 0; c < b.cols(); ++c) {
        const S x = b(k, c) / mate(beside), y = b(last, c) / beside;
        b(k, c) = scale * (second * x - y);
        b(last, c) = scale * (first * y - x);
      }
    }
    k = last + 1;
  }
  for (Index last = n - 1; last >= 0;) {
    const Index k = pivot(last) > 0 ? last : last - 1, below = n - last - 1;
    const auto columns = a.block(last + 1, k, below, last - k + 1);
    if (hermitian) {
      b.middleRows(k, last - k + 1).noalias() -= columns.adjoint() * b.bottomRows(below);
    } else {
      b.middleRows(k, last - k + 1).noalias() -= columns.transpose() * b.bottomRows(below);
    }
    exchange(last, pivot(last));
    last = k - 1;
  }
}

}  // namespace

void LinalgLdlKernel(KernelCall& call) {
  const Tensor& a = call.input(0);
  const LdlOptions& options = call.Get<LdlOptions>();
  const int64_t n = a.size(-1);
  const Tensor info = Tensor::Empty(a.shape().first(a.shape().size() - 2), kInt32, kCpu);
  ForEachMatrix(a, [&]<typename S>(S, int64_t i) {
    Matrix<S> factors = Load<S>(a, i);
    std::vector<int32_t> pivots(static_cast<size_t>(n));
    const int32_t place = Ldl<S>(factors, pivots.data(), options.hermitian).Factor();
    factors.template triangularView<Eigen::StrictlyUpper>().setZero();
    static_cast<int32_t*>(info.raw_data())[i] = place;
    if (call.wants(0)) Store(factors, call.output(0), i);
    if (call.wants(1)) {
      std::copy(pivots.begin(), pivots.end(),
                static_cast<int32_t*>(call.output(1).raw_data()) + i * n);
    }
    if (call.wants(2)) static_cast<int32_t*>(call.output(2).raw_data())[i] = place;
  });
  if (!options.check_errors) return;
  CheckInfo(info, [](int32_t place) {
    return absl::StrCat("D[", place, ", ", place,
                        "] is zero and using it on ldl_solve would divide by zero");
  });
}

void LinalgLdlSolveKernel(KernelCall& call) {
  const Tensor &factors = call.input(0), &pivots = call.input(1), &b = call.input(2);
  const bool hermitian = call.Get<HermitianOptions>().hermitian;
  const int64_t n = factors.size(-1);
  for (int64_t i = 0; i < pivots.numel(); ++i) {
    const int64_t pivot = ElementAt<int32_t>(pivots, i);
    // Negative ones come in equal pairs.
    const bool alone = pivot < 0 && (i % n == n - 1 || ElementAt<int32_t>(pivots, i + 1) != pivot);
    if (pivot == 0 || std::abs(pivot) > n || alone) {
      ThrowOutOfRange(absl::StrCat("pivot ", pivot, " of row ", i % n + 1,
                                   " is none of factors of ", n, " rows"));
    }
    if (pivot < 0) ++i;
  }
  ForEachMatrix(factors, [&]<typename S>(S, int64_t i) {
    std::vector<int32_t> of_matrix(static_cast<size_t>(n));
    for (int64_t k = 0; k < n; ++k)
      of_matrix[static_cast<size_t>(k)] = ElementAt<int32_t>(pivots, i * n + k);
    Matrix<S> x = Load<S>(b, i);
    if (x.size() > 0) SolveLdl(Load<S>(factors, i), of_matrix, hermitian, x);
    Store(x, call.output(), i);
  });
}

}  // namespace neura::cpu
