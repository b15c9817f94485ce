// Where random operations get their counters from.
#ifndef NEURA_TENSOR_RANDOM_GENERATOR_H_
#define NEURA_TENSOR_RANDOM_GENERATOR_H_

#include <cstdint>

namespace neura {

struct RandomState {
  uint64_t seed = 0;
  uint64_t offset = 0;  // in blocks of four 32-bit words
};

// A seed and how far its sequence has been used. Safe to use from several threads, though then the
// order of their calls decides who gets which numbers.
class Generator {
 public:
  explicit Generator(uint64_t seed) : state_{seed, 0} {}
  // A copy would give the same numbers again.
  Generator(const Generator&) = delete;
  Generator& operator=(const Generator&) = delete;

  // Starts the sequence of `seed` from its beginning.
  void ManualSeed(uint64_t seed);
  RandomState state() const;
  void SetState(RandomState state);
  // Sets aside numbers for `count` elements of any dtype and returns where they start.
  RandomState Reserve(int64_t count);

 private:
  RandomState state_;
};

// The one that operations use when they are given none. It starts from a fixed seed: a program
// that wants other numbers each time seeds it with the time.
Generator& DefaultGenerator();
// Seeds the default generator.
void ManualSeed(uint64_t seed);

}  // namespace neura

#endif  // NEURA_TENSOR_RANDOM_GENERATOR_H_
