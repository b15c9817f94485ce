// Conversion of one element to another dtype, defined for every pair.
#ifndef NEURA_TENSOR_CORE_CONVERT_H_
#define NEURA_TENSOR_CORE_CONVERT_H_

#include <complex>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "neura/tensor/core/float16.h"

namespace neura {

template <typename T>
inline constexpr bool kIsComplex =
    std::is_same_v<T, std::complex<float>> || std::is_same_v<T, std::complex<double>>;
template <typename T>
inline constexpr bool kIsFloat16 = std::is_same_v<T, Half> || std::is_same_v<T, BFloat16>;

// To bool: whether it differs from zero. Floating to integral: cut off towards zero; what int64
// cannot hold (for uint64: neither of them), and NaN, becomes its least value first, and narrower
// integers wrap. Complex to real:
// the imaginary part is dropped.
template <typename To, typename From>
constexpr To Convert(From value) {
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (kIsFloat16<From>) {
    return Convert<To>(static_cast<float>(value));
  } else if constexpr (std::is_same_v<To, bool>) {
    return value != From(0);
  } else if constexpr (kIsComplex<To>) {
    using Part = typename To::value_type;
    if constexpr (kIsComplex<From>) {
      return To(static_cast<Part>(value.real()), static_cast<Part>(value.imag()));
    } else {
      return To(Convert<Part>(value), Part(0));
    }
  } else if constexpr (kIsComplex<From>) {
    return Convert<To>(value.real());
  } else if constexpr (kIsFloat16<To>) {
    return To(static_cast<float>(value));
  } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
    // Comparisons written so that NaN fails them.
    if constexpr (std::is_same_v<To, uint64_t>) {
      if (value >= From(0x1p63) && value < From(0x1p64)) return static_cast<To>(value);
    }
    const bool fits = value >= From(-0x1p63) && value < From(0x1p63);
    return static_cast<To>(fits ? static_cast<int64_t>(value)
                                : std::numeric_limits<int64_t>::min());
  } else {
    return static_cast<To>(value);
  }
}

}  // namespace neura

#endif  // NEURA_TENSOR_CORE_CONVERT_H_
