#include "neura/nn/positions.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "neura/nn/layer_parts.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura::nn {
namespace {

using internal::CheckPositive;

void CheckDropout(const char* layer, double p) {
  if (p >= 0 && p <= 1) return;
  ThrowInvalidArgument(absl::StrCat(layer, ": dropout = ", p, " must be between 0 and 1"));
}

// 1 / base^(2 i / dim) for each pair i, float64.
Tensor Frequencies(int64_t dim, double base, Device device) {
  std::vector<double> frequencies;
  for (int64_t i = 0; i < (dim + 1) / 2; ++i) {
    frequencies.push_back(std::pow(base, -2.0 * static_cast<double>(i) / static_cast<double>(dim)));
  }
  return To(FromVector(frequencies, {static_cast<int64_t>(frequencies.size())}), device);
}

// The input plus the rows of a table, one for each place.
template <typename Options>
Tensor WithPlaces(const char* layer, const Tensor& input, const Tensor& table,
                  const Options& options, bool training) {
  RequireDefined(layer, input);
  if (input.dim() != 2 && input.dim() != 3) {
    ThrowInvalidArgument(absl::StrCat(
        layer, ": expected ", options.batch_first ? "[N, T, embed_dim]" : "[T, N, embed_dim]",
        " or [T, embed_dim], got ", neura::Describe(input)));
  }
  const int64_t length = input.size(input.dim() == 3 && options.batch_first ? 1 : 0);
  if (input.size(-1) != options.embed_dim || length > options.max_len) {
    ThrowInvalidArgument(absl::StrCat(
        layer, ": ", neura::Describe(input), " must have the last dimension embed_dim = ",
        options.embed_dim, " and at most max_len = ", options.max_len, " places"));
  }
  Tensor rows = Cast(Narrow(table, 0, 0, length), input.dtype());
  if (input.dim() == 3 && !options.batch_first) rows = Unsqueeze(rows, 1);
  const Tensor sum = input + rows;
  return options.dropout > 0 ? neura::Dropout(sum, options.dropout, training) : sum;
}

}  // namespace

SinusoidalPositionalEncoding::SinusoidalPositionalEncoding(
    const SinusoidalPositionalEncodingOptions& options)
    : WithOptions(options) {
  constexpr char kLayer[] = "SinusoidalPositionalEncoding";
  CheckPositive(kLayer, "embed_dim", options.embed_dim);
  CheckPositive(kLayer, "max_len", options.max_len);
  CheckDropout(kLayer, options.dropout);
  const Tensor places = Arange(0, options.max_len, 1, {.dtype = kFloat64});
  const Tensor angles = Unsqueeze(places, 1) * Frequencies(options.embed_dim, 10000, kCpu);
  const Tensor both = Flatten(Stack({Sin(angles), Cos(angles)}, 2), 1, 2);
  pe = Buffer(Contiguous(Cast(Narrow(both, 1, 0, options.embed_dim), DefaultDType())));
}
Tensor SinusoidalPositionalEncoding::Forward(const Tensor& input) {
  return WithPlaces("SinusoidalPositionalEncoding", input, pe, options, training());
}

LearnedPositionalEmbedding::LearnedPositionalEmbedding(
    const LearnedPositionalEmbeddingOptions& options)
    : WithOptions(options) {
  constexpr char kLayer[] = "LearnedPositionalEmbedding";
  CheckPositive(kLayer, "max_len", options.max_len);
  CheckPositive(kLayer, "embed_dim", options.embed_dim);
  CheckDropout(kLayer, options.dropout);
  weight = Parameter(Normal({options.max_len, options.embed_dim}, 0, 0.02));
}
Tensor LearnedPositionalEmbedding::Forward(const Tensor& input) {
  return WithPlaces("LearnedPositionalEmbedding", input, weight, options, training());
}

RotaryEmbedding::RotaryEmbedding(const RotaryEmbeddingOptions& options) : WithOptions(options) {
  CheckPositive("RotaryEmbedding", "dim", options.dim);
  if (options.dim % 2 != 0 || !(options.base > 0)) {
    ThrowInvalidArgument(absl::StrCat("RotaryEmbedding: dim = ", options.dim,
                                      " must be even and base = ", options.base, " positive"));
  }
}
Tensor RotaryEmbedding::Forward(const Tensor& input, const std::optional<Tensor>& positions) {
  constexpr char kLayer[] = "RotaryEmbedding";
  RequireDefined(kLayer, input);
  const int64_t dim = options.dim;
  if (input.dim() < 2 || input.size(-1) < dim || !IsFloating(input.dtype())) {
    ThrowInvalidArgument(absl::StrCat(kLayer,
                                      ": expected floating point vectors [..., T, D] of at "
                                      "least dim = ",
                                      dim, " elements, got ", neura::Describe(input)));
  }
  const TensorOptions wide{.dtype = kFloat64, .device = input.device()};
  const Tensor places = positions && positions->defined() ? Cast(*positions, kFloat64)
                                                          : Arange(0, input.size(-2), 1, wide);
  if (places.dim() < 1 || places.size(-1) != input.size(-2)) {
    ThrowInvalidArgument(absl::StrCat(kLayer, ": positions must be [T] or [..., T] for ",
                                      neura::Describe(input), ", got ", neura::Describe(places)));
  }
  // Angles of late places need more digits than 16 bits have.
  const Tensor angles = Unsqueeze(places, -1) * Frequencies(dim, options.base, input.device());
  const Tensor cos = Cast(Cos(angles), input.dtype()), sin = Cast(Sin(angles), input.dtype());
  const Tensor turned = Narrow(input, -1, 0, dim);
  Tensor first, second;
  if (options.interleaved) {
    first = Slice(turned, -1, 0, INT64_MAX, 2);
    second = Slice(turned, -1, 1, INT64_MAX, 2);
  } else {
    first = Narrow(turned, -1, 0, dim / 2);
    second = Narrow(turned, -1, dim / 2, dim / 2);
  }
  const Tensor a = first * cos - second * sin, b = second * cos + first * sin;
  Tensor result = options.interleaved ? Flatten(Stack({a, b}, -1), -2, -1) : Cat({a, b}, -1);
  if (input.size(-1) > dim) {
    result = Cat({result, Narrow(input, -1, dim, input.size(-1) - dim)}, -1);
  }
  return result;
}

}  // namespace neura::nn
