#include "neura/cuda/runtime/block_cache.h"

#include <algorithm>
#include <limits>

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
  const std::lock_guard<std::mutex> lock(mutex_);
  char* data = TakeFree(stream, size_class.index);
  if (data == nullptr && !resting_.empty()) {
    WakeRested(/*wait=*/false);
    data = TakeFree(stream, size_class.index);
  }
  if (data == nullptr) {
    if (stats_.reserved > stats_.peak_allocated + stats_.peak_allocated / 2 + kCacheSlack) {
      GiveBackFree();
    }
    data = FromDriver(stream, size_class.bytes);
  }
  if (data == nullptr) data = TakeFromOtherStream(stream, size_class.index);
  if (data == nullptr) {
    WakeRested(/*wait=*/true);
    data = TakeFree(stream, size_class.index);
  }
  if (data == nullptr) {
    GiveBackFree();
    driver_.Trim();
    data = FromDriver(stream, size_class.bytes);
  }
  if (data == nullptr) ThrowResourceExhausted(OutOfMemory(bytes));
  live_.emplace(data, Block{size_class.index, stream, {}});
  ++stats_.allocations;
  stats_.allocated += static_cast<int64_t>(size_class.bytes);
  stats_.peak_allocated = std::max(stats_.peak_allocated, stats_.allocated);
  return data;
}

void BlockCache::Free(void* data) noexcept {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found = live_.find(static_cast<char*>(data));
  if (found == live_.end()) return;
  const Block block = std::move(found->second);
  live_.erase(found);
  stats_.allocated -= BytesOf(block.size_class);
  Events events;
  for (const StreamId& user : block.users) {
    if (CUevent_st* event = driver_.Record(user); event != nullptr) events.push_back(event);
  }
  if (events.empty()) {
    free_[{block.owner, block.size_class}].push_back(static_cast<char*>(data));
  } else {
    resting_.push_back(
        {static_cast<char*>(data), block.size_class, block.owner, std::move(events)});
  }
}

bool BlockCache::Owns(const void* data) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return Find(data) != nullptr;
}

void BlockCache::RecordUse(const void* data, StreamId stream) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const std::pair<char* const, Block>* found = Find(data);
  if (found == nullptr) return;
  Block& block = live_.find(found->first)->second;
  if (block.owner == stream) return;
  if (std::find(block.users.begin(), block.users.end(), stream) == block.users.end()) {
    block.users.push_back(stream);
  }
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

const std::pair<char* const, BlockCache::Block>* BlockCache::Find(const void* data) const {
  auto* pointer = const_cast<char*>(static_cast<const char*>(data));
  auto after = live_.upper_bound(pointer);
  if (after == live_.begin()) return nullptr;
  const auto& found = *--after;
  return pointer - found.first < BytesOf(found.second.size_class) ? &found : nullptr;
}

char* BlockCache::TakeFree(StreamId stream, int size_class) {
  const auto list = free_.find({stream, size_class});
  if (list == free_.end() || list->second.empty()) return nullptr;
  char* data = list->second.back();
  list->second.pop_back();
  return data;
}

char* BlockCache::TakeFromOtherStream(StreamId stream, int size_class) {
  for (auto& [key, list] : free_) {
    if (key.second != size_class || list.empty()) continue;
    if (CUevent_st* event = driver_.Record(key.first); event != nullptr) {
      driver_.MakeWait(stream, event);
      driver_.Release(event);
    }
    char* data = list.back();
    list.pop_back();
    return data;
  }
  return nullptr;
}

char* BlockCache::FromDriver(StreamId stream, size_t bytes) {
  auto* data = static_cast<char*>(driver_.Malloc(bytes, stream));
  if (data != nullptr) stats_.reserved += static_cast<int64_t>(bytes);
  return data;
}

void BlockCache::WakeRested(bool wait) noexcept {
  std::deque<Resting> still;
  for (Resting& block : resting_) {
    Events pending;
    for (CUevent_st* event : block.events) {
      if (wait) driver_.Wait(event);
      if (wait || driver_.Done(event)) {
        driver_.Release(event);
      } else {
        pending.push_back(event);
      }
    }
    block.events = std::move(pending);
    if (block.events.empty()) {
      free_[{block.owner, block.size_class}].push_back(block.data);
    } else {
      still.push_back(std::move(block));
    }
  }
  resting_ = std::move(still);
}

void BlockCache::GiveBackFree() noexcept {
  for (auto& [key, list] : free_) {
    for (char* data : list) {
      driver_.Free(data, key.first);
      stats_.reserved -= BytesOf(key.second);
    }
    list.clear();
  }
}

std::string BlockCache::OutOfMemory(size_t bytes) {
  return absl::StrCat(
      "out of memory on ", name_, ": cannot allocate ", ReadableBytes(static_cast<int64_t>(bytes)),
      "; ", ReadableBytes(stats_.allocated), " are in ", live_.size(), " tensors, ",
      ReadableBytes(stats_.reserved - stats_.allocated), " are cached, at most ",
      ReadableBytes(stats_.peak_allocated), " were in use at once; ", driver_.DescribeMemory());
}

}  // namespace neura::cuda
