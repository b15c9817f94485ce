// How work gets onto the device: the only file that knows of grids, blocks and threads.
//
// The same kernel sources are compiled twice: by nvcc for the device, and with NEURA_CUDA_ON_HOST
// by the host's compiler, where the launchers below are loops that do the same additions in the
// same order. So tests check every kernel's arithmetic and indexing without a GPU.
//
// Results never depend on the device: a block has a fixed number of threads, and what is combined
// is combined in a fixed tree.
#ifndef NEURA_CUDA_KERNELS_LAUNCH_H_
#define NEURA_CUDA_KERNELS_LAUNCH_H_

#include <algorithm>
#include <cstdint>

#include "neura/tensor/ops/backend.h"

#ifdef NEURA_CUDA_ON_HOST
#define NEURA_DEVICE
#else
#define NEURA_DEVICE __device__
#include "neura/cuda/runtime/device.h"
#include "neura/cuda/runtime/error.h"
#include "neura/cuda/runtime/stream.h"
#endif

namespace neura::cuda {

inline constexpr int kBlockThreads = 256;

#ifdef NEURA_CUDA_ON_HOST

template <typename F>
void ForEach(const KernelCall&, int64_t n, const F& f) {
  for (int64_t i = 0; i < n; ++i) f(i);
}

class Block {
 public:
  template <typename Acc, typename Step, typename Combine>
  Acc Reduce(int64_t n, Acc init, Step step, Combine combine) {
    Acc lanes[kBlockThreads];
    std::fill_n(lanes, kBlockThreads, init);
    for (int64_t i = 0; i < n; ++i) lanes[i % kBlockThreads] = step(lanes[i % kBlockThreads], i);
    for (int width = kBlockThreads / 2; width > 0; width /= 2) {
      for (int t = 0; t < width; ++t) lanes[t] = combine(lanes[t], lanes[t + width]);
    }
    return lanes[0];
  }
  template <typename F>
  void ForEach(int64_t n, F f) {
    for (int64_t i = 0; i < n; ++i) f(i);
  }
  template <typename F>
  void Once(F f) {
    f();
  }
};

template <typename F>
void ForEachBlock(const KernelCall&, int64_t blocks, const F& f) {
  for (int64_t b = 0; b < blocks; ++b) {
    Block block;
    f(block, b);
  }
}

#else

namespace internal {

inline constexpr size_t kMaxAccBytes = 16;

// A grid that fills the device some times over, and no more blocks than there is work for. It is
// never inlined, so that its symbols tell which kernels are launched: launches_test compares them
// with those that were compiled for the device.
template <typename Kernel, typename F>
[[gnu::noinline]] void Launch(Kernel kernel, const KernelCall& call, int64_t blocks, int64_t n,
                              const F& f) {
  const int device = call.call.device.index;
  const DeviceGuard guard(device);
  const int64_t most = int64_t{MultiProcessorCount(device)} * 32;
  const auto grid = static_cast<unsigned>(std::min(blocks, most));
  kernel<<<grid, kBlockThreads, 0, CurrentStream(device)>>>(n, f);
  CheckLaunch(call.call.schema().name);
}

template <typename F>
__global__ void __launch_bounds__(kBlockThreads) ForEachKernel(int64_t n, F f) {
  const int64_t step = int64_t{gridDim.x} * kBlockThreads;
  for (int64_t i = int64_t{blockIdx.x} * kBlockThreads + threadIdx.x; i < n; i += step) f(i);
}

}  // namespace internal

// Runs f(i) for i < n, each in a thread of its own.
template <typename F>
void ForEach(const KernelCall& call, int64_t n, const F& f) {
  if (n <= 0) return;
  internal::Launch(&internal::ForEachKernel<F>, call, (n - 1) / kBlockThreads + 1, n, f);
}

// The threads of one block, which all run the same function. Each of its members is called by all
// of them.
class Block {
 public:
  __device__ explicit Block(void* memory) : memory_(memory) {}

  // Folds step over i < n, beginning with `init`: thread t takes i = t, t + kBlockThreads, ... in
  // order, and a tree combines the threads. All of them get the result.
  template <typename Acc, typename Step, typename Combine>
  __device__ Acc Reduce(int64_t n, Acc init, Step step, Combine combine) {
    static_assert(sizeof(Acc) <= internal::kMaxAccBytes);
    Acc* lanes = static_cast<Acc*>(memory_);
    Acc acc = init;
    // Four loads are under way at once.
#pragma unroll 4
    for (int64_t i = threadIdx.x; i < n; i += kBlockThreads) acc = step(acc, i);
    __syncthreads();  // every thread has read the result before this one
    lanes[threadIdx.x] = acc;
    __syncthreads();
    for (int width = kBlockThreads / 2; width > 0; width /= 2) {
      if (threadIdx.x < width) {
        lanes[threadIdx.x] = combine(lanes[threadIdx.x], lanes[threadIdx.x + width]);
      }
      __syncthreads();
    }
    return lanes[0];
  }

  // Runs f(i) for i < n.
  template <typename F>
  __device__ void ForEach(int64_t n, F f) {
    for (int64_t i = threadIdx.x; i < n; i += kBlockThreads) f(i);
  }

  // Runs f in one thread.
  template <typename F>
  __device__ void Once(F f) {
    if (threadIdx.x == 0) f();
  }

 private:
  void* memory_;
};

namespace internal {

template <typename F>
__global__ void __launch_bounds__(kBlockThreads) ForEachBlockKernel(int64_t blocks, F f) {
  __shared__ alignas(kMaxAccBytes) unsigned char memory[kBlockThreads * kMaxAccBytes];
  Block block(memory);
  for (int64_t b = blockIdx.x; b < blocks; b += gridDim.x) f(block, b);
}

}  // namespace internal

// Runs f(block, b) for b < blocks, each with a block of threads of its own.
template <typename F>
void ForEachBlock(const KernelCall& call, int64_t blocks, const F& f) {
  if (blocks <= 0) return;
  internal::Launch(&internal::ForEachBlockKernel<F>, call, blocks, blocks, f);
}

#endif  // NEURA_CUDA_ON_HOST

}  // namespace neura::cuda

#endif  // NEURA_CUDA_KERNELS_LAUNCH_H_
