#include "neura/tensor/core/scalar.h"

#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/default_dtype.h"

namespace neura {

DType Scalar::default_dtype() const {
  switch (category_) {
    case DTypeCategory::kBool:
      return kBool;
    case DTypeCategory::kIntegral:
      return beyond_int64_ ? kUInt64 : kInt64;
    case DTypeCategory::kFloating:
      return DefaultDType();
    case DTypeCategory::kComplex:
      break;
  }
  return DefaultDType() == kFloat64 ? kComplex128 : kComplex64;
}

bool Scalar::Fits(DType dtype) const {
  if (dtype == kBool || IsComplex(dtype)) return true;
  if (imag_ != 0) return false;
  if (!IsIntegral(dtype)) return true;
  return SwitchDType(dtype, [this]<typename T>(T) {
    if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
      if (beyond_int64_) return std::is_same_v<T, uint64_t>;
      if (category_ <= DTypeCategory::kIntegral) return std::in_range<T>(int_);
      // Both ends are exact in double; NaN fails every comparison.
      const double low = static_cast<double>(std::numeric_limits<T>::min());
      const double end = std::ldexp(1.0, std::numeric_limits<T>::digits);
      const double whole = std::trunc(real_);
      return whole >= low && whole < end;
    } else {
      return true;
    }
  });
}

std::string ToString(const Scalar& value) {
  switch (value.category()) {
    case DTypeCategory::kBool:
      return value.To<bool>() ? "true" : "false";
    case DTypeCategory::kIntegral:
      if (value.beyond_int64()) return absl::StrCat(value.To<uint64_t>());
      return absl::StrCat(value.To<int64_t>());
    case DTypeCategory::kFloating:
      return absl::StrCat(value.To<double>());
    case DTypeCategory::kComplex:
      break;
  }
  const auto complex = value.To<std::complex<double>>();
  return absl::StrCat(complex.real(), complex.imag() < 0 ? "" : "+", complex.imag(), "j");
}

}  // namespace neura
