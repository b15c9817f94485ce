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
  kUInt16,
  kInt16,
  kUInt32,
  kInt32,
  kUInt64,
  kInt64,
  kFloat16,
  kBFloat16,
  kFloat32,
  kFloat64,
  kComplex64,
  kComplex128,
};
inline constexpr int kNumDTypes = 15;

inline constexpr DType kBool = DType::kBool;
inline constexpr DType kUInt8 = DType::kUInt8;
inline constexpr DType kInt8 = DType::kInt8;
inline constexpr DType kUInt16 = DType::kUInt16;
inline constexpr DType kInt16 = DType::kInt16;
inline constexpr DType kUInt32 = DType::kUInt32;
inline constexpr DType kInt32 = DType::kInt32;
inline constexpr DType kUInt64 = DType::kUInt64;
inline constexpr DType kInt64 = DType::kInt64;
inline constexpr DType kFloat16 = DType::kFloat16;
inline constexpr DType kBFloat16 = DType::kBFloat16;
inline constexpr DType kFloat32 = DType::kFloat32;
inline constexpr DType kFloat64 = DType::kFloat64;
inline constexpr DType kComplex64 = DType::kComplex64;
inline constexpr DType kComplex128 = DType::kComplex128;

// Calls macro(C++ type, DType enumerator) for each of them.
#define NEURA_FORALL_DTYPES(macro)                                                               \
  macro(bool, kBool) macro(uint8_t, kUInt8) macro(int8_t, kInt8) macro(uint16_t, kUInt16)        \
      macro(int16_t, kInt16) macro(uint32_t, kUInt32) macro(int32_t, kInt32)                     \
          macro(uint64_t, kUInt64) macro(int64_t, kInt64) macro(::neura::Half, kFloat16)         \
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
// and bfloat16 widen to float32, int8, int16 and uint16 to int32, uint32 to int64, the others are
// their own.
constexpr DType WideDType(DType dtype) {
  switch (dtype) {
    case kInt8:
    case kInt16:
    case kUInt16:
      return kInt32;
    case kUInt32:
      return kInt64;
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
  constexpr uint8_t kSizes[kNumDTypes] = {1, 1, 1, 2, 2, 4, 4, 8, 8, 2, 2, 4, 8, 8, 16};
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
constexpr bool IsUnsigned(DType dtype) {
  return dtype == kUInt8 || dtype == kUInt16 || dtype == kUInt32 || dtype == kUInt64;
}
// That of the real and imaginary parts of complex numbers; any other is its own.
constexpr DType RealDType(DType dtype) {
  return dtype == kComplex64 ? kFloat32 : dtype == kComplex128 ? kFloat64 : dtype;
}
// That of the complex numbers with such parts: complex64 of what is no wider than float32.
constexpr DType ComplexDType(DType dtype) {
  return dtype == kFloat64 || dtype == kComplex128 ? kComplex128 : kComplex64;
}
inline bool IsIntegral(DType dtype) { return CategoryOf(dtype) == DTypeCategory::kIntegral; }
// Floating or complex: the dtypes through which gradients flow.
inline bool IsDifferentiable(DType dtype) { return CategoryOf(dtype) >= DTypeCategory::kFloating; }

// A set of dtypes.
struct DTypes {
  uint16_t bits = 0;  // by enumerator
  constexpr bool Has(DType dtype) const { return bits >> static_cast<int>(dtype) & 1; }
  friend constexpr bool operator==(DTypes, DTypes) = default;
  friend constexpr DTypes operator|(DTypes a, DTypes b) {
    return {static_cast<uint16_t>(a.bits | b.bits)};
  }
};
inline constexpr DTypes kFloatingDTypes{0b001'1110'0000'0000};
inline constexpr DTypes kWideFloatingDTypes{0b001'1000'0000'0000};  // float32 and float64
inline constexpr DTypes kComplexDTypes{0b110'0000'0000'0000};
inline constexpr DTypes kDifferentiableDTypes{0b111'1110'0000'0000};
inline constexpr DTypes kIntegerDTypes{0b000'0001'1111'1110};
inline constexpr DTypes kBitDTypes{0b000'0001'1111'1111};      // integers and bool
inline constexpr DTypes kNumericDTypes{0b001'1111'1111'1110};  // integers, too
inline constexpr DTypes kRealDTypes{0b001'1111'1111'1111};     // and bool
inline constexpr DTypes kNumberDTypes{0b111'1111'1111'1110};   // numeric or complex
inline constexpr DTypes kAllDTypes{0b111'1111'1111'1111};
// "integer, floating point": the categories in the set, and dtypes of those that are not wholly.
std::string ToString(DTypes dtypes);

// The smallest dtype to which both convert without leaving their categories, by the table in
// PyTorch's documentation of type promotion (torch.promote_types). Commutative; an unsigned with a
// signed integer no wider is the next signed one; an integer with a floating dtype is that floating
// dtype; float16 with bfloat16 is float32. Throws InvalidArgument for uint64 and a signed integer.
DType PromoteTypes(DType a, DType b);

}  // namespace neura

#endif  // NEURA_TENSOR_CORE_DTYPE_H_
