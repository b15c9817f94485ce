// What a caching allocator decides: which block serves a request, and when a freed one may serve
// the next. It sees the device through BlockDriver alone, so that its decisions can be tested where
// there is no device.
#ifndef NEURA_CUDA_RUNTIME_BLOCK_CACHE_H_
#define NEURA_CUDA_RUNTIME_BLOCK_CACHE_H_

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "neura/tensor/core/allocator.h"

struct CUstream_st;
struct CUevent_st;

namespace neura::cuda {

// A stream; the null handle is each device's default stream.
struct StreamId {
  int device = 0;
  CUstream_st* handle = nullptr;

  friend auto operator<=>(const StreamId&, const StreamId&) = default;
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
  // What the driver gave, used or not. Free() must not fail, so all that it needs is here.
  struct Block {
    char* data;
    int size_class;
    StreamId owner;
    bool in_use = false;
    std::vector<StreamId> users;  // apart from the owner, while in use
    std::vector<CUevent_st*>
        events;             // that it waits for, when freed; has room for one of each user
    Block* next = nullptr;  // in the list that it is in, when freed
  };

  // All of these expect the lock to be held.
  const Block* Find(const void* data) const;
  // Null when there is none.
  Block* TakeFree(StreamId stream, int size_class);
  Block* TakeFromOtherStream(StreamId stream, int size_class);
  Block* FromDriver(StreamId stream, int size_class);
  void PutFree(Block& block) noexcept;
  void WakeRested(bool wait) noexcept;
  void GiveBackFree() noexcept;
  std::string OutOfMemory(size_t bytes);

  BlockDriver& driver_;
  const std::string name_;
  mutable std::mutex mutex_;
  std::map<char*, Block> blocks_;  // by address, to find the block around a pointer
  // The first of each list; there is one for each kind of block in blocks_.
  std::map<std::pair<StreamId, int>, Block*> free_;
  Block* resting_ = nullptr;
  AllocatorStats stats_;
};

}  // namespace neura::cuda

#endif  // NEURA_CUDA_RUNTIME_BLOCK_CACHE_H_
