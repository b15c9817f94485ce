// What a caching allocator decides: which block serves a request, and when a freed one may serve
// the next. It sees the device through BlockDriver alone, so that its decisions can be tested where
// there is no device.
#ifndef NEURA_CUDA_RUNTIME_BLOCK_CACHE_H_
#define NEURA_CUDA_RUNTIME_BLOCK_CACHE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/container/flat_hash_map.h"
#include "neura/tensor/core/allocator.h"

struct CUstream_st;
struct CUevent_st;

namespace neura::cuda {

// A stream; the null handle is each device's default stream.
struct StreamId {
  int device = 0;
  CUstream_st* handle = nullptr;

  friend bool operator==(const StreamId&, const StreamId&) = default;
  template <typename H>
  friend H AbslHashValue(H state, const StreamId& id) {
    return H::combine(std::move(state), id.device, id.handle);
  }
};
// Stands for the host, as the owner of memory that it uses without queuing.
inline constexpr StreamId kHost{-1, nullptr};

// The few calls of a device's driver that a BlockCache needs.
class BlockDriver {
 public:
  virtual ~BlockDriver() = default;
  // Usable by what is queued on `stream` from now on. Null when there is no memory; throws Error on
  // other failures.
  virtual void* Malloc(size_t bytes, StreamId stream) = 0;
  // After what is queued on `stream`.
  virtual void Free(void* data, StreamId stream) noexcept = 0;
  // Gives what was freed back to the system.
  virtual void Trim() noexcept = 0;

  // The end of what is queued on `stream`; null when the device has failed, and runs nothing.
  virtual CUevent_st* Record(StreamId stream) noexcept = 0;
  virtual bool Done(CUevent_st* event) noexcept = 0;
  // Returns when it is done.
  virtual void Wait(CUevent_st* event) noexcept = 0;
  // What is queued on `stream` from now on starts after `event`.
  virtual void MakeWait(StreamId stream, CUevent_st* event) noexcept = 0;
  virtual void Release(CUevent_st* event) noexcept = 0;

  // For errors: "the device has 79.1 GiB, of which 0.3 GiB are free".
  virtual std::string DescribeMemory() = 0;
};

// "1.50 GiB"
std::string ReadableBytes(int64_t bytes);

// A block belongs to the stream for which it was allocated. When it is freed, work that is queued
// there may still use it, so it next serves the same stream, whose order makes that safe. Streams
// that used it besides are announced by RecordUse: the block then rests until what was queued on
// them by the time of Free is done. Another stream gets it only when the device has no more memory,
// and then waits for its former owner.
//
// Safe to call from any thread.
class BlockCache {
 public:
  // `name` is for errors: "cuda:0". The driver must live as long as the cache.
  BlockCache(BlockDriver& driver, std::string name) : driver_(driver), name_(std::move(name)) {}
  BlockCache(const BlockCache&) = delete;
  BlockCache& operator=(const BlockCache&) = delete;

  // At least `bytes`, for use by `stream`. Throws ResourceExhausted, with the state of the cache,
  // when nothing can be had even after all that is cached was given back.
  void* Allocate(size_t bytes, StreamId stream);
  // `data` is what Allocate returned.
  void Free(void* data) noexcept;

  // Whether `data` points into a block in use.
  bool Owns(const void* data) const;
  // Announces that what is now queued on `stream` uses the block that `data` points into. Does
  // nothing when that is not one of this cache.
  void RecordUse(const void* data, StreamId stream);

  AllocatorStats Stats() const;
  // Waits for blocks that rest, and gives everything that is not in use back to the system.
  void EmptyCache() noexcept;

 private:
  using Events = std::vector<CUevent_st*>;
  struct Block {
    int size_class;
    StreamId owner;
    std::vector<StreamId> users;  // apart from the owner
  };
  struct Resting {
    char* data;
    int size_class;
    StreamId owner;
    Events events;
  };

  // All of these expect the lock to be held.
  const std::pair<char* const, Block>* Find(const void* data) const;
  char* TakeFree(StreamId stream, int size_class);
  char* TakeFromOtherStream(StreamId stream, int size_class);
  char* FromDriver(StreamId stream, size_t bytes);
  void WakeRested(bool wait) noexcept;
  void GiveBackFree() noexcept;
  std::string OutOfMemory(size_t bytes);

  BlockDriver& driver_;
  const std::string name_;
  mutable std::mutex mutex_;
  absl::btree_map<char*, Block> live_;  // by address, to find the block around a pointer
  absl::flat_hash_map<std::pair<StreamId, int>, std::vector<char*>> free_;
  std::deque<Resting> resting_;
  AllocatorStats stats_;
};

}  // namespace neura::cuda

#endif  // NEURA_CUDA_RUNTIME_BLOCK_CACHE_H_
