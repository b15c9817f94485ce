#include "neura/tensor/core/allocator.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <limits>
#include <mutex>
#include <new>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/fork_lock.h"
#include "neura/tensor/core/object_pool.h"
#include "neura/tensor/core/size_class.h"
#include "neura/tensor/core/thread_exit.h"

namespace neura {
namespace {

using internal::kNumSizeClasses;
using internal::SizeClass;

constexpr size_t kAlignment = internal::kSizeClassUnit;
// Up to this size a block is first sought in the thread's own cache, without a lock.
constexpr size_t kMaxThreadCachedBytes = 64 << 10;
constexpr size_t kMaxThreadCachedBlocks = 32;  // per size class
// The cache is emptied before memory held exceeds 1.5 times the most that was ever in use at once
// by this much: shapes that vary from step to step do not make it grow.
constexpr int64_t kCacheSlack = 64 << 20;

constexpr int kNumSmallClasses = 64;  // those of at most kMaxThreadCachedBytes

struct Block {
  Block* next;
};

// A number that one thread changes and others read, without the locked instruction of fetch_add().
class OwnCounter {
 public:
  void Add(int64_t value) noexcept { value_.store(Load() + value, std::memory_order_relaxed); }
  int64_t Load() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

struct ThreadCache : internal::ThreadExit {
  Block* heads[kNumSmallClasses] = {};
  uint16_t sizes[kNumSmallClasses] = {};
  OwnCounter bytes;        // in the lists
  OwnCounter allocations;  // by this thread since it has the cache
  ThreadCache* next_cache = nullptr;
};
// Null before the thread has freed something, and again while it ends.
thread_local ThreadCache* t_cache = nullptr;
thread_local bool t_cache_closed = false;

// The calling thread's; null where there is none and no memory to make one.
ThreadCache* MakeThreadCache() noexcept;

class CachingCpuAllocator final : public Allocator {
 public:
  void* Allocate(size_t bytes) override;
  void Free(void* data, size_t bytes) noexcept override;
  AllocatorStats Stats() const override;
  void EmptyCache() noexcept override;

  std::mutex& mutex() { return mutex_; }

  void AddThreadCache(ThreadCache* cache) noexcept;
  void RemoveThreadCache(ThreadCache* cache) noexcept;
  // Moves the calling thread's cached blocks to the shared lists.
  void FlushThreadCache() noexcept;

 private:
  void* FromSystem(SizeClass size_class);
  void* TakeShared(SizeClass size_class) noexcept;
  void GiveShared(SizeClass size_class, void* data) noexcept;

