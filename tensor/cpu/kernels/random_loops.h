// The inner loops of random numbers, compiled for every instruction set.
#ifndef NEURA_TENSOR_CPU_KERNELS_RANDOM_LOOPS_H_
#define NEURA_TENSOR_CPU_KERNELS_RANDOM_LOOPS_H_

#include <cstdint>

#include "neura/tensor/random/uniform.h"

namespace neura::cpu {

// What the loops make at a time at most: so many words of the generator, in blocks of four. They
// may write more than they are asked for, up to this.
inline constexpr int64_t kChunkWords = 256;

// `count` words from the block `counter` on.
void FillWords(uint64_t seed, uint64_t counter, int64_t count, uint32_t* words);
// A number from each of `count` words.
void UniformFromWords(const uint32_t* words, int64_t count, const UniformRange<float>& range,
                      float* values);
// Two from two.
void NormalFromWords(const uint32_t* words, int64_t count, float mean, float std, float* values);

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_KERNELS_RANDOM_LOOPS_H_
