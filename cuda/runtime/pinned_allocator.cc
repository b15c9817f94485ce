#include "neura/cuda/runtime/pinned_allocator.h"

#include <atomic>
#include <string>

#include "neura/cuda/runtime/block_cache.h"
#include "neura/cuda/runtime/cuda_block_driver.h"
#include "neura/cuda/runtime/device.h"
#include "neura/cuda/runtime/error.h"
#include "neura/cuda/runtime/stream.h"

namespace neura::cuda {
namespace {

class PinningDriver final : public CudaBlockDriver {
 public:
  void* Malloc(size_t bytes, StreamId) override {
    void* data = nullptr;
    const cudaError_t status = cudaHostAlloc(&data, bytes, cudaHostAllocPortable);
    if (status == cudaErrorMemoryAllocation) {
      ClearError();
      return nullptr;
    }
    if (status != cudaSuccess) ThrowStatus(status, "cudaHostAlloc");
    return data;
  }
  void Free(void* data, StreamId) noexcept override {
    if (cudaFreeHost(data) != cudaSuccess) ClearError();
  }
  void Trim() noexcept override {}
  std::string DescribeMemory() override {
    return "the system limits how much of its memory may be pinned";
  }
};

class CachingPinnedAllocator final : public Allocator {
 public:
  void* Allocate(size_t bytes) override { return cache_.Allocate(bytes, kHost); }
  void Free(void* data, size_t) noexcept override { cache_.Free(data); }
  AllocatorStats Stats() const override { return cache_.Stats(); }
  void EmptyCache() noexcept override { cache_.EmptyCache(); }
  BlockCache& cache() { return cache_; }

 private:
  PinningDriver driver_;
  BlockCache cache_{driver_, "pinned host memory"};
};

// Null until somebody asks for pinned memory: then nothing is pinned.
std::atomic<CachingPinnedAllocator*> g_allocator{nullptr};

}  // namespace

Allocator& PinnedHostAllocator() {
  RequireDevice(0);
  // Never destroyed: static tensors may outlive every static object.
  static CachingPinnedAllocator* allocator = [] {
    auto* made = new CachingPinnedAllocator;
    g_allocator.store(made, std::memory_order_release);
    return made;
  }();
  return *allocator;
}

bool IsPinned(const void* data) {
  CachingPinnedAllocator* allocator = g_allocator.load(std::memory_order_acquire);
  return allocator != nullptr && allocator->cache().Owns(data);
}

void RecordPinnedUse(const void* data, int device) {
  CachingPinnedAllocator* allocator = g_allocator.load(std::memory_order_acquire);
  if (allocator != nullptr) {
    allocator->cache().RecordUse(data, {device, CurrentStream(device)});
  }
}

}  // namespace neura::cuda
