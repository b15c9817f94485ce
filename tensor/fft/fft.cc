#include "neura/tensor/fft/fft.h"

#include <cmath>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/default_dtype.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/op_list/fft.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura::fft {
namespace {

using Count = std::optional<int64_t>;
using Norm = std::optional<std::string>;

// What the result of a transform of n elements is to be multiplied by.
double Factor(std::string_view function, const Norm& norm, bool inverse, int64_t n) {
  const double size = static_cast<double>(n);
  if (!norm || *norm == "backward") return inverse ? 1 / size : 1;
  if (*norm == "ortho") return 1 / std::sqrt(size);
  if (*norm == "forward") return inverse ? 1 : 1 / size;
  ThrowInvalidArgument(absl::StrCat("fft.", function, ": norm must be \"backward\", \"ortho\" or ",
                                    "\"forward\", not \"", *norm, "\""));
}
Tensor Times(const Tensor& x, double factor) { return factor == 1 ? x : x * factor; }

// Cut off, or followed by zeros, to n elements of dim.
Tensor Resized(std::string_view function, const Tensor& input, const Count& n, int64_t given_dim) {
  if (input.dim() == 0) {
    ThrowInvalidArgument(
        absl::StrCat("fft.", function, ": a number has no dimension to transform"));
  }
  const int64_t dim = NormalizeDim(function, given_dim, input.dim());
  const int64_t extent = input.size(dim);
  if (n.value_or(extent) < 1) {
    ThrowInvalidArgument(absl::StrCat("fft.", function, ": ", n.value_or(extent), " elements of ",
                                      Describe(input), " cannot be transformed"));
  }
  if (!n || *n == extent) return input;
  if (*n < extent) return Narrow(input, dim, 0, *n);
  PadOptions pad{.before = Dims(input.shape().size()), .after = Dims(input.shape().size())};
  pad.after[static_cast<size_t>(dim)] = *n - extent;
  return Pad(input, pad);
}

// Of the results for numbers of this dtype.
DType ResultDType(DType dtype) {
  return ComplexDType(IsDifferentiable(dtype) ? dtype : DefaultDType());
}

Tensor RealInput(std::string_view function, const Tensor& input) {
  if (IsComplex(input.dtype())) {
    ThrowInvalidArgument(
        absl::StrCat("fft.", function, ": takes real numbers, got ", Describe(input)));
  }
  return Cast(input, RealDType(ResultDType(input.dtype())));
}
Tensor ComplexInput(const Tensor& input) { return Cast(input, ResultDType(input.dtype())); }

// ---- along one dimension ---------------------------------------------------------------------

Tensor Complexes(std::string_view function, const Tensor& input, const Count& n, int64_t dim,
                 const Norm& norm, bool inverse) {
  const Tensor x = Resized(function, ComplexInput(input), n, dim);
  const double factor = Factor(function, norm, inverse, x.size(dim));
  return Times(Call<op::kFftC2C>({.dim = dim, .inverse = inverse}, x), factor);
}

// `inverse` says which of the two divides.
Tensor FromReals(std::string_view function, const Tensor& input, const Count& n, int64_t dim,
                 const Norm& norm, bool inverse) {
  const Tensor x = Resized(function, RealInput(function, input), n, dim);
  const double factor = Factor(function, norm, inverse, x.size(dim));
  const Tensor y = Times(Call<op::kFftR2C>({.dim = dim}, x), factor);
  return inverse ? Conj(y) : y;
}

Tensor ToReals(std::string_view function, const Tensor& input, const Count& n, int64_t dim,
               const Norm& norm, bool inverse) {
  Tensor x = ComplexInput(input);
  if (x.dim() > 0) {
    const int64_t size = n.value_or(2 * (x.size(NormalizeDim(function, dim, x.dim())) - 1));
    if (size < 1) {
      ThrowInvalidArgument(absl::StrCat("fft.", function, ": no ", size,
                                        " real numbers can be made of ", Describe(input)));
    }
    x = Resized(function, x, size / 2 + 1, dim);
    const double factor = Factor(function, norm, inverse, size);
    return Times(Call<op::kFftC2R>({.dim = dim, .n = size}, inverse ? x : Conj(x)), factor);
  }
  return Resized(function, x, n, dim);
}

// ---- along several ---------------------------------------------------------------------------

struct Sizes {
  Dims dims;
  std::vector<Count> counts;

