#include "neura/tensor/windows/windows.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/signal.h"

namespace neura::windows {
namespace {

using std::numbers::pi;

void CheckWidth(std::string_view function, std::string_view name, double width) {
  if (width > 0 && std::isfinite(width)) return;
  ThrowInvalidArgument(
      absl::StrCat("windows.", function, ": ", name, " must be positive, got ", width));
}

// As many steps as a window has between its ends.
double StepsOf(int64_t length, bool sym) {
  return static_cast<double>(std::max(sym ? length - 1 : length, int64_t{0}));
}

}  // namespace

Tensor Bartlett(int64_t length, bool sym, const std::optional<DType>& dtype) {
  return BartlettWindow(length, !sym, dtype);
}

Tensor Blackman(int64_t length, bool sym, const std::optional<DType>& dtype) {
  return BlackmanWindow(length, !sym, dtype);
}

Tensor Cosine(int64_t length, bool sym, const std::optional<DType>& dtype) {
  const Tensor places = WindowPlaces("windows.cosine", length, dtype);
  return AsWindow(Sin((places + 0.5) * (pi / (StepsOf(length, sym) + 1))), dtype);
}

Tensor Exponential(int64_t length, const std::optional<double>& center, double tau, bool sym,
                   const std::optional<DType>& dtype) {
  CheckWidth("exponential", "tau", tau);
  if (sym && center) {
    ThrowInvalidArgument(
        "windows.exponential: a symmetric window has its center in the middle; "
        "give no center, or sym=False");
  }
  const Tensor places = WindowPlaces("windows.exponential", length, dtype);
  return AsWindow(Exp(Abs(places - center.value_or(StepsOf(length, sym) / 2)) / -tau), dtype);
}

Tensor Gaussian(int64_t length, double std, bool sym, const std::optional<DType>& dtype) {
  CheckWidth("gaussian", "std", std);
  const Tensor places = WindowPlaces("windows.gaussian", length, dtype);
  return AsWindow(Exp(Square((places - StepsOf(length, sym) / 2) / std) / -2), dtype);
}

Tensor GeneralCosine(int64_t length, const std::vector<double>& a, bool sym,
                     const std::optional<DType>& dtype) {
  if (a.empty()) {
    ThrowInvalidArgument("windows.general_cosine: a must have at least one coefficient");
  }
  const Tensor places = WindowPlaces("windows.general_cosine", length, dtype);
  const double step = 2 * pi / std::max(StepsOf(length, sym), 1.0);
  Tensor sum = Full({length}, a[0], {.dtype = kFloat64});
  for (size_t k = 1; k < a.size(); ++k) {
    sum = sum + (k % 2 == 0 ? a[k] : -a[k]) * Cos(places * (step * static_cast<double>(k)));
  }
  return AsWindow(sum, dtype);
}

Tensor GeneralHamming(int64_t length, double alpha, bool sym, const std::optional<DType>& dtype) {
  return GeneralCosine(length, {alpha, 1 - alpha}, sym, dtype);
}

Tensor Hamming(int64_t length, bool sym, const std::optional<DType>& dtype) {
  return GeneralHamming(length, 0.54, sym, dtype);
}

Tensor Hann(int64_t length, bool sym, const std::optional<DType>& dtype) {
  return HannWindow(length, !sym, dtype);
}

Tensor Kaiser(int64_t length, double beta, bool sym, const std::optional<DType>& dtype) {
  return KaiserWindow(length, !sym, beta, dtype);
}

Tensor Nuttall(int64_t length, bool sym, const std::optional<DType>& dtype) {
  return GeneralCosine(length, {0.3635819, 0.4891775, 0.1365995, 0.0106411}, sym, dtype);
}

}  // namespace neura::windows
