// What cases of layers share.
#include "neura/nn/layer_cases.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

namespace neura::nn::testing {

double MeanOf(const std::vector<double>& values) {
  double sum = 0;
  for (double value : values) sum += value;
  return sum / static_cast<double>(values.size());
}

void Slide(DimsView out, DimsView in, const Window& w,
           const std::function<void(Position, Position, Position)>& fn) {
  const Dims kernel(out.size(), w.kernel);
  for (int64_t i = 0; i < NumElements(out); ++i) {
    for (int64_t k = 0; k < NumElements(kernel); ++k) {
      const Position p = PositionOf(out, i), q = PositionOf(kernel, k);
      Position from;
      bool inside = true;
      for (size_t d = 0; d < out.size(); ++d) {
        from.push_back(p[d] * w.stride - w.padding + q[d] * w.dilation);
        inside = inside && from[d] >= 0 && from[d] < in[d];
      }
      if (inside) fn(p, from, q);
    }
  }
}
int64_t At(const Dims& shape, int64_t first, int64_t second, const Position& place) {
  Position all = {first, second};
  all.insert(all.end(), place.begin(), place.end());
  return IndexOf(shape, all);
}

Reference Surrounded(Dims in, Dims before, Dims out, Source source, double otherwise) {
  return Take(
      out,
      [=](Position p) {
        for (size_t d = 2; d < p.size(); ++d) {
          p[d] = source(p[d] - before[d - 2], in[d]);
          if (p[d] < 0) return Position();
        }
        return p;
      },
      otherwise);
}
int64_t Mirrored(int64_t place, int64_t extent) {
  return extent - 1 - std::abs(extent - 1 - std::abs(place));
}
int64_t Outermost(int64_t place, int64_t extent) {
  return std::min(std::max<int64_t>(place, 0), extent - 1);
}
int64_t Around(int64_t place, int64_t extent) { return (place + extent) % extent; }
int64_t Inside(int64_t place, int64_t extent) { return place < extent ? place : -1; }

}  // namespace neura::nn::testing
