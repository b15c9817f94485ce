#include "neura/cuda/runtime/block_cache.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/core/size_class.h"

namespace neura::cuda {
namespace {

using internal::SizeClassBytes;

// The cache is emptied before memory held exceeds 1.5 times the most that was ever in use at once
// by this much: shapes that vary from step to step do not make it grow.
constexpr int64_t kCacheSlack = int64_t{256} << 20;

int64_t BytesOf(int size_class) { return static_cast<int64_t>(SizeClassBytes(size_class)); }

}  // namespace

std::string ReadableBytes(int64_t bytes) {
  static constexpr const char* kUnits[] = {"KiB", "MiB", "GiB", "TiB"};
  if (bytes < 1024) return absl::StrCat(bytes, " bytes");
  double value = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(kUnits); ++unit) value /= 1024;
  return absl::StrFormat("%.2f %s", value, kUnits[unit]);
}

void* BlockCache::Allocate(size_t bytes, StreamId stream) {
  if (bytes > static_cast<size_t>(std::numeric_limits<int64_t>::max()) / 2) {
    ThrowResourceExhausted(absl::StrCat("out of memory: cannot allocate ", bytes, " bytes"));
  }
  const internal::SizeClass size_class = internal::SizeClassOf(bytes);
  const int kind = size_class.index;
  const std::lock_guard<std::mutex> lock(mutex_);
  free_.try_emplace({stream, kind}, nullptr);
  Block* block = TakeFree(stream, kind);
  if (block == nullptr && resting_ != nullptr) {
    WakeRested(/*wait=*/false);
    block = TakeFree(stream, kind);
  }
  if (block == nullptr) {
    if (stats_.reserved > stats_.peak_allocated + stats_.peak_allocated / 2 + kCacheSlack) {
      GiveBackFree();
    }
    block = FromDriver(stream, kind);
  }
  if (block == nullptr) block = TakeFromOtherStream(stream, kind);
  if (block == nullptr) {
    WakeRested(/*wait=*/true);
    block = TakeFree(stream, kind);
  }
  if (block == nullptr) {
    GiveBackFree();
    driver_.Trim();
    block = FromDriver(stream, kind);
  }
  if (block == nullptr) ThrowResourceExhausted(OutOfMemory(bytes));
  block->in_use = true;
  ++stats_.allocations;
  stats_.allocated += static_cast<int64_t>(size_class.bytes);
  stats_.peak_allocated = std::max(stats_.peak_allocated, stats_.allocated);
  return block->data;
}

void BlockCache::Free(void* data) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = blocks_.find(static_cast<char*>(data));
  if (found == blocks_.end() || !found->second.in_use) return;
  Block& block = found->second;
  block.in_use = false;
  stats_.allocated -= BytesOf(block.size_class);
  for (const StreamId& user : block.users) {
    if (CUevent_st* event = driver_.Record(user); event != nullptr) block.events.push_back(event);
  }
  block.users.clear();
  if (block.events.empty()) {
    PutFree(block);
  } else {
    block.next = std::exchange(resting_, &block);
  }
}

bool BlockCache::Owns(const void* data) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return Find(data) != nullptr;
}

void BlockCache::RecordUse(const void* data, StreamId stream) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const Block* found = Find(data);
  if (found == nullptr || found->owner == stream) return;
  Block& block = blocks_.find(found->data)->second;
  std::vector<StreamId>& users = block.users;
  if (std::find(users.begin(), users.end(), stream) != users.end()) return;
  block.events.reserve(users.size() + 1);
  users.push_back(stream);
}

AllocatorStats BlockCache::Stats() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return stats_;
}

void BlockCache::EmptyCache() noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  WakeRested(/*wait=*/true);
  GiveBackFree();
  driver_.Trim();
}

const BlockCache::Block* BlockCache::Find(const void* data) const {
  const auto* pointer = static_cast<const char*>(data);
  auto after = blocks_.upper_bound(const_cast<char*>(pointer));
  if (after == blocks_.begin()) return nullptr;
  const Block& block = std::prev(after)->second;
  return block.in_use && pointer - block.data < BytesOf(block.size_class) ? &block : nullptr;
}

BlockCache::Block* BlockCache::TakeFree(StreamId stream, int size_class) {
  Block*& first = free_.at({stream, size_class});
  Block* block = first;
  if (block != nullptr) first = block->next;
  return block;
}

BlockCache::Block* BlockCache::TakeFromOtherStream(StreamId stream, int size_class) {
  for (auto& [key, first] : free_) {
    if (key.second != size_class || first == nullptr) continue;
    if (CUevent_st* event = driver_.Record(key.first); event != nullptr) {
      driver_.MakeWait(stream, event);
      driver_.Release(event);
    }
    Block* block = std::exchange(first, first->next);
    block->owner = stream;
    return block;
  }
  return nullptr;
}

BlockCache::Block* BlockCache::FromDriver(StreamId stream, int size_class) {
  auto* data = static_cast<char*>(driver_.Malloc(SizeClassBytes(size_class), stream));
  if (data == nullptr) return nullptr;
  try {
    Block& block = blocks_[data];
    block.data = data;
    block.size_class = size_class;
    block.owner = stream;
    stats_.reserved += BytesOf(size_class);
    return &block;
  } catch (...) {
    driver_.Free(data, stream);
    throw;
  }
}

void BlockCache::PutFree(Block& block) noexcept {
  block.next = std::exchange(free_.at({block.owner, block.size_class}), &block);
}

void BlockCache::WakeRested(bool wait) noexcept {
  Block* block = std::exchange(resting_, nullptr);
  while (block != nullptr) {
    Block* const next = block->next;
    std::erase_if(block->events, [&](CUevent_st* event) {
      if (wait) driver_.Wait(event);
      const bool done = wait || driver_.Done(event);
      if (done) driver_.Release(event);
      return done;
    });
    if (block->events.empty()) {
      PutFree(*block);
    } else {
      block->next = std::exchange(resting_, block);
    }
    block = next;
  }
}

void BlockCache::GiveBackFree() noexcept {
  for (auto& [key, first] : free_) {
    while (first != nullptr) {
      char* const data = std::exchange(first, first->next)->data;
      driver_.Free(data, key.first);
      stats_.reserved -= BytesOf(key.second);
      blocks_.erase(data);
    }
  }
}

std::string BlockCache::OutOfMemory(size_t bytes) {
  const auto in_use = std::count_if(blocks_.begin(), blocks_.end(),
                                    [](const auto& entry) { return entry.second.in_use; });
  return absl::StrCat(
      "out of memory on ", name_, ": cannot allocate ", ReadableBytes(static_cast<int64_t>(bytes)),
      "; ", ReadableBytes(stats_.allocated), " are in ", in_use, " tensors, ",
      ReadableBytes(stats_.reserved - stats_.allocated), " are cached, at most ",
      ReadableBytes(stats_.peak_allocated), " were in use at once; ", driver_.DescribeMemory());
}

}  // namespace neura::cuda
