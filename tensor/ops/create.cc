#include "neura/tensor/ops/create.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura {
namespace {

Tensor CallFactory(OpId op, const void* options, Device device) {
  Tensor result;
  Dispatch(op, options, {}, absl::MakeSpan(&result, 1), device);
  return result;
}

Tensor CallRandom(OpId op, DimsView shape, const Scalar& low, const Scalar& high,
                  const TensorOptions& tensor, Generator* generator) {
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
  // A bool that is neither false nor true must never be read.
  if (options.dtype == kBool) return Zeros(shape, options);
  return Tensor::Empty(shape, options.dtype, options.device);
}
Tensor Full(DimsView shape, const Scalar& value, const TensorOptions& options) {
  const FullOptions full{
      .shape = Dims(shape.begin(), shape.end()), .value = value, .dtype = options.dtype};
  return CallFactory(op::kFull, &full, options.device);
}
Tensor Zeros(DimsView shape, const TensorOptions& options) { return Full(shape, 0, options); }
Tensor Ones(DimsView shape, const TensorOptions& options) { return Full(shape, 1, options); }

Tensor FullLike(const Tensor& other, const Scalar& value) {
  RequireDefined("full_like", other);
  return Full(other.shape(), value, {.dtype = other.dtype(), .device = other.device()});
}
Tensor EmptyLike(const Tensor& other) {
  RequireDefined("empty_like", other);
  return Empty(other.shape(), {.dtype = other.dtype(), .device = other.device()});
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

namespace {

bool AnyFloating(const Scalar& a, const Scalar& b, const Scalar& c) {
  return std::max({a.category(), b.category(), c.category()}) >= DTypeCategory::kFloating;
}

// How many of start, start + step, ... lie before end; negative where the step leads away from it.
// Integers are exact.
double RangeLength(const Scalar& start, const Scalar& end, const Scalar& step) {
  if (AnyFloating(start, end, step)) {
    const double steps = (end.To<double>() - start.To<double>()) / step.To<double>();
    return steps < 0 ? steps : std::ceil(steps);
  }
  __extension__ using Wide = __int128;
  const auto width = static_cast<Wide>(step.To<int64_t>());
  if (width == 0) return std::numeric_limits<double>::infinity();
  const auto distance = static_cast<Wide>(end.To<int64_t>()) - start.To<int64_t>();
  if (distance != 0 && (distance < 0) != (width < 0)) return -1;
  return static_cast<double>(distance / width + (distance % width != 0));
}

}  // namespace

Tensor Arange(const Scalar& start, const Scalar& end, const Scalar& step,
              const TensorOptions& options) {
  // To an integral dtype, as in PyTorch, all three are cut off first; int32 and narrower dtypes
  // keep the length of the range of real numbers.
  if (IsIntegral(options.dtype) && AnyFloating(start, end, step)) {
    const auto whole = [](const Scalar& number) { return Scalar(number.Saturate<int64_t>()); };
    if (whole(step) == Scalar(0)) {
      ThrowInvalidArgument(absl::StrCat("arange: a step of ", ToString(step), " is 0 in ",
                                        DTypeName(options.dtype)));
    }
    if (options.dtype == kInt64) return Arange(whole(start), whole(end), whole(step), options);
  }
  const double length = RangeLength(start, end, step);
  if (!std::isfinite(length)) {
    ThrowInvalidArgument(absl::StrCat("arange: no finite range from ", ToString(start), " to ",
                                      ToString(end), " by ", ToString(step)));
  }
  if (length < 0) {
    ThrowInvalidArgument(absl::StrCat("arange: a step of ", ToString(step), " leads from ",
                                      ToString(start), " away from ", ToString(end)));
  }
  // Above this a double does not hold the count, nor any machine the elements.
  if (length > 0x1p53) {
    ThrowResourceExhausted(absl::StrCat("arange: ", length, " elements are too many"));
  }
  const RangeOptions range{
      .start = start, .step = step, .length = static_cast<int64_t>(length), .dtype = options.dtype};
  return CallFactory(op::kRange, &range, options.device);
}
Tensor Arange(const Scalar& start, const Scalar& end, const Scalar& step) {
  const bool floating = AnyFloating(start, end, step);
  return Arange(start, end, step, {.dtype = floating ? DefaultDType() : kInt64});
}
Tensor Arange(const Scalar& end) { return Arange(0, end); }

Tensor Linspace(double start, double end, int64_t steps, const TensorOptions& options) {
  if (steps < 0) ThrowInvalidArgument(absl::StrCat("linspace: ", steps, " steps"));
  // A step is no integer even where the values are.
  const DType dtype = IsFloating(options.dtype) ? options.dtype : kFloat64;
  if (IsIntegral(options.dtype)) {
    start = std::trunc(start);
    end = std::trunc(end);
  }
  const double width = steps > 1 ? (end - start) / static_cast<double>(steps - 1) : 0;
  const auto range = [&](double first, double step, int64_t length) {
    const RangeOptions range_options{
        .start = first, .step = step, .length = length, .dtype = dtype};
    return CallFactory(op::kRange, &range_options, options.device);
  };
  // The second half counts back from `end`, so that the last element is it.
  const int64_t half = steps > 1 ? (steps + 1) / 2 : 0;
  Tensor values = range(start, width, steps - half);
  if (half > 0) values = Cat({values, Flip(range(end, -width, half), {0})});
  return Cast(values, options.dtype);
}

Tensor Logspace(double start, double end, int64_t steps, double base,
                const TensorOptions& options) {
  if (IsIntegral(options.dtype)) {
    start = std::trunc(start);
    end = std::trunc(end);
  }
  // Powers in double: rounding of an exponent counts in each digit of them.
  const Tensor exponents =
      Linspace(start, end, steps, {.dtype = kFloat64, .device = options.device});
  return Cast(Pow(base, exponents), options.dtype);
}

namespace {

// Of the rows' columns from first(row) to last(row), which may lie outside.
template <typename First, typename Last>
Tensor TriangleIndices(int64_t rows, int64_t columns, const TensorOptions& options,
                       const First& first, const Last& last) {
  if (rows < 0 || columns < 0) {
    ThrowInvalidArgument(
        absl::StrCat("a triangle's indices: ", rows, " rows and ", columns, " columns"));
  }
  std::vector<int64_t> of_row, of_column;
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t end = std::min(last(row) + 1, columns);
    for (int64_t column = std::max<int64_t>(first(row), 0); column < end; ++column) {
      of_row.push_back(row);
      of_column.push_back(column);
    }
  }
  const auto count = static_cast<int64_t>(of_row.size());
  of_row.insert(of_row.end(), of_column.begin(), of_column.end());
  return Cast(To(FromVector(of_row, {2, count}), options.device), options.dtype);
}

}  // namespace

Tensor TrilIndices(int64_t rows, int64_t columns, int64_t offset, const TensorOptions& options) {
  return TriangleIndices(
      rows, columns, options, [](int64_t) { return 0; },
      [=](int64_t row) { return row + std::clamp(offset, -rows - 1, columns); });
}
Tensor TriuIndices(int64_t rows, int64_t columns, int64_t offset, const TensorOptions& options) {
  return TriangleIndices(
      rows, columns, options, [=](int64_t row) { return row + std::clamp(offset, -rows, columns); },
      [=](int64_t) { return columns; });
}

Tensor Eye(int64_t n, int64_t m, const TensorOptions& options) {
  if (n < 0 || m < 0) {
    ThrowInvalidArgument(absl::StrCat("eye: ", n, " rows and ", m, " columns"));
  }
  const TensorOptions indices{.dtype = kInt64, .device = options.device};
  const Tensor rows = Arange(0, n, 1, indices), columns = Arange(0, m, 1, indices);
  return Cast(Unsqueeze(rows, 1) == columns, options.dtype);
}
Tensor Eye(int64_t n, const TensorOptions& options) { return Eye(n, n, options); }

namespace {

// Complex numbers of real and imaginary parts that `draw` gives under a shape.
template <typename Draw>
Tensor OfParts(DimsView shape, const TensorOptions& options, const Draw& draw) {
  Dims both(shape.begin(), shape.end());
  both.push_back(2);
  return ViewAsComplex(draw(both, {.dtype = RealDType(options.dtype), .device = options.device}));
}

}  // namespace

Tensor Uniform(DimsView shape, double low, double high, const TensorOptions& options,
               Generator* generator) {
  const auto make = [&](DimsView dims, const TensorOptions& real) {
    return CallRandom(op::kRandomUniform, dims, low, high, real, generator);
  };
  return IsComplex(options.dtype) ? OfParts(shape, options, make) : make(shape, options);
}
Tensor Rand(DimsView shape, const TensorOptions& options, Generator* generator) {
  return Uniform(shape, 0, 1, options, generator);
}
Tensor Normal(DimsView shape, double mean, double std, const TensorOptions& options,
              Generator* generator) {
  if (!(std >= 0)) {
    ThrowInvalidArgument(absl::StrCat("normal: expects std >= 0, got std = ", std));
  }
  if (!IsComplex(options.dtype)) {
    return CallRandom(op::kRandomNormal, shape, mean, std, options, generator);
  }
  // The parts share the variance; the mean is real.
  const Tensor numbers = OfParts(shape, options, [&](DimsView dims, const TensorOptions& real) {
    return Normal(dims, 0, std * std::sqrt(0.5), real, generator);
  });
  return mean == 0 ? numbers : numbers + mean;
}
Tensor Randn(DimsView shape, const TensorOptions& options, Generator* generator) {
  return Normal(shape, 0, 1, options, generator);
}
Tensor RandInt(int64_t low, int64_t high, DimsView shape, const TensorOptions& options,
               Generator* generator) {
  return CallRandom(op::kRandomInt, shape, low, high, options, generator);
}
Tensor Bernoulli(DimsView shape, double p, const TensorOptions& options, Generator* generator) {
  return CallRandom(op::kRandomBernoulli, shape, p, 1.0, options, generator);
}
Tensor Bernoulli(const Tensor& input, Generator* generator) {
  RequireDefined("bernoulli", input);
  const TensorOptions options{.dtype = input.dtype(), .device = input.device()};
  return Cast(Rand(input.shape(), options, generator) < input, input.dtype());
}
Tensor Dropout(const Tensor& input, double p, bool training, Generator* generator) {
  RequireDefined("dropout", input);
  if (!(p >= 0 && p <= 1)) {
    ThrowInvalidArgument(absl::StrCat("dropout: p = ", p, " must be a probability"));
  }
  if (p == 0 || !training) return input;
  const Tensor kept =
      Bernoulli(input.shape(), 1 - p, {.dtype = kBool, .device = input.device()}, generator);
  // Chosen, not multiplied by 0: what is dropped may be infinite.
  return Where(kept, input * (p < 1 ? 1 / (1 - p) : 0), 0);
}
Tensor RandPerm(int64_t n, Generator* generator) {
  return CallRandom(op::kRandomPermutation, {n}, 0.0, 1.0, {.dtype = kInt64}, generator);
}

}  // namespace neura
