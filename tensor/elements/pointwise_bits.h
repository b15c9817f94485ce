// Operations on the bits of elements.
#if defined(NEURA_TENSOR_ELEMENTS_POINTWISE_BITS_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_ELEMENTS_POINTWISE_BITS_H_
#undef NEURA_TENSOR_ELEMENTS_POINTWISE_BITS_H_
#else
#define NEURA_TENSOR_ELEMENTS_POINTWISE_BITS_H_
#endif

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "neura/tensor/elements/pointwise_traits.h"
#include "neura/tensor/elements/target.h"

NEURA_BEFORE_ELEMENTS()

struct BitwiseNotOp {
  static constexpr bool Do(bool x) { return !x; }
  template <typename T>
  static constexpr T Do(T x) {
    return static_cast<T>(~x);
  }
};
struct BitwiseAndOp {
  template <typename T>
  static constexpr T Do(T a, T b) {
    return static_cast<T>(a & b);
  }
};
struct BitwiseOrOp {
  template <typename T>
  static constexpr T Do(T a, T b) {
    return static_cast<T>(a | b);
  }
};
struct BitwiseXorOp {
  template <typename T>
  static constexpr T Do(T a, T b) {
    return static_cast<T>(a ^ b);
  }
};
template <typename T>
constexpr bool MovesWithin(T places) {
  return static_cast<uint64_t>(places) < 8 * sizeof(T);
}
struct BitwiseLeftShiftOp {
  template <typename T>
  static constexpr T Do(T a, T b) {
    return MovesWithin(b) ? static_cast<T>(static_cast<uint64_t>(a) << b) : T(0);
  }
};
struct BitwiseRightShiftOp {
  template <typename T>
  static constexpr T Do(T a, T b) {
    if (std::is_unsigned_v<T> && !MovesWithin(b)) return T(0);
    return static_cast<T>(a >> (MovesWithin(b) ? b : static_cast<T>(8 * sizeof(T) - 1)));
  }
};
// The number after a towards b among those of a floating point format, all by their bits: kInfinity
// is the format's.
template <typename Bits, Bits kInfinity>
struct NextAfterOf {
  static constexpr Bits Do(Bits a, Bits b) {
    constexpr Bits kSign = static_cast<Bits>(Bits(1) << (8 * sizeof(Bits) - 1));
    const Bits size_a = static_cast<Bits>(a & ~kSign), size_b = static_cast<Bits>(b & ~kSign);
    if (size_a > kInfinity) return a;
    if (size_b > kInfinity) return b;
    if (a == b || (size_a == 0 && size_b == 0)) return b;
    if (size_a == 0) return static_cast<Bits>((b & kSign) | 1);
    const bool away = ((a ^ b) & kSign) == 0 && size_a < size_b;
    return static_cast<Bits>(away ? a + 1 : a - 1);
  }
};

// The parts of x = mantissa * 2^exponent with a mantissa from 0.5 to 1 but for its sign. What has
// none is its own mantissa, with the exponent 0.
struct FrexpMantissaOp : NumberByNumber {
  template <typename T>
  static constexpr T Do(T x) {
    int exponent = 0;
    return std::isfinite(x) ? std::frexp(x, &exponent) : x;
  }
};
struct FrexpExponentOp : NumberByNumber {
  template <typename T>
  static constexpr T Do(T x) {
    int exponent = 0;
    if (std::isfinite(x)) std::frexp(x, &exponent);
    return static_cast<T>(exponent);
  }
};

NEURA_AFTER_ELEMENTS();

#endif  // NEURA_TENSOR_ELEMENTS_POINTWISE_BITS_H_
