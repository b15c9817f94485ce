// Tensors from nothing, on the CPU unless a device is given.
#ifndef NEURA_TENSOR_OPS_CREATE_H_
#define NEURA_TENSOR_OPS_CREATE_H_

#include <initializer_list>
#include <vector>

#include "neura/tensor/core/default_dtype.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/random/generator.h"

namespace neura {

struct TensorOptions {
  DType dtype = DefaultDType();
  Device device = DefaultDevice();
};

// Uninitialized memory.
Tensor Empty(DimsView shape, const TensorOptions& options = {});
Tensor Zeros(DimsView shape, const TensorOptions& options = {});
Tensor Ones(DimsView shape, const TensorOptions& options = {});
Tensor Full(DimsView shape, const Scalar& value, const TensorOptions& options = {});
// With the shape, dtype and device of another tensor.
Tensor EmptyLike(const Tensor& other);
Tensor ZerosLike(const Tensor& other);
Tensor OnesLike(const Tensor& other);
Tensor FullLike(const Tensor& other, const Scalar& value);

// A 0-dimensional tensor; without a dtype, that of the number: bool, int64 or float32.
Tensor ScalarTensor(const Scalar& value);
Tensor ScalarTensor(const Scalar& value, const TensorOptions& options);

// A copy of `values`, in row-major order, under `shape`. Throws InvalidArgument when their number
// differs from the shape's.
template <typename T>
Tensor FromSpan(absl::Span<const T> values, DimsView shape);
template <typename T>
Tensor FromVector(const std::vector<T>& values, DimsView shape) {
  return FromSpan<T>(values, shape);
}
// One dimension: FromList<float>({1, 2, 3}).
template <typename T>
Tensor FromList(std::initializer_list<T> values) {
  return FromSpan<T>(absl::MakeSpan(values.begin(), values.size()),
                     {static_cast<int64_t>(values.size())});
}
template <typename T>
Tensor FromList(std::initializer_list<T> values, DimsView shape) {
  return FromSpan<T>(absl::MakeSpan(values.begin(), values.size()), shape);
}

// start, start + step, ... below end (above it when step is negative); nothing where start is end.
// The dtype is int64 when all three are integers, else float32. Throws InvalidArgument when the
// step leads away from end.
Tensor Arange(const Scalar& start, const Scalar& end, const Scalar& step = 1);
Tensor Arange(const Scalar& end);
Tensor Arange(const Scalar& start, const Scalar& end, const Scalar& step,
              const TensorOptions& options);
// `steps` numbers from start to end, both included.
Tensor Linspace(double start, double end, int64_t steps, const TensorOptions& options = {});
// base to the powers of Linspace(start, end, steps).
Tensor Logspace(double start, double end, int64_t steps, double base = 10,
                const TensorOptions& options = {});
// int64 [2, count]: the rows and the columns of the triangle of a matrix that Tril and Triu keep,
// in the order of its elements.
Tensor TrilIndices(int64_t rows, int64_t columns, int64_t offset = 0,
                   const TensorOptions& options = {.dtype = kInt64});
Tensor TriuIndices(int64_t rows, int64_t columns, int64_t offset = 0,
                   const TensorOptions& options = {.dtype = kInt64});
// Ones on the diagonal of a matrix of n rows and m columns (n when absent), zeros elsewhere.
Tensor Eye(int64_t n, const TensorOptions& options = {});
Tensor Eye(int64_t n, int64_t m, const TensorOptions& options = {});

// ---- random; without a generator, from DefaultGenerator() ----
// Uniform in [0, 1).
Tensor Rand(DimsView shape, const TensorOptions& options = {}, Generator* generator = nullptr);
// Uniform in [low, high): no rounding to the dtype reaches high.
Tensor Uniform(DimsView shape, double low, double high, const TensorOptions& options = {},
               Generator* generator = nullptr);
// Normal with mean 0 and standard deviation 1.
Tensor Randn(DimsView shape, const TensorOptions& options = {}, Generator* generator = nullptr);
Tensor Normal(DimsView shape, double mean, double std, const TensorOptions& options = {},
              Generator* generator = nullptr);
// Integers in [low, high), of int64 unless said otherwise.
Tensor RandInt(int64_t low, int64_t high, DimsView shape,
               const TensorOptions& options = {.dtype = kInt64}, Generator* generator = nullptr);
// 1 with probability p, else 0.
Tensor Bernoulli(DimsView shape, double p, const TensorOptions& options = {},
                 Generator* generator = nullptr);
// 1 with the probability that each element of `input` gives, else 0; of the input's dtype.
Tensor Bernoulli(const Tensor& input, Generator* generator = nullptr);
// `input` with each element 0 with probability p, and the others times 1 / (1 - p); the input
// itself when p is 0 or not training. Srivastava et al., 2014, "Dropout: A Simple Way to Prevent
// Neural Networks from Overfitting".
Tensor Dropout(const Tensor& input, double p, bool training = true, Generator* generator = nullptr);
// Of density rate * exp(-rate * x). Throws InvalidArgument unless the rate is positive.
Tensor Exponential(DimsView shape, double rate, const TensorOptions& options = {},
                   Generator* generator = nullptr);
// How many trials of probability p there are up to the first success. Throws InvalidArgument unless
// p lies in (0, 1).
Tensor Geometric(DimsView shape, double p, const TensorOptions& options = {},
                 Generator* generator = nullptr);
// The Cauchy distribution around `median`, whose quartiles are sigma away.
Tensor Cauchy(DimsView shape, double median, double sigma, const TensorOptions& options = {},
              Generator* generator = nullptr);
// exp() of Normal numbers.
Tensor LogNormal(DimsView shape, double mean, double std, const TensorOptions& options = {},
                 Generator* generator = nullptr);
// 0 ... n - 1 in a random order, int64.
Tensor RandPerm(int64_t n, Generator* generator = nullptr);

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_CREATE_H_
