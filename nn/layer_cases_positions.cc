// Layers that tell where in a sequence its elements stand.
#include <cmath>

#include "neura/nn/layer_cases.h"

namespace neura::nn::testing {
namespace {

// The angle of a pair of elements at a place.
double Angle(double place, int64_t pair, int64_t dim, double base) {
  return place / std::pow(base, 2.0 * static_cast<double>(pair) / static_cast<double>(dim));
}

// The input plus the value of (place, element); places are along time_dim.
Reference PlusPlaces(size_t time_dim, std::function<double(Arrays, int64_t, int64_t)> value) {
  return [=](Arrays in) {
    Array out = in[0];
    for (int64_t i = 0; i < out.numel(); ++i) {
      const Position p = PositionOf(out.shape, i);
      out[i] += value(in, p[time_dim], p.back());
    }
    return One(out);
  };
}

double Wave(int64_t place, int64_t element, int64_t dim) {
  const double angle = Angle(static_cast<double>(place), element / 2, dim, 10000);
  return element % 2 == 0 ? std::sin(angle) : std::cos(angle);
}

// Each pair (a, b) of the first `dim` elements as (a + b i) e^(i angle).
Reference Rotated(int64_t dim, double base, bool interleaved, bool has_positions) {
  return [=](Arrays in) {
    Array out = in[0];
    const int64_t width = out.size(-1), length = out.size(-2);
    for (int64_t row = 0; row < out.numel() / width; ++row) {
      const int64_t t = row % length;
      const double place = has_positions ? in[1][t] : static_cast<double>(t);
      for (int64_t pair = 0; pair < dim / 2; ++pair) {
        const int64_t a = row * width + (interleaved ? 2 * pair : pair);
        const int64_t b = a + (interleaved ? 1 : dim / 2);
        const double angle = Angle(place, pair, dim, base);
        out[a] = in[0][a] * std::cos(angle) - in[0][b] * std::sin(angle);
        out[b] = in[0][a] * std::sin(angle) + in[0][b] * std::cos(angle);
      }
    }
    return One(out);
  };
}

}  // namespace

void AddPositionCases(std::vector<LayerCase>& cases) {
  // The table is float32 before it becomes float64.
  const auto rounded = [](Arrays, int64_t place, int64_t element) {
    return static_cast<double>(static_cast<float>(Wave(place, element, 5)));
  };
  cases.push_back(Case<SinusoidalPositionalEncoding>(
      "SinusoidalPositionalEncoding/steps", Sample({4, 2, 5}, 1), PlusPlaces(0, rounded),
      "embed_dim=5, max_len=9, dropout=0, batch_first=false",
      SinusoidalPositionalEncodingOptions{.embed_dim = 5, .max_len = 9}));
  cases.push_back(Case<SinusoidalPositionalEncoding>(
      "SinusoidalPositionalEncoding/batch", Sample({2, 4, 5}, 1), PlusPlaces(1, rounded),
      "embed_dim=5, max_len=5000, dropout=0, batch_first=true",
      SinusoidalPositionalEncodingOptions{.embed_dim = 5, .batch_first = true}));
  const auto learned = [](Arrays in, int64_t place, int64_t element) {
    return in[1][place * in[1].size(1) + element];
  };
  cases.push_back(Case<LearnedPositionalEmbedding>(
      "LearnedPositionalEmbedding/one", Sample({3, 2}, 1), PlusPlaces(0, learned),
      "max_len=4, embed_dim=2, dropout=0, batch_first=false",
      LearnedPositionalEmbeddingOptions{.max_len = 4, .embed_dim = 2}));
  cases.push_back(Case<LearnedPositionalEmbedding>(
      "LearnedPositionalEmbedding/batch", Sample({2, 3, 2}, 1), PlusPlaces(1, learned),
      "max_len=3, embed_dim=2, dropout=0, batch_first=true",
      LearnedPositionalEmbeddingOptions{.max_len = 3, .embed_dim = 2, .batch_first = true}));
  cases.push_back(Case<RotaryEmbedding>(
      "RotaryEmbedding/halves", Sample({2, 3, 4}, 1), Rotated(4, 10000, false, false),
      "dim=4, base=10000, interleaved=false", RotaryEmbeddingOptions{.dim = 4}));
  cases.push_back(CaseWith<RotaryEmbedding>(
      "RotaryEmbedding/part", {Sample({2, 3, 6}, 1), FromList<int64_t>({7, 0, 2})},
      Rotated(4, 50, true, true), "dim=4, base=50, interleaved=true",
      RotaryEmbeddingOptions{.dim = 4, .base = 50, .interleaved = true}));
}

}  // namespace neura::nn::testing
