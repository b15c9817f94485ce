// Random choices that depend on what is loaded, never on who loads it.
#ifndef NEURA_DATA_RANDOM_H_
#define NEURA_DATA_RANDOM_H_

#include <cmath>
#include <cstdint>
#include <numbers>

#include "neura/tensor/random/philox.h"

namespace neura::data {

// One pass over a dataset: with the seed, all that the order and the augmentation depend on.
struct Epoch {
  uint64_t seed = 0;
  int64_t number = 0;
  // Not 0 for the examples of a batch some of which the pass has had before: they are augmented
  // anew.
  uint64_t again = 0;
};

// The random numbers of one sample in one epoch: a Philox stream of its own, so that they are the
// same for any number of workers and any batch size.
class SampleRandom {
 public:
  SampleRandom(const Epoch& epoch, int64_t index)
      : seed_(epoch.again == 0 ? epoch.seed : SeedOf(epoch)),
        counter_(static_cast<uint64_t>(epoch.number) << 32),
        stream_(kStreams | static_cast<uint64_t>(index)) {}

  // Uniform in [0, 1).
  double Uniform() {
    const PhiloxWords words = Philox(seed_, counter_++, stream_);
    return UniformDouble(words[0], words[1]);
  }

  // Uniform in [low, high), or low where they are equal.
  double Uniform(double low, double high) { return low + (high - low) * Uniform(); }

  // Normally distributed, by Box and Muller's transform.
  double Normal() {
    const double radius = std::sqrt(-2 * std::log(1 - Uniform()));
    return radius * std::cos(2 * std::numbers::pi * Uniform());
  }

  // Uniform in [0, n), n > 0.
  int64_t Below(int64_t n) {
    const PhiloxWords words = Philox(seed_, counter_++, stream_);
    return static_cast<int64_t>(
        UniformBelow(uint64_t{words[0]} << 32 | words[1], static_cast<uint64_t>(n)));
  }

 private:
  // Apart from the streams of random tensors, which may have the same seed.
  static constexpr uint64_t kStreams = uint64_t{1} << 63;

  static uint64_t SeedOf(const Epoch& epoch) {
    const PhiloxWords words = Philox(epoch.seed, epoch.again, kStreams | uint64_t{1} << 62);
    return uint64_t{words[0]} << 32 | words[1];
  }

  uint64_t seed_;
  uint64_t counter_;
  uint64_t stream_;
};

}  // namespace neura::data

#endif  // NEURA_DATA_RANDOM_H_
