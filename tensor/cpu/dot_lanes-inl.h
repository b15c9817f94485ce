// How dot products are summed: whatever the target, in lanes of so many bytes, which meet in a
// tree. The same bits for all targets that fuse products. Per target: see Highway's
// foreach_target.h.
#if defined(NEURA_TENSOR_CPU_DOT_LANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_CPU_DOT_LANES_INL_H_
#undef NEURA_TENSOR_CPU_DOT_LANES_INL_H_
#else
#define NEURA_TENSOR_CPU_DOT_LANES_INL_H_
#endif

#include "hwy/highway.h"

HWY_BEFORE_NAMESPACE();
namespace neura::cpu::HWY_NAMESPACE {

namespace hn = hwy::HWY_NAMESPACE;

template <typename T>
inline constexpr int kDotLanes = static_cast<int>(32 / sizeof(T));
template <typename T>
using DotTag = hn::CappedTag<T, kDotLanes<T>>;
template <typename T>
using DotVec = hn::Vec<DotTag<T>>;
template <typename T>
inline constexpr int kDotVectors = kDotLanes<T> / static_cast<int>(hn::MaxLanes(DotTag<T>()));

template <typename T>
HWY_INLINE T SumOfDotLanes(const DotVec<T> (&sums)[kDotVectors<T>]) {
  constexpr int kN = kDotLanes<T> / kDotVectors<T>;
  HWY_ALIGN T lanes[kDotLanes<T>];
#pragma GCC unroll 16
  for (int v = 0; v < kDotVectors<T>; ++v) hn::Store(sums[v], DotTag<T>(), lanes + v * kN);
  for (int width = kDotLanes<T> / 2; width > 0; width /= 2) {
    for (int lane = 0; lane < width; ++lane) lanes[lane] += lanes[lane + width];
  }
  return lanes[0];
}

}  // namespace neura::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // NEURA_TENSOR_CPU_DOT_LANES_INL_H_
