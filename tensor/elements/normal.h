// Normal numbers of uniform ones: G. Box and M. Muller, "A Note on the Generation of Random Normal
// Deviates", 1958. In single precision they have the same bits on every device and under every
// instruction set: each product and sum is rounded for itself, and no library's function is asked.
#if defined(NEURA_TENSOR_ELEMENTS_NORMAL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_ELEMENTS_NORMAL_H_
#undef NEURA_TENSOR_ELEMENTS_NORMAL_H_
#else
#define NEURA_TENSOR_ELEMENTS_NORMAL_H_
#endif

#include <bit>
#include <cstdint>
#include <numbers>
#include <type_traits>

#include "neura/tensor/elements/math.h"
#include "neura/tensor/elements/select.h"
#include "neura/tensor/elements/target.h"

NEURA_BEFORE_ELEMENTS()

// A positive normal number as 2^exponent (1 + fraction), 1 + fraction from sqrt(1/2) to sqrt(2).
template <typename T>
struct Binade {
  T exponent, fraction;
};
inline constexpr uint32_t kSqrtHalfBits = 0x3f3504f3, kOneBits = 0x3f800000;
template <typename T>
requires std::is_same_v<T, float>
constexpr Binade<T> BinadeOf(T x) {
  const uint32_t bits = std::bit_cast<uint32_t>(x) - kSqrtHalfBits + kOneBits;
  return {static_cast<float>(static_cast<int32_t>(bits >> 23) - 127),
          std::bit_cast<float>((bits & 0x7fffff) + kSqrtHalfBits) - 1.0f};
}

// log(x) of a positive normal number, to 1 ulp: log(1 + f) = 2 atanh(s), s = f / (2 + f), by its
// series, with 2 s = f - s f.
template <typename T>
constexpr T UnfusedLog(T x) {
  const Binade<T> parts = BinadeOf(x);
  const T f = parts.fraction, s = f / (T(2.0f) + f), z = s * s;
  const T series = z * (T(2.0f / 3) + z * (T(2.0f / 5) + z * (T(2.0f / 7) + z * T(2.0f / 9))));
  // log(2) in 15 bits, whose products with exponents are exact, and the rest.
  return parts.exponent * T(0x1.62e4p-1f) +
         ((f - s * (f - series)) + parts.exponent * T(0x1.7f7d1cp-20f));
}

template <typename T>
struct NormalPair {
  T first, second;
};

// Of mean 0 and standard deviation 1, from two numbers that are uniform in [0, 1).
template <typename T>
constexpr NormalPair<T> NormalsOf(T u, T v) {
  // 1 - u lies in (0, 1], where the logarithm is finite.
  if constexpr (std::is_same_v<T, double>) {
    const T radius = Sqrt(-2 * Log(1 - u)), angle = 2 * std::numbers::pi * v;
    return {radius * Cos(angle), radius * Sin(angle)};
  } else {
    const T radius = Sqrt(T(-2.0f) * UnfusedLog(T(1.0f) - u));
    // The nearest quarter of the turn, and what is left, exactly, of an eighth at most; sine and
    // cosine of that by their series.
    const T quarters = v * T(4.0f), quarter = Floor(quarters + T(0.5f));
    const T x = (quarters - quarter) * T(std::numbers::pi_v<float> / 2), z = x * x;
    const T sin_series =
        T(-1.0f / 6) + z * (T(1.0f / 120) + z * (T(-1.0f / 5040) + z * T(1.0f / 362880)));
    const T cos_series =
        T(1.0f / 24) + z * (T(-1.0f / 720) + z * (T(1.0f / 40320) + z * T(-1.0f / 3628800)));
    const T sin = x + x * z * sin_series;
    const T cos = T(1.0f) - (T(0.5f) * z - z * z * cos_series);
    const auto odd = (quarter == T(1.0f)) | (quarter == T(3.0f));
    const T first = Select(odd, sin, cos), second = Select(odd, cos, sin);
    return {radius * Select((quarter == T(1.0f)) | (quarter == T(2.0f)), -first, first),
            radius * Select((quarter == T(2.0f)) | (quarter == T(3.0f)), -second, second)};
  }
}

NEURA_AFTER_ELEMENTS();

#endif  // NEURA_TENSOR_ELEMENTS_NORMAL_H_
