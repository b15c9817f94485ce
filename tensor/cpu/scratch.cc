#include "neura/tensor/cpu/scratch.h"

#include <memory>
#include <new>

#include "neura/tensor/core/thread_exit.h"

namespace neura::cpu {
namespace {

constexpr std::align_val_t kAlignment{64};

struct AlignedDelete {
  void operator()(std::byte* bytes) const { ::operator delete[](bytes, kAlignment); }
};

struct Buffer {
  std::unique_ptr<std::byte[], AlignedDelete> bytes;
  size_t size = 0;
};

struct Buffers {
  Buffer slots[static_cast<size_t>(ScratchSlot::kCount)];
};

}  // namespace

void* ScratchBytes(ScratchSlot slot, size_t num_bytes) {
  Buffer& buffer = internal::ThreadOwned<Buffers>().slots[static_cast<size_t>(slot)];
  if (buffer.size < num_bytes) {
    buffer.size = 0;  // also when the next line throws
    buffer.bytes.reset();
    buffer.bytes.reset(new (kAlignment) std::byte[num_bytes]);
    buffer.size = num_bytes;
  }
  return buffer.bytes.get();
}

}  // namespace neura::cpu
