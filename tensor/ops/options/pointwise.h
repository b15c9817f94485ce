// Operations element by element: options.
#ifndef NEURA_TENSOR_OPS_OPTIONS_POINTWISE_H_
#define NEURA_TENSOR_OPS_OPTIONS_POINTWISE_H_

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

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

// The function itself or its derivative.
struct AiryAiOptions {
  bool derivative = false;
  NEURA_FIELDS(derivative)
};

inline constexpr std::string_view kPolynomialFamilies[] = {
    "chebyshev_t", "chebyshev_u", "chebyshev_v", "chebyshev_w",
    "hermite_h",   "hermite_he",  "laguerre_l",  "legendre_p"};
inline constexpr int64_t kMostPolynomialDerivatives = 8;

// One of kPolynomialFamilies, and which of its derivatives, 0 for itself.
struct PolynomialOptions {
  std::string family = "chebyshev_t";
  int64_t derivative = 0;
  NEURA_FIELDS(family, derivative)
};

}  // namespace neura

#endif  // NEURA_TENSOR_OPS_OPTIONS_POINTWISE_H_
