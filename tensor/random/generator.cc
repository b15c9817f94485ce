#include "neura/tensor/random/generator.h"

namespace neura {

void Generator::ManualSeed(uint64_t seed) { SetState({seed, 0}); }

RandomState Generator::state() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return state_;
}

void Generator::SetState(RandomState state) {
  std::lock_guard<std::mutex> lock(mutex_);
  state_ = state;
}

RandomState Generator::Reserve(int64_t count) {
  std::lock_guard<std::mutex> lock(mutex_);
  const RandomState start = state_;
  // 64-bit elements take two words each, so a block serves at least two elements.
  state_.offset += (static_cast<uint64_t>(count) + 1) / 2;
  return start;
}

Generator& DefaultGenerator() {
  static Generator* generator = new Generator(0);
  return *generator;
}

void ManualSeed(uint64_t seed) { DefaultGenerator().ManualSeed(seed); }

}  // namespace neura
