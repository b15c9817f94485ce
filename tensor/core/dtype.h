// Element types of tensors and the rules by which they combine.
#ifndef NEURA_TENSOR_CORE_DTYPE_H_
#define NEURA_TENSOR_CORE_DTYPE_H_

#include <complex>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "neura/tensor/core/float16.h"

namespace neura {

enum class DType : uint8_t {
  kBool,
  kUInt8,
  kInt8,
  kInt16,
  kInt32,
  kInt64,
  kFloat16,
  kBFloat16,
  kFloat32,
  kFloat64,
  kComplex64,
  kComplex128,
};
inline constexpr int kNumDTypes = 12;

inline constexpr DType kBool = DType::kBool;
inline constexpr DType kUInt8 = DType::kUInt8;
inline constexpr DType kInt8 = DType::kInt8;
inline constexpr DType kInt16 = DType::kInt16;
inline constexpr DType kInt32 = DType::kInt32;
inline constexpr DType kInt64 = DType::kInt64;
inline constexpr DType kFloat16 = DType::kFloat16;
inline constexpr DType kBFloat16 = DType::kBFloat16;
inline constexpr DType kFloat32 = DType::kFloat32;
inline constexpr DType kFloat64 = DType::kFloat64;
inline constexpr DType kComplex64 = DType::kComplex64;
inline constexpr DType kComplex128 = DType::kComplex128;

// Calls macro(C++ type, DType enumerator) for each of the twelve.
#define NEURA_FORALL_DTYPES(macro)                                                           \
  macro(bool, kBool) macro(uint8_t, kUInt8) macro(int8_t, kInt8) macro(int16_t, kInt16)      \
      macro(int32_t, kInt32) macro(int64_t, kInt64) macro(::neura::Half, kFloat16)           \
          macro(::neura::BFloat16, kBFloat16) macro(float, kFloat32) macro(double, kFloat64) \
              macro(std::complex<float>, kComplex64) macro(std::complex<double>, kComplex128)

// Calls f with a value of the dtype's C++ type, and returns what it returns.
template <typename F>
decltype(auto) SwitchDType(DType dtype, F&& f) {
  switch (dtype) {
#define NEURA_CASE(type, name) \
  case DType::name:            \
    return f(type());
    NEURA_FORALL_DTYPES(NEURA_CASE)
#undef NEURA_CASE
  }
  __builtin_unreachable();
}

// DTypeOf<float> == kFloat32, and so on.
template <typename T>
struct DTypeOfT;
#define NEURA_DTYPE_OF(type, name)              \
  template <>                                   \
  struct DTypeOfT<type> {                       \
    static constexpr DType value = DType::name; \
  };
NEURA_FORALL_DTYPES(NEURA_DTYPE_OF)
#undef NEURA_DTYPE_OF
template <typename T>
inline constexpr DType DTypeOf = DTypeOfT<T>::value;

// The dtype in which kernels compute what has this one, where they have no loop of its own: float16
// and bfloat16 widen to float32, int8 and int16 to int32, the others are their own.
constexpr DType WideDType(DType dtype) {
  switch (dtype) {
    case kInt8:
    case kInt16:
      return kInt32;
    case kFloat16:
    case kBFloat16:
      return kFloat32;
    default:
      return dtype;
  }
}

// The kinds of number, in the order in which they absorb each other.
enum class DTypeCategory : uint8_t { kBool, kIntegral, kFloating, kComplex };

// "float32", "int64", ...
std::string_view DTypeName(DType dtype);
// Bytes of one element.
constexpr size_t ItemSize(DType dtype) {
  constexpr uint8_t kSizes[kNumDTypes] = {1, 1, 1, 2, 4, 8, 2, 2, 4, 8, 8, 16};
  return kSizes[static_cast<int>(dtype)];
}
// The enumeration goes from one to the next.
constexpr DTypeCategory CategoryOf(DType dtype) {
  return dtype == kBool      ? DTypeCategory::kBool
         : dtype <= kInt64   ? DTypeCategory::kIntegral
         : dtype <= kFloat64 ? DTypeCategory::kFloating
                             : DTypeCategory::kComplex;
}
inline bool IsFloating(DType dtype) { return CategoryOf(dtype) == DTypeCategory::kFloating; }
inline bool IsComplex(DType dtype) { return CategoryOf(dtype) == DTypeCategory::kComplex; }
inline bool IsIntegral(DType dtype) { return CategoryOf(dtype) == DTypeCategory::kIntegral; }
// Floating or complex: the dtypes through which gradients flow.
inline bool IsDifferentiable(DType dtype) { return CategoryOf(dtype) >= DTypeCategory::kFloating; }

// A set of dtypes.
struct DTypes {
  uint16_t bits = 0;  // by enumerator
  constexpr bool Has(DType dtype) const { return bits >> static_cast<int>(dtype) & 1; }
  friend constexpr bool operator==(DTypes, DTypes) = default;
};
inline constexpr DTypes kFloatingDTypes{0b0011'1100'0000};
inline constexpr DTypes kIntegerDTypes{0b0000'0011'1110};
inline constexpr DTypes kBitDTypes{0b0000'0011'1111};      // integers and bool
inline constexpr DTypes kNumericDTypes{0b0011'1111'1110};  // integers, too
inline constexpr DTypes kRealDTypes{0b0011'1111'1111};     // and bool
inline constexpr DTypes kAllDTypes{0b1111'1111'1111};      // and complex numbers
// "integer, floating point": the categories in the set, and dtypes of those that are not wholly.
std::string ToString(DTypes dtypes);

// The smallest dtype to which both convert without leaving their categories, by the table in
// PyTorch's documentation of type promotion (torch.promote_types). Commutative; uint8 with int8 is
// int16; an integer with a floating dtype is that floating dtype; float16 with bfloat16 is float32.
DType PromoteTypes(DType a, DType b);

}  // namespace neura

#endif  // NEURA_TENSOR_CORE_DTYPE_H_
