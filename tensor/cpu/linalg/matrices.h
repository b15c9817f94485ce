// Matrices of tensors as Eigen has them. Decompositions compute in double precision whatever the
// tensor's dtype, so that one instantiation serves float32, and one complex64, too; results are
// rounded once.
#ifndef NEURA_TENSOR_CPU_LINALG_MATRICES_H_
#define NEURA_TENSOR_CPU_LINALG_MATRICES_H_

#define EIGEN_MPL2_ONLY
#define EIGEN_DONT_PARALLELIZE
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <complex>
#include <string>
#include <type_traits>

#include "absl/functional/function_ref.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cpu {

using Index = Eigen::Index;
template <typename S>
using Matrix = Eigen::Matrix<S, Eigen::Dynamic, Eigen::Dynamic>;
using Reals = Eigen::VectorXd;
using Number = std::complex<double>;

// How many matrices there are, the last two dimensions being one.
int64_t NumMatrices(const Tensor& tensor);

// Matrix i of a tensor, which may be strided; and its writing into a contiguous one.
template <typename S>
Matrix<S> Load(const Tensor& tensor, int64_t i);
template <typename S>
void Store(const Matrix<S>& matrix, const Tensor& tensor, int64_t i);
// Row i of a contiguous tensor, whose last dimension holds such values; and its element i.
void StoreReals(const Reals& values, const Tensor& tensor, int64_t i);
template <typename S>
void StoreNumber(S value, const Tensor& tensor, int64_t i) {
  Store(Matrix<S>(Matrix<S>::Constant(1, 1, value)), tensor, i);
}

// Calls f(S(), i) for each matrix of `a`, in parallel; S is what computes the dtype.
template <typename F>
void ForEachMatrix(const Tensor& a, F f) {
  if (IsComplex(a.dtype())) {
    ParallelFor(NumMatrices(a), [&](int64_t i) { f(Number(), i); });
  } else {
    ParallelFor(NumMatrices(a), [&](int64_t i) { f(double(), i); });
  }
}

// By which LAPACK compares candidates for a pivot.
inline double PivotSize(double x) { return std::abs(x); }
inline double PivotSize(Number x) { return std::abs(x.real()) + std::abs(x.imag()); }

// The exponent by which elements are to be shifted before a computation that squares them: 0 where
// the squares of the largest ones are in the range of doubles.
template <typename S>
int ShiftOf(const Matrix<S>& a) {
  double largest = 0;
  for (Index i = 0; i < a.size(); ++i) {
    largest =
        std::max({largest, std::abs(std::real(a.data()[i])), std::abs(std::imag(a.data()[i]))});
  }
  if (!(largest > 0) || !std::isfinite(largest)) return 0;
  const int exponent = std::ilogb(largest);
  return std::abs(exponent) < 400 ? 0 : -exponent;
}
// a * 2^shift
template <typename S>
void Shift(Matrix<S>& a, int shift) {
  for (Index i = 0; shift != 0 && i < a.size(); ++i) {
    S& x = a.data()[i];
    if constexpr (std::is_same_v<S, double>) {
      x = std::ldexp(x, shift);
    } else {
      x = S(std::ldexp(x.real(), shift), std::ldexp(x.imag(), shift));
    }
  }
}

// Where element i of a tensor lies, which may be strided.
int64_t PlaceOf(const Tensor& tensor, int64_t i);
template <typename T>
T ElementAt(const Tensor& tensor, int64_t i) {
  return static_cast<const T*>(tensor.raw_data())[PlaceOf(tensor, i)];
}

// Throws a LinAlgError for the first of the numbers, one for each matrix, that is not 0: what
// `message` says of it, with the place of the matrix where there is a batch.
void CheckInfo(const Tensor& info, absl::FunctionRef<std::string(int32_t)> message);
// The same where they tell that an iteration has not converged.
void RequireConverged(const Tensor& failed);
// Throws a LinAlgError unless all elements of all matrices are finite.
void RequireFinite(const Tensor& tensor);

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_LINALG_MATRICES_H_
