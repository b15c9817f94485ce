#include "neura/tensor/cpu/linalg/matrices.h"

#include <atomic>
#include <cstddef>
#include <type_traits>

#include "absl/strings/str_cat.h"
#include "neura/tensor/linalg/error.h"

namespace neura::cpu {
namespace {

// Eigen asks for the sizes of caches on first use, which a fork must not find halfway.
[[maybe_unused]] const std::ptrdiff_t kAsked = Eigen::l1CacheSize();

// Where part i of those lies that the first dimensions count, in elements.
int64_t OffsetOf(const Tensor& tensor, size_t dims, int64_t i) {
  int64_t offset = 0;
  for (size_t d = dims; d-- > 0;) {
    offset += i % tensor.shape()[d] * tensor.strides()[d];
    i /= tensor.shape()[d];
  }
  return offset;
}

// Calls f with a value of the type of the tensor's elements.
template <typename F>
void SwitchElement(const Tensor& tensor, F f) {
  switch (tensor.dtype()) {
    case kFloat32:
      return f(float());
    case kFloat64:
      return f(double());
    case kComplex64:
      return f(std::complex<float>());
    default:
      return f(std::complex<double>());
  }
}

// Matrices of complex numbers are neither read from nor written to tensors of real ones, for which
// this is compiled, too.
template <typename To, typename From>
To As(From x) {
  if constexpr (std::is_arithmetic_v<To> && !std::is_arithmetic_v<From>) {
    return static_cast<To>(x.real());
  } else {
    return static_cast<To>(x);
  }
}

[[noreturn]] void FailForMatrix(int64_t i, int64_t count, const std::string& message) {
  throw linalg::LinAlgError(count > 1 ? absl::StrCat("(Batch element ", i, "): ", message)
                                      : message);
}

}  // namespace

int64_t NumMatrices(const Tensor& tensor) {
  return NumElements(tensor.shape().first(tensor.shape().size() - 2));
}

template <typename S>
Matrix<S> Load(const Tensor& tensor, int64_t i) {
  Matrix<S> matrix(tensor.size(-2), tensor.size(-1));
  const size_t rank = tensor.shape().size();
  const int64_t row_stride = tensor.strides()[rank - 2], column_stride = tensor.strides()[rank - 1];
  SwitchElement(tensor, [&]<typename T>(T) {
    const T* const from = static_cast<const T*>(tensor.raw_data()) + OffsetOf(tensor, rank - 2, i);
    for (Index c = 0; c < matrix.cols(); ++c) {
      for (Index r = 0; r < matrix.rows(); ++r) {
        matrix(r, c) = As<S>(from[r * row_stride + c * column_stride]);
      }
    }
  });
  return matrix;
}

template <typename S>
void Store(const Matrix<S>& matrix, const Tensor& tensor, int64_t i) {
  SwitchElement(tensor, [&]<typename T>(T) {
    T* to = static_cast<T*>(tensor.raw_data()) + i * matrix.size();
    for (Index r = 0; r < matrix.rows(); ++r) {
      for (Index c = 0; c < matrix.cols(); ++c) *to++ = As<T>(matrix(r, c));
    }
  });
}

void StoreReals(const Reals& values, const Tensor& tensor, int64_t i) {
  Store<double>(values.transpose(), tensor, i);
}

int64_t PlaceOf(const Tensor& tensor, int64_t i) {
  return OffsetOf(tensor, tensor.shape().size(), i);
}

void CheckInfo(const Tensor& info, absl::FunctionRef<std::string(int32_t)> message) {
  const int32_t* const values = static_cast<const int32_t*>(info.raw_data());
  for (int64_t i = 0; i < info.numel(); ++i) {
    if (values[i] != 0) FailForMatrix(i, info.numel(), message(values[i]));
  }
}

void RequireConverged(const Tensor& failed) {
  CheckInfo(failed, [](int32_t) { return "the algorithm failed to converge"; });
}

void RequireFinite(const Tensor& tensor) {
  const int64_t count = NumMatrices(tensor);
  std::atomic<int64_t> first{count};
  ForEachMatrix(tensor, [&]<typename S>(S, int64_t i) {
    if (Load<S>(tensor, i).allFinite()) return;
    int64_t seen = first;
    while (i < seen && !first.compare_exchange_weak(seen, i)) {
    }
  });
  if (first < count) {
    FailForMatrix(first, count,
                  "the algorithm cannot converge because the matrix has elements that are not "
                  "finite");
  }
}

template Matrix<double> Load(const Tensor& tensor, int64_t i);
template Matrix<Number> Load(const Tensor& tensor, int64_t i);
template void Store(const Matrix<double>& matrix, const Tensor& tensor, int64_t i);
template void Store(const Matrix<Number>& matrix, const Tensor& tensor, int64_t i);

}  // namespace neura::cpu
