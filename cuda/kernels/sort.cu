#include "neura/cuda/kernels/sort.h"

#ifdef NEURA_CUDA_ON_HOST
#include <algorithm>
#else
#include <bit>
#include <cub/device/device_radix_sort.cuh>
#endif

#include "neura/cuda/kernels/launch.h"
#include "neura/cuda/kernels/support.h"

namespace neura::cuda {
namespace {

struct Iota {
  int64_t* output;
  NEURA_DEVICE void operator()(int64_t i) const { output[i] = i; }
};

}  // namespace

#ifdef NEURA_CUDA_ON_HOST

SortedKeys StableSort(const KernelCall& call, const Tensor& keys, int64_t) {
  const int64_t n = keys.numel();
  SortedKeys sorted{Scratch(call, {n}, kInt64), Scratch(call, {n}, kInt64)};
  const int64_t* key = In<int64_t>(keys);
  int64_t* positions = Out<int64_t>(sorted.positions);
  ForEach(call, n, Iota{positions});
  std::stable_sort(positions, positions + n,
                   [key](int64_t a, int64_t b) { return key[a] < key[b]; });
  for (int64_t i = 0; i < n; ++i) Out<int64_t>(sorted.keys)[i] = key[positions[i]];
  return sorted;
}

#else

// Radix sort is stable, and its result does not depend on the device.
SortedKeys StableSort(const KernelCall& call, const Tensor& keys, int64_t bound) {
  const int64_t n = keys.numel();
  SortedKeys sorted{Scratch(call, {n}, kInt64), Scratch(call, {n}, kInt64)};
  if (n == 0) return sorted;
  const Tensor unsorted = Scratch(call, {n}, kInt64);
  ForEach(call, n, Iota{Out<int64_t>(unsorted)});
  const int device = call.call.device.index;
  const DeviceGuard guard(device);
  const auto sort = [&](void* memory, size_t& bytes) {
    NEURA_CUDA_CHECK(cub::DeviceRadixSort::SortPairs(
        memory, bytes, In<int64_t>(keys), Out<int64_t>(sorted.keys), In<int64_t>(unsorted),
        Out<int64_t>(sorted.positions), n, /*begin_bit=*/0,
        /*end_bit=*/static_cast<int>(std::bit_width(static_cast<uint64_t>(bound))),
        CurrentStream(device)));
  };
  size_t bytes = 0;
  sort(nullptr, bytes);
  const Tensor memory = ScratchOf<char>(call, static_cast<int64_t>(bytes));
  sort(memory.raw_data(), bytes);
  return sorted;
}

#endif  // NEURA_CUDA_ON_HOST

}  // namespace neura::cuda
