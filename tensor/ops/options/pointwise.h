// Operations element by element: options.
#ifndef NEURA_TENSOR_OPS_OPTIONS_POINTWISE_H_
#define NEURA_TENSOR_OPS_OPTIONS_POINTWISE_H_

#include <optional>
#include <string>

#include "neura/tensor/core/fields.h"

namespace neura {

// Bounds that are absent do not bind; a NaN makes everything NaN. A bound of a higher category than
// the input's raises the dtype as it would in arithmetic: integers beside 2.5 become float32.
struct ClampOptions {
  std::optional<Scalar> min = {};
  std::optional<Scalar> max = {};
  bool open = false;  // no gradient flows at a bound itself, as hardtanh has it
  NEURA_FIELDS(min, max, open)
};

// "none": x * Phi(x). "tanh": the approximation of Hendrycks and Gimpel, 2016 (arXiv:1606.08415).
struct GeluOptions {
  std::string approximate = "none";
  NEURA_FIELDS(approximate)
};

struct LeakyReluOptions {
  double negative_slope = 0.01;
  NEURA_FIELDS(negative_slope)
};

// From 0, which is digamma itself, on.
struct PolyGammaOptions {
  int64_t n = 0;
  NEURA_FIELDS(n)
};

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_OPTIONS_POINTWISE_H_