  // What is in live tensors is what was reserved and lies in no list.
  std::atomic<int64_t> reserved_{0}, shared_bytes_{0}, peak_{0};
  std::atomic<int64_t> allocations_{0};  // by threads without a cache
  mutable std::mutex mutex_;
  Block* shared_[kNumSizeClasses] = {};
  ThreadCache* caches_ = nullptr;
};

// Before threads are: a fork must not find one of them making it.
CachingCpuAllocator& Instance();
[[maybe_unused]] const bool kHeldAcrossFork = internal::HoldAcrossFork(Instance().mutex());

CachingCpuAllocator& Instance() {
  // Never destroyed: static tensors may outlive every static object.
  static CachingCpuAllocator* allocator = new CachingCpuAllocator;
  return *allocator;
}

ThreadCache* MakeThreadCache() noexcept {
  if (t_cache_closed) return nullptr;
  t_cache = new (std::nothrow) ThreadCache;
  if (t_cache == nullptr) return nullptr;
  t_cache->run = [](internal::ThreadExit*) {
    Instance().RemoveThreadCache(t_cache);
    delete t_cache;
    t_cache = nullptr;
    t_cache_closed = true;
  };
  internal::AtThreadExit(t_cache);
  Instance().AddThreadCache(t_cache);
  return t_cache;
}

void* CachingCpuAllocator::Allocate(size_t bytes) {
  if (bytes > static_cast<size_t>(std::numeric_limits<int64_t>::max()) / 2) {
    ThrowResourceExhausted(absl::StrCat("out of memory: cannot allocate ", bytes, " bytes"));
  }
  const SizeClass size_class = internal::SizeClassOf(bytes);
  void* data = nullptr;
  ThreadCache* const cache = t_cache;
  if (cache == nullptr) {
    allocations_.fetch_add(1, std::memory_order_relaxed);
  } else {
    cache->allocations.Add(1);
    if (size_class.bytes <= kMaxThreadCachedBytes) {
      Block*& head = cache->heads[size_class.index];
      if (head != nullptr) {
        data = head;
        head = head->next;
        --cache->sizes[size_class.index];
        cache->bytes.Add(-static_cast<int64_t>(size_class.bytes));
      }
    }
  }
  if (data == nullptr) data = TakeShared(size_class);
  if (data == nullptr) data = FromSystem(size_class);
  // What other threads cache counts as live here: to look at it would take longer than the rest.
  const int64_t now = reserved_.load(std::memory_order_relaxed) -
                      shared_bytes_.load(std::memory_order_relaxed) -
                      (cache == nullptr ? 0 : cache->bytes.Load());
  int64_t peak = peak_.load(std::memory_order_relaxed);
  while (now > peak && !peak_.compare_exchange_weak(peak, now, std::memory_order_relaxed)) {
  }
  return data;
}

void CachingCpuAllocator::Free(void* data, size_t bytes) noexcept {
  const SizeClass size_class = internal::SizeClassOf(bytes);
  const int64_t size = static_cast<int64_t>(size_class.bytes);
  if (!internal::kRecycleObjects) {
    reserved_.fetch_sub(size, std::memory_order_relaxed);
    std::free(data);
    return;
  }
  if (size_class.bytes <= kMaxThreadCachedBytes) {
    ThreadCache* const cache = t_cache != nullptr ? t_cache : MakeThreadCache();
    if (cache != nullptr && cache->sizes[size_class.index] < kMaxThreadCachedBlocks) {
      Block*& head = cache->heads[size_class.index];
      head = new (data) Block{head};
      ++cache->sizes[size_class.index];
      cache->bytes.Add(size);
      return;
    }
  }
  GiveShared(size_class, data);
}

void* CachingCpuAllocator::FromSystem(SizeClass size_class) {
  const int64_t reserved = reserved_.load(std::memory_order_relaxed);
  const int64_t peak = peak_.load(std::memory_order_relaxed);
  if (reserved > peak + peak / 2 + kCacheSlack) EmptyCache();
  void* data = std::aligned_alloc(kAlignment, size_class.bytes);
  if (data == nullptr) {
    EmptyCache();
    data = std::aligned_alloc(kAlignment, size_class.bytes);
  }
  if (data == nullptr) {
    ThrowResourceExhausted(
        absl::StrCat("out of memory: cannot allocate ", size_class.bytes, " bytes beyond the ",
                     reserved_.load(std::memory_order_relaxed), " that are in use or cached"));
  }
  reserved_.fetch_add(static_cast<int64_t>(size_class.bytes), std::memory_order_relaxed);
  return data;
}

void* CachingCpuAllocator::TakeShared(SizeClass size_class) noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  Block* block = shared_[size_class.index];
  if (block == nullptr) return nullptr;
  shared_[size_class.index] = block->next;
  shared_bytes_.fetch_sub(static_cast<int64_t>(size_class.bytes), std::memory_order_relaxed);
  return block;
}

void CachingCpuAllocator::GiveShared(SizeClass size_class, void* data) noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  shared_[size_class.index] = new (data) Block{shared_[size_class.index]};
  shared_bytes_.fetch_add(static_cast<int64_t>(size_class.bytes), std::memory_order_relaxed);
}

void CachingCpuAllocator::AddThreadCache(ThreadCache* cache) noexcept {
  std::lock_guard<std::mutex> lock(mutex_);
  cache->next_cache = caches_;
  caches_ = cache;
}

void CachingCpuAllocator::RemoveThreadCache(ThreadCache* cache) noexcept {
  FlushThreadCache();
  std::lock_guard<std::mutex> lock(mutex_);
  ThreadCache** link = &caches_;
  while (*link != cache) link = &(*link)->next_cache;
  *link = cache->next_cache;
  allocations_.fetch_add(cache->allocations.Load(), std::memory_order_relaxed);
}

void CachingCpuAllocator::FlushThreadCache() noexcept {
  if (t_cache == nullptr) return;
  std::lock_guard<std::mutex> lock(mutex_);
  for (int i = 0; i < kNumSmallClasses; ++i) {
    while (Block* block = t_cache->heads[i]) {
      t_cache->heads[i] = block->next;
      block->next = shared_[i];
      shared_[i] = block;
    }
    t_cache->sizes[i] = 0;
  }
  shared_bytes_.fetch_add(t_cache->bytes.Load(), std::memory_order_relaxed);
  t_cache->bytes.Add(-t_cache->bytes.Load());
}

void CachingCpuAllocator::EmptyCache() noexcept {
  FlushThreadCache();
  std::lock_guard<std::mutex> lock(mutex_);
  for (int i = 0; i < kNumSizeClasses; ++i) {
    // The last classes are of sizes that no memory has.
    if (shared_[i] == nullptr) continue;
    const auto bytes = static_cast<int64_t>(internal::SizeClassBytes(i));
    while (Block* block = shared_[i]) {
      shared_[i] = block->next;
      std::free(block);
      // In this order nobody sees more in use than there is.
      reserved_.fetch_sub(bytes, std::memory_order_relaxed);
      shared_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    }
  }
}

AllocatorStats CachingCpuAllocator::Stats() const {
  std::lock_guard<std::mutex> lock(mutex_);
  const int64_t reserved = reserved_.load(std::memory_order_relaxed);
  int64_t unused = shared_bytes_.load(std::memory_order_relaxed);
  int64_t allocations = allocations_.load(std::memory_order_relaxed);
  for (const ThreadCache* cache = caches_; cache != nullptr; cache = cache->next_cache) {
    unused += cache->bytes.Load();
    allocations += cache->allocations.Load();
  }
  return {reserved - unused, peak_.load(std::memory_order_relaxed), reserved, allocations};
}

}  // namespace

Allocator& CpuAllocator() { return Instance(); }

}  // namespace neura
