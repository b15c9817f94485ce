// Shapes of samples.
#ifndef NEURA_DISTRIBUTIONS_SHAPES_H_
#define NEURA_DISTRIBUTIONS_SHAPES_H_

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/shape.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/reduce.h"
#include "neura/tensor/ops/shape.h"

namespace neura::distributions {

// -1, -2, ...
inline Dims LastDims(int64_t count) {
  Dims dims;
  for (int64_t i = 1; i <= count; ++i) dims.push_back(-i);
  return dims;
}

inline Dims Joined(DimsView a, DimsView b) {
  Dims joined(a.begin(), a.end());
  joined.insert(joined.end(), b.begin(), b.end());
  return joined;
}

// "0.0", as Python prints a number.
inline std::string NumberText(double value) {
  const std::string text = absl::StrCat(value);
  return text.find_first_not_of("-0123456789") == std::string::npos ? text + ".0" : text;
}

// Sum over the last dimensions.
inline Tensor SumRightmost(const Tensor& x, int64_t count) {
  return count <= 0 ? x : Sum(x, {.dims = LastDims(count)});
}

}  // namespace neura::distributions

#endif  // NEURA_DISTRIBUTIONS_SHAPES_H_
