// Operands of one shape and any strides: from the row-major index of an element to where it lies in
// each of them.
#ifndef NEURA_CUDA_KERNELS_STRIDED_H_
#define NEURA_CUDA_KERNELS_STRIDED_H_

#include <array>
#include <bit>
#include <cstdint>

#include "neura/cuda/kernels/launch.h"
#include "neura/tensor/iteration/loop_dims.h"

namespace neura::cuda {

// Dimensions, after joining, that a kernel walks by itself.
inline constexpr int kMaxDims = 8;

// Division by a number that is known when the kernel starts: one multiplication for dividends below
// 2^31. Granlund and Montgomery, "Division by Invariant Integers using Multiplication", PLDI 1994.
struct Divider {
  int64_t divisor;
  uint32_t magic;
  uint32_t shift;

  static Divider By(int64_t divisor) {
    Divider d{divisor, 0, 0};
    // Large divisors are divided by as they are; by 0, an extent without elements, nobody divides.
    if (divisor > INT32_MAX || divisor == 0) return d;
    d.shift = static_cast<uint32_t>(std::bit_width(static_cast<uint32_t>(divisor - 1)));
    const uint64_t rest = (uint64_t{1} << d.shift) - static_cast<uint64_t>(divisor);
    d.magic = static_cast<uint32_t>((rest << 32) / static_cast<uint64_t>(divisor) + 1);
    return d;
  }

  NEURA_DEVICE int64_t Divide(int64_t n) const {
    if (n > INT32_MAX || divisor > INT32_MAX) return n / divisor;
    const auto small = static_cast<uint32_t>(n);
    const auto high = static_cast<uint32_t>((uint64_t{small} * magic) >> 32);
    return (high + small) >> shift;
  }
};

// An offset in elements for each operand.
template <size_t N>
struct Offsets {
  int64_t value[N];
  NEURA_DEVICE int64_t operator[](size_t operand) const { return value[operand]; }
};

// Passed to kernels by value.
template <size_t N>
struct StridedIndex {
  int rank = 0;
  Divider extents[kMaxDims] = {};
  int64_t strides[kMaxDims][N] = {};
  int64_t base[N] = {};

  StridedIndex(const LoopDims<N>& dims, const std::array<int64_t, N>& first) {
    rank = static_cast<int>(dims.extents.size());
    for (size_t d = 0; d < dims.extents.size(); ++d) {
      extents[d] = Divider::By(dims.extents[d]);
      for (size_t k = 0; k < N; ++k) strides[d][k] = dims.strides[k][d];
    }
    for (size_t k = 0; k < N; ++k) base[k] = first[k];
  }
  explicit StridedIndex(const LoopDims<N>& dims) : StridedIndex(dims, std::array<int64_t, N>{}) {}

  NEURA_DEVICE Offsets<N> At(int64_t index) const {
    Offsets<N> offsets;
    for (size_t k = 0; k < N; ++k) offsets.value[k] = base[k];
    for (int d = rank - 1; d >= 0; --d) {
      // The outermost dimension takes what is left.
      const int64_t quotient = d > 0 ? extents[d].Divide(index) : 0;
      const int64_t position = index - quotient * extents[d].divisor;
      for (size_t k = 0; k < N; ++k) offsets.value[k] += position * strides[d][k];
      index = quotient;
    }
    return offsets;
  }
};

namespace internal {

template <size_t N, typename F>
struct AtOffsets {
  StridedIndex<N> index;
  F f;
  NEURA_DEVICE void operator()(int64_t i) const { f(index.At(i)); }
};

template <size_t N, typename F>
void ForEachStrided(const KernelCall& call, const LoopDims<N>& dims,
                    const std::array<int64_t, N>& first, const F& f) {
  if (dims.extents.size() <= kMaxDims) {
    ForEach(call, dims.Count(), AtOffsets<N, F>{StridedIndex<N>(dims, first), f});
    return;
  }
  // Too many dimensions for a kernel: one launch for each index of the outermost.
  LoopDims<N> inner = dims;
  inner.extents.erase(inner.extents.begin());
  for (size_t k = 0; k < N; ++k) inner.strides[k].erase(inner.strides[k].begin());
  std::array<int64_t, N> start = first;
  for (int64_t i = 0; i < dims.extents[0]; ++i) {
    ForEachStrided(call, inner, start, f);
    for (size_t k = 0; k < N; ++k) start[k] += dims.strides[k][0];
  }
}

}  // namespace internal

// Runs f(offsets) for every element of `dims`, whose strides are in elements.
template <size_t N, typename F>
void ForEachStrided(const KernelCall& call, const LoopDims<N>& dims, const F& f) {
  internal::ForEachStrided(call, dims, std::array<int64_t, N>{}, f);
}

}  // namespace neura::cuda

#endif  // NEURA_CUDA_KERNELS_STRIDED_H_
