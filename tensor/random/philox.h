// Philox 4x32-10, a counter-based random number generator: Salmon, Moraes, Dror and Shaw, "Parallel
// Random Numbers: As Easy as 1, 2, 3", SC 2011. The same counter and key give the same four words
// on every device and under any order of evaluation.
#ifndef NEURA_TENSOR_RANDOM_PHILOX_H_
#define NEURA_TENSOR_RANDOM_PHILOX_H_

#include <array>
#include <cstdint>

namespace neura {

using PhiloxWords = std::array<uint32_t, 4>;

// The block of words at `counter`, in the layout of cuRAND: the counter's low and high halves are
// words 0 and 1, the stream's are words 2 and 3, the key is the seed.
constexpr PhiloxWords Philox(uint64_t seed, uint64_t counter, uint64_t stream = 0) {
  PhiloxWords x = {static_cast<uint32_t>(counter), static_cast<uint32_t>(counter >> 32),
                   static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32)};
  uint32_t key0 = static_cast<uint32_t>(seed), key1 = static_cast<uint32_t>(seed >> 32);
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{0xD2511F53} * x[0];
    const uint64_t product1 = uint64_t{0xCD9E8D57} * x[2];
    x = {static_cast<uint32_t>(product1 >> 32) ^ x[1] ^ key0, static_cast<uint32_t>(product1),
         static_cast<uint32_t>(product0 >> 32) ^ x[3] ^ key1, static_cast<uint32_t>(product0)};
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
  return x;
}

// Uniform in [0, 1): 24 bits, and 53 bits.
constexpr float UniformFloat(uint32_t word) { return static_cast<float>(word >> 8) * 0x1p-24f; }
constexpr double UniformDouble(uint32_t low, uint32_t high) {
  return static_cast<double>((uint64_t{high} << 32 | low) >> 11) * 0x1p-53;
}
// Uniform in [0, n), n > 0, from 64 random bits: the high half of bits * n. Biased by at most n /
// 2^64.
constexpr uint64_t UniformBelow(uint64_t bits, uint64_t n) {
  return static_cast<uint64_t>(static_cast<unsigned __int128>(bits) * n >> 64);
}

}  // namespace neura

#endif  // NEURA_TENSOR_RANDOM_PHILOX_H_
