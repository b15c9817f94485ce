// Complex numbers: their parts and what is made of them.
#include <numbers>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/default_dtype.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/composites.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura {
namespace {

Tensor PartOf(const Tensor& input, int64_t which) { return Select(ViewAsReal(input), -1, which); }

}  // namespace

Tensor Complex(const Tensor& real, const Tensor& imag) {
  if (real.dtype() != imag.dtype() || (real.dtype() != kFloat32 && real.dtype() != kFloat64)) {
    ThrowInvalidArgument(absl::StrCat("complex: both parts must be float32 or float64, got ",
                                      Describe(real), " and ", Describe(imag)));
  }
  const Dims shape = BroadcastShapes("complex", real.shape(), imag.shape());
  return ViewAsComplex(Stack({Expand(real, shape), Expand(imag, shape)}, -1));
}

Tensor Polar(const Tensor& abs, const Tensor& angle) {
  return Complex(abs * Cos(angle), abs * Sin(angle));
}

Tensor Real(const Tensor& input) { return IsComplex(input.dtype()) ? PartOf(input, 0) : input; }

Tensor Imag(const Tensor& input) {
  if (!IsComplex(input.dtype())) {
    ThrowInvalidArgument(absl::StrCat("imag: real numbers have no such part: ", Describe(input)));
  }
  return PartOf(input, 1);
}

Tensor Conj(const Tensor& input) { return IsComplex(input.dtype()) ? ConjPhysical(input) : input; }

Tensor Angle(const Tensor& input) {
  if (IsComplex(input.dtype())) {
    // Of zero 0, and so is its gradient.
    const Tensor zero = input == 0;
    return Where(zero, 0, Atan2(Imag(input), Where(zero, 1, Real(input))));
  }
  const Tensor x = IsFloating(input.dtype()) ? input : Cast(input, DefaultDType());
  return Where(IsNan(x), x, Where(x < 0, std::numbers::pi, ZerosLike(x)));
}

Tensor IsReal(const Tensor& input) {
  return IsComplex(input.dtype()) ? Imag(input) == 0
                                  : Ones(input.shape(), {.dtype = kBool, .device = input.device()});
}

Tensor Adjoint(const Tensor& input) { return Conj(Transpose(input, -2, -1)); }

}  // namespace neura
