// The two 16-bit floating point element types: storage and exact conversion; arithmetic is done in
// float.
#ifndef NEURA_TENSOR_CORE_FLOAT16_H_
#define NEURA_TENSOR_CORE_FLOAT16_H_

#include <bit>
#include <cstdint>

namespace neura {

// IEEE 754 binary16: 1 sign, 5 exponent, 10 mantissa bits.
struct Half {
  uint16_t bits = 0;

  Half() = default;
  // Rounds to nearest, ties to even; overflow becomes infinity.
  constexpr explicit Half(float value) : bits(FromFloat(value)) {}
  constexpr explicit operator float() const { return ToFloat(bits); }
  friend constexpr bool operator==(Half a, Half b) { return float(a) == float(b); }

 private:
  static constexpr uint16_t FromFloat(float value) {
    const uint32_t f = std::bit_cast<uint32_t>(value);
    const uint32_t sign = (f >> 16) & 0x8000;
    const uint32_t magnitude = f & 0x7fffffff;
    if (magnitude > 0x7f800000) return static_cast<uint16_t>(sign | 0x7e00);   // NaN
    if (magnitude >= 0x477ff000) return static_cast<uint16_t>(sign | 0x7c00);  // >= 65520
    if (magnitude < 0x33000001) return static_cast<uint16_t>(sign);            // <= 2^-25
    const int exponent = static_cast<int>(magnitude >> 23) - 127;
    const uint32_t mantissa = (magnitude & 0x7fffff) | 0x800000;
    // Subnormal results drop more bits the smaller they are.
    const int shift = exponent < -14 ? -exponent - 1 : 13;
    uint32_t half = mantissa >> shift;
    const uint32_t rest = mantissa & ((1u << shift) - 1);
    const uint32_t tie = 1u << (shift - 1);
    if (rest > tie || (rest == tie && (half & 1))) ++half;
    if (exponent >= -14) half += static_cast<uint32_t>(exponent + 14) << 10;
    return static_cast<uint16_t>(sign | half);
  }

  static constexpr float ToFloat(uint16_t h) {
    const uint32_t sign = static_cast<uint32_t>(h & 0x8000) << 16;
    const uint32_t exponent = (h >> 10) & 0x1f;
    const uint32_t mantissa = h & 0x3ff;
    if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000 | (mantissa << 13));
    if (exponent == 0) {  // zero or subnormal: mantissa * 2^-24, exact in float
      const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
      return std::bit_cast<float>(sign | std::bit_cast<uint32_t>(magnitude));
    }
    return std::bit_cast<float>(sign | ((exponent + 112) << 23) | (mantissa << 13));
  }
};

// The upper half of an IEEE 754 binary32: 1 sign, 8 exponent, 7 mantissa bits.
struct BFloat16 {
  uint16_t bits = 0;

  BFloat16() = default;
  // Rounds to nearest, ties to even.
  constexpr explicit BFloat16(float value) : bits(FromFloat(value)) {}
  constexpr explicit operator float() const {
    return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16);
  }
  friend constexpr bool operator==(BFloat16 a, BFloat16 b) { return float(a) == float(b); }

 private:
  static constexpr uint16_t FromFloat(float value) {
    const uint32_t f = std::bit_cast<uint32_t>(value);
    if ((f & 0x7fffffff) > 0x7f800000) return static_cast<uint16_t>((f >> 16) | 0x40);  // NaN
    return static_cast<uint16_t>((f + 0x7fff + ((f >> 16) & 1)) >> 16);
  }
};

}  // namespace neura

#endif  // NEURA_TENSOR_CORE_FLOAT16_H_