  Count count(size_t i) const { return counts[i]; }
};

Sizes SizesOf(std::string_view function, const Tensor& input, const std::optional<Dims>& s,
              const std::optional<Dims>& given) {
  Sizes sizes;
  if (given) {
    sizes.dims = *given;
  } else {
    const int64_t count = s ? static_cast<int64_t>(s->size()) : input.dim();
    for (int64_t i = input.dim() - count; i < input.dim(); ++i) sizes.dims.push_back(i);
  }
  if (s && s->size() != sizes.dims.size()) {
    ThrowInvalidArgument(absl::StrCat("fft.", function, ": s has ", s->size(), " extents for ",
                                      sizes.dims.size(), " dimensions"));
  }
  std::vector<bool> seen(input.shape().size());
  for (size_t i = 0; i < sizes.dims.size(); ++i) {
    sizes.dims[i] = NormalizeDim(function, sizes.dims[i], input.dim());
    if (seen[static_cast<size_t>(sizes.dims[i])]) {
      ThrowInvalidArgument(
          absl::StrCat("fft.", function, ": dim ", sizes.dims[i], " is named twice"));
    }
    seen[static_cast<size_t>(sizes.dims[i])] = true;
    const int64_t extent = s ? (*s)[i] : -1;
    sizes.counts.push_back(extent == -1 ? Count() : Count(extent));
  }
  return sizes;
}

// Along all of the dimensions but `without` of the last ones.
Tensor AlongEach(std::string_view function, Tensor x, const Sizes& sizes, size_t without,
                 const Norm& norm, bool inverse) {
  for (size_t i = 0; i + without < sizes.dims.size(); ++i) {
    x = Complexes(function, x, sizes.count(i), sizes.dims[i], norm, inverse);
  }
  return x;
}

void RequireDims(std::string_view function, const Sizes& sizes) {
  if (sizes.dims.empty()) {
    ThrowInvalidArgument(absl::StrCat("fft.", function, ": needs a dimension to transform"));
  }
}

Tensor ComplexesN(std::string_view function, const Tensor& input, const std::optional<Dims>& s,
                  const std::optional<Dims>& dim, const Norm& norm, bool inverse) {
  const Sizes sizes = SizesOf(function, input, s, dim);
  return AlongEach(function, ComplexInput(input), sizes, 0, norm, inverse);
}

Tensor FromRealsN(std::string_view function, const Tensor& input, const std::optional<Dims>& s,
                  const std::optional<Dims>& dim, const Norm& norm, bool inverse) {
  const Sizes sizes = SizesOf(function, input, s, dim);
  RequireDims(function, sizes);
  const size_t last = sizes.dims.size() - 1;
  const Tensor x = FromReals(function, input, sizes.count(last), sizes.dims[last], norm, inverse);
  return AlongEach(function, x, sizes, 1, norm, inverse);
}

Tensor ToRealsN(std::string_view function, const Tensor& input, const std::optional<Dims>& s,
                const std::optional<Dims>& dim, const Norm& norm, bool inverse) {
  const Sizes sizes = SizesOf(function, input, s, dim);
  RequireDims(function, sizes);
  const size_t last = sizes.dims.size() - 1;
  const Tensor x = AlongEach(function, ComplexInput(input), sizes, 1, norm, inverse);
  return ToReals(function, x, sizes.count(last), sizes.dims[last], norm, inverse);
}

}  // namespace

#define NEURA_TRANSFORM(Name, name, Function, inverse)                               \
  Tensor Name(const Tensor& input, const Count& n, int64_t dim, const Norm& norm) {  \
    return Function(#name, input, n, dim, norm, inverse);                            \
  }                                                                                  \
  Tensor Name##2(const Tensor& input, const std::optional<Dims>& s, const Dims& dim, \
                 const Norm& norm) {                                                 \
    return Function##N(#name "2", input, s, dim, norm, inverse);                     \
  }                                                                                  \
  Tensor Name##N(const Tensor& input, const std::optional<Dims>& s,                  \
                 const std::optional<Dims>& dim, const Norm& norm) {                 \
    return Function##N(#name "n", input, s, dim, norm, inverse);                     \
  }
NEURA_TRANSFORM(Fft, fft, Complexes, false)
NEURA_TRANSFORM(Ifft, ifft, Complexes, true)
NEURA_TRANSFORM(Rfft, rfft, FromReals, false)
NEURA_TRANSFORM(Irfft, irfft, ToReals, true)
NEURA_TRANSFORM(Hfft, hfft, ToReals, false)
NEURA_TRANSFORM(Ihfft, ihfft, FromReals, true)
#undef NEURA_TRANSFORM

namespace {

Tensor Frequencies(std::string_view function, int64_t n, const Tensor& places, double d,
                   const std::optional<DType>& dtype) {
  if (n < 1) {
    ThrowInvalidArgument(absl::StrCat("fft.", function, ": n must be positive, got ", n));
  }
  return Cast(places, dtype.value_or(DefaultDType())) / (static_cast<double>(n) * d);
}

// Each dimension turned by what `by` says of its extent.
Tensor Turned(const Tensor& input, const std::optional<Dims>& dim, int64_t (*by)(int64_t)) {
  Dims dims, shifts;
  if (dim) dims = *dim;
  for (int64_t i = 0; !dim && i < input.dim(); ++i) dims.push_back(i);
  for (int64_t d : dims) shifts.push_back(by(input.size(d)));
  return dims.empty() ? input : Roll(input, shifts, dims);
}

}  // namespace

Tensor FftFreq(int64_t n, double d, const std::optional<DType>& dtype) {
  const int64_t positive = (n + 1) / 2;
  const Tensor places = n < 1 ? Arange(0) : Cat({Arange(0, positive), Arange(positive - n, 0)});
  return Frequencies("fftfreq", n, places, d, dtype);
}
Tensor RfftFreq(int64_t n, double d, const std::optional<DType>& dtype) {
  return Frequencies("rfftfreq", n, n < 1 ? Arange(0) : Arange(0, n / 2 + 1), d, dtype);
}

Tensor FftShift(const Tensor& input, const std::optional<Dims>& dim) {
  return Turned(input, dim, [](int64_t extent) { return extent / 2; });
}
Tensor IfftShift(const Tensor& input, const std::optional<Dims>& dim) {
  return Turned(input, dim, [](int64_t extent) { return (extent + 1) / 2; });
}

}  // namespace neura::fft
