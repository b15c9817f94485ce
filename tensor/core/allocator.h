// Memory for tensors.
#ifndef NEURA_TENSOR_CORE_ALLOCATOR_H_
#define NEURA_TENSOR_CORE_ALLOCATOR_H_

#include <cstddef>
#include <cstdint>

namespace neura {

// All figures in bytes, since the start of the process.
struct AllocatorStats {
  int64_t allocated = 0;  // in live tensors, rounded up to size classes
  // The most that `allocated` has been, as the thread saw it that made it so: what other threads
  // keep for reuse counts as well.
  int64_t peak_allocated = 0;
  int64_t reserved = 0;     // taken from the system: live and cached for reuse
  int64_t allocations = 0;  // calls of Allocate
};

// What a device gives to hold tensors; safe to call from any thread.
class Allocator {
 public:
  virtual ~Allocator() = default;
  // At least `bytes` bytes, aligned to 64. Throws ResourceExhausted when there is no memory.
  virtual void* Allocate(size_t bytes) = 0;
  virtual void Free(void* data, size_t bytes) noexcept = 0;
  virtual AllocatorStats Stats() const = 0;
  // Gives what is cached and not in use back to the system.
  virtual void EmptyCache() noexcept = 0;
};

// Keeps freed blocks in size classes, so that no operation pays page faults twice. Small blocks are
// cached per thread.
Allocator& CpuAllocator();

}  // namespace neura

#endif  // NEURA_TENSOR_CORE_ALLOCATOR_H_
