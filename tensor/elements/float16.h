// Conversions of 16-bit floating point numbers by their bits, as Half and BFloat16 have them, but
// without branches: what a vector can do.
#if defined(NEURA_TENSOR_ELEMENTS_FLOAT16_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_ELEMENTS_FLOAT16_H_
#undef NEURA_TENSOR_ELEMENTS_FLOAT16_H_
#else
#define NEURA_TENSOR_ELEMENTS_FLOAT16_H_
#endif

#include <bit>
#include <cstdint>

#include "neura/tensor/elements/target.h"

NEURA_BEFORE_ELEMENTS()

constexpr uint16_t HalfBits(float value) {
  const uint32_t f = std::bit_cast<uint32_t>(value);
  const uint32_t magnitude = f & 0x7fffffff;
  // To nearest, ties to even; a carry goes on into the exponent.
  const uint32_t normal = (magnitude + 0xfff + ((magnitude >> 13) & 1)) >> 13;
  // Beside 0.5 the last bit of a float is 2^-24, the unit of subnormal halves.
  const uint32_t subnormal = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) + 0.5f);
  uint32_t half = magnitude < 0x38800000 ? subnormal - 0x3f000000 : normal - (112u << 10);
  half = magnitude >= 0x477ff000 ? 0x7c00 : half;  // 65520
  half = magnitude > 0x7f800000 ? 0x7e00 : half;   // NaN
  return static_cast<uint16_t>(((f >> 16) & 0x8000) | half);
}

constexpr float FloatOfHalf(uint16_t bits) {
  const uint32_t magnitude = static_cast<uint32_t>(bits & 0x7fff) << 13;
  // Read as a float's, the exponent is short of 112; the product is exact.
  const uint32_t finite = std::bit_cast<uint32_t>(std::bit_cast<float>(magnitude) * 0x1p112f);
  const uint32_t all = magnitude >= 0x0f800000 ? magnitude | 0x7f800000 : finite;
  return std::bit_cast<float>(static_cast<uint32_t>(bits & 0x8000) << 16 | all);
}

constexpr uint16_t BFloat16Bits(float value) {
  const uint32_t f = std::bit_cast<uint32_t>(value);
  const uint32_t nan = (f >> 16) | 0x40;
  const uint32_t rounded = (f + 0x7fff + ((f >> 16) & 1)) >> 16;
  return static_cast<uint16_t>((f & 0x7fffffff) > 0x7f800000 ? nan : rounded);
}

NEURA_AFTER_ELEMENTS();

#endif  // NEURA_TENSOR_ELEMENTS_FLOAT16_H_
