#include "neura/tensor/ops/create.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/options.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura {
namespace {

Tensor CallFactory(OpId op, const void* options, Device device) {
  Tensor result;
  Dispatch(op, options, {}, absl::MakeSpan(&result, 1), device);
  return result;
}

Tensor CallRandom(OpId op, DimsView shape, double low, double high, const TensorOptions& tensor,
                  Generator* generator) {
  RandomOptions options{
      .shape = Dims(shape.begin(), shape.end()), .low = low, .high = high, .dtype = tensor.dtype};
  Generator& source = generator != nullptr ? *generator : DefaultGenerator();
  const RandomState state = source.Reserve(NumElements(shape));
  options.seed = state.seed;
  options.offset = state.offset;
  return CallFactory(op, &options, tensor.device);
}

}  // namespace

Tensor Empty(DimsView shape, const TensorOptions& options) {
  return Tensor::Empty(shape, options.dtype, options.device);
}
Tensor Full(DimsView shape, const Scalar& value, const TensorOptions& options) {
  const FullOptions full{
      .shape = Dims(shape.begin(), shape.end()), .value = value, .dtype = options.dtype};
  return CallFactory(OpId::kFull, &full, options.device);
}
Tensor Zeros(DimsView shape, const TensorOptions& options) { return Full(shape, 0, options); }
Tensor Ones(DimsView shape, const TensorOptions& options) { return Full(shape, 1, options); }

Tensor FullLike(const Tensor& other, const Scalar& value) {
  return Full(other.shape(), value, {.dtype = other.dtype(), .device = other.device()});
}
Tensor EmptyLike(const Tensor& other) {
  return Tensor::Empty(other.shape(), other.dtype(), other.device());
}
Tensor ZerosLike(const Tensor& other) { return FullLike(other, 0); }
Tensor OnesLike(const Tensor& other) { return FullLike(other, 1); }

Tensor ScalarTensor(const Scalar& value, const TensorOptions& options) {
  return Full({}, value, options);
}
Tensor ScalarTensor(const Scalar& value) {
  return Full({}, value, {.dtype = value.default_dtype()});
}

template <typename T>
Tensor FromSpan(absl::Span<const T> values, DimsView shape) {
  Tensor result = Tensor::Empty(shape, DTypeOf<T>, kCpu);
  if (static_cast<size_t>(result.numel()) != values.size()) {
    ThrowInvalidArgument(
        absl::StrCat("FromSpan: ", values.size(), " values cannot take shape ", ToString(shape)));
  }
  std::copy(values.begin(), values.end(), result.data<T>());
  return result;
}
#define NEURA_FROM_SPAN(type, name) \
  template Tensor FromSpan<type>(absl::Span<const type> values, DimsView shape);
NEURA_FORALL_DTYPES(NEURA_FROM_SPAN)
#undef NEURA_FROM_SPAN

Tensor Arange(const Scalar& start, const Scalar& end, const Scalar& step,
              const TensorOptions& options) {
  const double first = start.To<double>(), last = end.To<double>(), width = step.To<double>();
  const double length = std::ceil((last - first) / width);
  if (width == 0 || !std::isfinite(length)) {
    ThrowInvalidArgument(
        absl::StrCat("arange: no finite range from ", first, " to ", last, " by ", width));
  }
  if (length > 0x1p62) {
    ThrowResourceExhausted(absl::StrCat("arange: ", length, " elements are too many"));
  }
  const RangeOptions range{.start = start,
                           .step = step,
                           .length = std::max<int64_t>(static_cast<int64_t>(length), 0),
                           .dtype = options.dtype};
  return CallFactory(OpId::kRange, &range, options.device);
}
Tensor Arange(const Scalar& start, const Scalar& end, const Scalar& step) {
  const bool floating =
      std::max({start.category(), end.category(), step.category()}) >= DTypeCategory::kFloating;
  return Arange(start, end, step, {.dtype = floating ? kFloat32 : kInt64});
}
Tensor Arange(const Scalar& end) { return Arange(0, end); }

Tensor Linspace(double start, double end, int64_t steps, const TensorOptions& options) {
  if (steps < 0) ThrowInvalidArgument(absl::StrCat("linspace: ", steps, " steps"));
  const double width = steps > 1 ? (end - start) / static_cast<double>(steps - 1) : 0;
  const RangeOptions range{.start = start, .step = width, .length = steps, .dtype = options.dtype};
  return CallFactory(OpId::kRange, &range, options.device);
}

Tensor Eye(int64_t n, int64_t m, const TensorOptions& options) {
  Tensor result = Zeros({n, m}, options);
  Fill(Diagonal(result), 1);
  return result;
}
Tensor Eye(int64_t n, const TensorOptions& options) { return Eye(n, n, options); }

Tensor Uniform(DimsView shape, double low, double high, const TensorOptions& options,
               Generator* generator) {
  return CallRandom(OpId::kRandomUniform, shape, low, high, options, generator);
}
Tensor Rand(DimsView shape, const TensorOptions& options, Generator* generator) {
  return Uniform(shape, 0, 1, options, generator);
}
Tensor Normal(DimsView shape, double mean, double std, const TensorOptions& options,
              Generator* generator) {
  return CallRandom(OpId::kRandomNormal, shape, mean, std, options, generator);
}
Tensor Randn(DimsView shape, const TensorOptions& options, Generator* generator) {
  return Normal(shape, 0, 1, options, generator);
}
Tensor RandInt(int64_t low, int64_t high, DimsView shape, const TensorOptions& options,
               Generator* generator) {
  return CallRandom(OpId::kRandomInt, shape, static_cast<double>(low), static_cast<double>(high),
                    options, generator);
}
Tensor Bernoulli(DimsView shape, double p, const TensorOptions& options, Generator* generator) {
  return CallRandom(OpId::kRandomBernoulli, shape, p, 1, options, generator);
}
Tensor RandPerm(int64_t n, Generator* generator) {
  return CallRandom(OpId::kRandomPermutation, {n}, 0, 1, {.dtype = kInt64}, generator);
}

}  // namespace neura
