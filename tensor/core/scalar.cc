#include "neura/tensor/core/scalar.h"

#include "absl/strings/str_cat.h"

namespace neura {

DType Scalar::default_dtype() const {
  switch (category_) {
    case DTypeCategory::kBool:
      return kBool;
    case DTypeCategory::kIntegral:
      return kInt64;
    case DTypeCategory::kFloating:
      return kFloat32;
    case DTypeCategory::kComplex:
      break;
  }
  return kComplex64;
}

std::string ToString(const Scalar& value) {
  switch (value.category()) {
    case DTypeCategory::kBool:
      return value.To<bool>() ? "true" : "false";
    case DTypeCategory::kIntegral:
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
