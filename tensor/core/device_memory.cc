#include "neura/tensor/core/device_memory.h"

#include <cstring>

#include "absl/base/optimization.h"
#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"

namespace neura {
namespace {

constexpr DeviceMemory kHostMemory = {
    .allocator = [](int) -> Allocator& { return CpuAllocator(); },
    .copy = [](DeviceBytes to, DeviceBytes from, size_t bytes,
               bool) { std::memcpy(to.data, from.data, bytes); },
};
// An address that nobody reads, for any number of elements.
class MetaAllocator final : public Allocator {
 public:
  void* Allocate(size_t) override { return nothing_; }
  void Free(void*, size_t) noexcept override {}
  AllocatorStats Stats() const override { return {}; }
  void EmptyCache() noexcept override {}

 private:
  alignas(64) char nothing_[64] = {};
};
constinit MetaAllocator g_meta_allocator;
constexpr DeviceMemory kMetaMemory = {
    .allocator = [](int) -> Allocator& { return g_meta_allocator; },
    .copy =
        [](DeviceBytes, DeviceBytes from, size_t, bool) {
          if (from.device != kMeta) return;
          ThrowFailedPrecondition(
              "a tensor on the device meta has a shape and no elements; make it anew "
              "on another device");
        },
};
// Sparse tensors are made of parts that lie elsewhere.
[[noreturn]] void FailForSparse() {
  ThrowUnimplemented(
      "a sparse tensor has no elements in memory; make it dense first, with sparse::ToDense()");
}
constexpr DeviceMemory kSparseMemory = {
    .allocator = [](int) -> Allocator& { FailForSparse(); },
    .copy = [](DeviceBytes, DeviceBytes, size_t, bool) { FailForSparse(); },
};
// Filled before main(), read-only afterwards.
const DeviceMemory* g_memories[kNumDeviceTypes] = {&kHostMemory, nullptr, nullptr, &kMetaMemory,
                                                   &kSparseMemory};

const DeviceMemory& MemoryOf(Device device) {
  const DeviceMemory* memory = g_memories[static_cast<int>(device.type)];
  if (memory == nullptr) {
    ThrowFailedPrecondition(
        absl::StrCat("no backend for device ", ToString(device), " is linked into this program",
                     device.type == DeviceType::kCuda
                         ? "; build it with --config=cuda, and let it depend on //cuda"
                         : ""));
  }
  return *memory;
}

}  // namespace

void SetDeviceMemory(DeviceType type, const DeviceMemory* memory) {
  g_memories[static_cast<int>(type)] = memory;
}

Allocator& AllocatorOf(Device device) {
  if (ABSL_PREDICT_TRUE(device.type == DeviceType::kCpu)) return CpuAllocator();
  return MemoryOf(device).allocator(device.index);
}

Allocator& PinnedAllocator() {
  for (const DeviceMemory* memory : g_memories) {
    if (memory != nullptr && memory->pinned_allocator != nullptr) return memory->pinned_allocator();
  }
  ThrowFailedPrecondition("no backend that is linked into this program has pinned memory");
}

void CopyBytes(DeviceBytes to, DeviceBytes from, size_t bytes, bool non_blocking) {
  if (bytes == 0) return;
  const Device& active = to.device.type == DeviceType::kCpu ? from.device : to.device;
  if (from.device.type != DeviceType::kCpu && from.device.type != active.type) {
    ThrowUnimplemented(absl::StrCat("no copy from ", ToString(from.device), " to ",
                                    ToString(to.device), "; go by way of the CPU"));
  }
  MemoryOf(active).copy(to, from, bytes, non_blocking);
}

void Synchronize(Device device) {
  const DeviceMemory& memory = MemoryOf(device);
  if (memory.synchronize != nullptr) memory.synchronize(device.index);
}

}  // namespace neura
