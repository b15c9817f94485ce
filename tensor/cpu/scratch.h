#ifndef NEURA_TENSOR_CPU_SCRATCH_H_
#define NEURA_TENSOR_CPU_SCRATCH_H_

#include <cstddef>
#include <cstdint>

namespace neura::cpu {

// Working memory that belongs to the calling thread, one buffer a slot.
enum class ScratchSlot {
  kPackedA,
  kPackedB,
  kPackedTail,
  kSource,
  kGradient,
  kPartialSums,
  kTapOffsets,
  kFlatMap,
  kStage,
  kCount,
};

// At least num_bytes bytes, aligned to 64, with unspecified content. They stay the slot's until
// this thread asks for the slot again, and are kept for the next call rather than freed.
// Throws std::bad_alloc.
void* ScratchBytes(ScratchSlot slot, size_t num_bytes);

template <typename T>
T* Scratch(ScratchSlot slot, int64_t count) {
  return static_cast<T*>(ScratchBytes(slot, static_cast<size_t>(count) * sizeof(T)));
}

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_SCRATCH_H_
