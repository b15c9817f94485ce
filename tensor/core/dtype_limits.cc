#include "neura/tensor/core/dtype_limits.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"

namespace neura {
namespace {

template <typename T>
constexpr FloatLimits Of(double resolution) {
  using Limits = std::numeric_limits<T>;
  return {Limits::max(), Limits::epsilon(), Limits::min(), resolution};
}
template <typename T>
constexpr IntegerLimits IntegersOf() {
  return {std::numeric_limits<T>::min(), std::numeric_limits<T>::max()};
}

}  // namespace

FloatLimits FloatLimitsOf(DType dtype) {
  switch (dtype) {
    case kFloat16:
      return {65504, 0x1p-10, 0x1p-14, 1e-3};
    case kBFloat16:
      return {0x1.fep+127, 0x1p-7, 0x1p-126, 1e-2};
    case kFloat32:
    case kComplex64:
      return Of<float>(1e-6);
    case kFloat64:
    case kComplex128:
      return Of<double>(1e-15);
    default:
      ThrowInvalidArgument(absl::StrCat("finfo: ", DTypeName(dtype),
                                        " is no floating point dtype; integers have iinfo"));
  }
}

IntegerLimits IntegerLimitsOf(DType dtype) {
  switch (dtype) {
    case kUInt8:
      return IntegersOf<uint8_t>();
    case kInt8:
      return IntegersOf<int8_t>();
    case kUInt16:
      return IntegersOf<uint16_t>();
    case kInt16:
      return IntegersOf<int16_t>();
    case kUInt32:
      return IntegersOf<uint32_t>();
    case kInt32:
      return IntegersOf<int32_t>();
    case kUInt64:
      return IntegersOf<uint64_t>();
    case kInt64:
      return IntegersOf<int64_t>();
    default:
      ThrowInvalidArgument(absl::StrCat("iinfo: ", DTypeName(dtype),
                                        " is no integer dtype; floating point ones have finfo"));
  }
}

}  // namespace neura
