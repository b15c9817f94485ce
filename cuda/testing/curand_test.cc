// Neura's generator is cuRAND's: both read the same seed, stream and counter alike. Needs no
// device.
#include <gtest/gtest.h>
#include <vector_types.h>

#define QUALIFIERS static inline  // cuRAND's source is as good on the host
#include <curand_philox4x32_x.h>

#include <random>

#include "neura/tensor/random/philox.h"

namespace neura::cuda {
namespace {

TEST(CurandTest, GivesTheSameWords) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 1000; ++i) {
    const uint64_t seed = random(), counter = random(), stream = random();
    const uint4 place = {static_cast<uint32_t>(counter), static_cast<uint32_t>(counter >> 32),
                         static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32)};
    const uint2 key = {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)};
    const uint4 words = curand_Philox4x32_10(place, key);
    EXPECT_EQ(Philox(seed, counter, stream), (PhiloxWords{words.x, words.y, words.z, words.w}));
  }
}

}  // namespace
}  // namespace neura::cuda
