#include "neura/cuda/kernels/sort.h"

#ifdef NEURA_CUDA_ON_HOST
#include <algorithm>
#else
#include <bit>
#include <cub/device/device_radix_sort.cuh>
#endif

#include "neura/cuda/kernels/kernels.h"
#include "neura/cuda/kernels/launch.h"
#include "neura/cuda/kernels/numeric.h"
#include "neura/cuda/kernels/support.h"
#include "neura/tensor/elements/order.h"
#include "neura/tensor/iteration/reduce_plan.h"
#include "neura/tensor/ops/op_list/reduce.h"

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

namespace {

// Lanes of `length` elements, `inner` apart.
struct Lanes {
  int64_t length, inner;
  NEURA_DEVICE int64_t Of(int64_t i) const { return i / (length * inner) * inner + i % inner; }
  NEURA_DEVICE int64_t At(int64_t lane, int64_t k) const {
    return lane / inner * inner * length + lane % inner + k * inner;
  }
};

template <typename T>
struct KeyOf {
  const T* x;
  bool descending;
  int64_t* keys;
  NEURA_DEVICE void operator()(int64_t i) const {
    keys[i] = elements::Directed(elements::OrderKey(Widen(x[i])), descending);
  }
};

struct LaneOf {
  Lanes lanes;
  const int64_t* positions;
  int64_t* keys;
  NEURA_DEVICE void operator()(int64_t i) const { keys[i] = lanes.Of(positions[i]); }
};

// Element i of all, lane by lane, each in order.
template <typename T>
struct PlaceSorted {
  Lanes lanes;
  const T* x;
  const int64_t* by_key;
  const int64_t* by_lane;
  T* values;         // null where nobody wants them
  int64_t* indices;  // the same
  NEURA_DEVICE void operator()(int64_t i) const {
    const int64_t from = by_key[by_lane[i]];
    const int64_t to = lanes.At(i / lanes.length, i % lanes.length);
    if (values != nullptr) values[to] = x[from];
    if (indices != nullptr) indices[to] = from / lanes.inner % lanes.length;
  }
};

}  // namespace

// By value, then by lane: the second leaves the first in order.
void SortKernel(KernelCall& call) {
  const auto& options = call.Get<SortOptions>();
  const Tensor input = Contiguous(call, call.input(0));
  const int64_t n = input.numel();
  if (n == 0) return;
  const AroundDim around(input, NormalizeDim("sort", options.dim, input.dim()));
  const Lanes lanes{around.extent, around.inner};
  SwitchAny(input.dtype(), [&]<typename T>(T) {
    const Tensor keys = Scratch(call, {n}, kInt64);
    int64_t* const key = Out<int64_t>(keys);
    ForEach(call, n, KeyOf<T>{In<T>(input), options.descending, key});
    const SortedKeys by_key = StableSort(call, keys, -1);
    ForEach(call, n, LaneOf{lanes, In<int64_t>(by_key.positions), key});
    const SortedKeys by_lane = StableSort(call, keys, around.outer * around.inner);
    ForEach(call, n,
            PlaceSorted<T>{lanes, In<T>(input), In<int64_t>(by_key.positions),
                           In<int64_t>(by_lane.positions),
                           call.wants(0) ? Out<T>(call.output(0)) : nullptr,
                           call.wants(1) ? Out<int64_t>(call.output(1)) : nullptr});
  });
}

}  // namespace neura::cuda
