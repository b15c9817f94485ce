#include "neura/cuda/runtime/caching_allocator.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/cuda/runtime/block_cache.h"
#include "neura/cuda/runtime/cuda_block_driver.h"
#include "neura/cuda/runtime/device.h"
#include "neura/cuda/runtime/error.h"
#include "neura/tensor/core/error.h"

namespace neura::cuda {
namespace {

// Stream-ordered allocation from the device's default pool.
class PoolDriver final : public CudaBlockDriver {
 public:
  explicit PoolDriver(int device) : device_(device) {}

  void* Malloc(size_t bytes, StreamId stream) override {
    const DeviceGuard guard(device_);
    void* data = nullptr;
    const cudaError_t status = cudaMallocAsync(&data, bytes, stream.handle);
    if (status == cudaErrorMemoryAllocation) {
      ClearError();
      return nullptr;
    }
    if (status != cudaSuccess) ThrowStatus(status, "cudaMallocAsync");
    return data;
  }

  void Free(void* data, StreamId stream) noexcept override {
    try {
      // The null stream is that of the current device.
      const DeviceGuard guard(device_);
      if (cudaFreeAsync(data, stream.handle) != cudaSuccess) ClearError();
    } catch (const Error&) {
      // What a kernel failed with is told at the next synchronization, which fails as well.
    }
  }

  // The pool gives back only what the device has come to free.
  void Trim() noexcept override {
    try {
      const DeviceGuard guard(device_);
      cudaMemPool_t pool;
      NEURA_CUDA_CHECK(cudaDeviceSynchronize());
      NEURA_CUDA_CHECK(cudaDeviceGetDefaultMemPool(&pool, device_));
      NEURA_CUDA_CHECK(cudaMemPoolTrimTo(pool, 0));
    } catch (const Error&) {
      // As above.
    }
  }

  std::string DescribeMemory() override {
    const DeviceGuard guard(device_);
    size_t free = 0, total = 0;
    NEURA_CUDA_CHECK(cudaMemGetInfo(&free, &total));
    return absl::StrCat("the device has ", ReadableBytes(static_cast<int64_t>(total)),
                        ", of which ", ReadableBytes(static_cast<int64_t>(free)), " are free");
  }

 private:
  const int device_;
};

class CachingDeviceAllocator final : public Allocator {
 public:
  explicit CachingDeviceAllocator(int device)
      : device_(device), driver_(device), cache_(driver_, absl::StrCat("cuda:", device)) {}

  void* Allocate(size_t bytes) override {
    return cache_.Allocate(bytes, {device_, CurrentStream(device_)});
  }
  void Free(void* data, size_t) noexcept override { cache_.Free(data); }
  AllocatorStats Stats() const override { return cache_.Stats(); }
  void EmptyCache() noexcept override { cache_.EmptyCache(); }
  void RecordUse(const void* data, const Stream& stream) {
    cache_.RecordUse(data, {stream.device(), stream.handle()});
  }

 private:
  const int device_;
  PoolDriver driver_;
  BlockCache cache_;
};

CachingDeviceAllocator& AllocatorFor(int device) {
  RequireDevice(device);
  // Never destroyed: static tensors may outlive every static object.
  static const auto* allocators = [] {
    auto* all = new std::vector<std::unique_ptr<CachingDeviceAllocator>>;
    for (int i = 0; i < DeviceCount(); ++i) {
      all->push_back(std::make_unique<CachingDeviceAllocator>(i));
    }
    return all;
  }();
  return *(*allocators)[static_cast<size_t>(device)];
}

}  // namespace

Allocator& DeviceAllocator(int device) { return AllocatorFor(device); }

void RecordStream(const Tensor& tensor, const Stream& stream) {
  RequireDefined("RecordStream", tensor);
  if (tensor.device().type != DeviceType::kCuda) {
    ThrowInvalidArgument(
        absl::StrCat("RecordStream: the tensor is on ", ToString(tensor.device())));
  }
  AllocatorFor(tensor.device().index).RecordUse(tensor.storage()->data(), stream);
}

}  // namespace neura::cuda
