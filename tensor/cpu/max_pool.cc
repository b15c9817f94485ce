#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "neura/tensor/cpu/planes.h"
#include "neura/tensor/cpu/pool.h"
#include "neura/tensor/cpu/targets.h"  // IWYU pragma: keep

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "tensor/cpu/max_pool.cc"
#include "hwy/foreach_target.h"
#include "hwy/highway.h"
#include "neura/tensor/cpu/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace neura::cpu::HWY_NAMESPACE {

#if HWY_TARGET == HWY_SCALAR

template <typename T>
bool PlaneOf2x2(const PoolGeometry&, const T*, T*, int64_t*) {
  return false;
}

#else

// best = the larger of best and value, as MaxPool orders them, and best_index likewise.
template <class D, class V, class I>
HWY_INLINE void TakeLarger(D, V value, I index, V& best, I& best_index) {
  const auto larger = hn::Or(hn::Gt(value, best), hn::IsNaN(value));
  best = hn::IfThenElse(larger, value, best);
  const hn::RebindToSigned<D> di;
  best_index = hn::IfThenElse(hn::RebindMask(di, larger), index, best_index);
}

HWY_INLINE void StoreIndices(hn::Vec<hn::ScalableTag<int64_t>> v, int64_t count, int64_t* to) {
  const hn::ScalableTag<int64_t> d;
  StoreFirst(d, hn::FirstN(d, static_cast<size_t>(count)), count, v, to);
}

HWY_INLINE void StoreIndices(hn::Vec<hn::ScalableTag<int32_t>> v, int64_t count, int64_t* to) {
  const hn::ScalableTag<int32_t> d;
  const hn::ScalableTag<int64_t> wide;
  constexpr int64_t kN = kLanes<int64_t>;
  StoreIndices(hn::PromoteTo(wide, hn::LowerHalf(v)), std::min(count, kN), to);
  if (count > kN) {
    const auto high = hn::UpperHalf(hn::Half<decltype(d)>(), v);
    StoreIndices(hn::PromoteTo(wide, high), count - kN, to + kN);
  }
}

// One row of results of 2x2 windows that neither overlap nor leave gaps or the plane. index is that
// of the first element; a plane has fewer elements than the signed integer of T's size can count.
template <typename T>
void RowOf2x2(const T* row0, int64_t in_width, int64_t out_width, int64_t index, T* output,
              int64_t* indices) {
  const hn::ScalableTag<T> d;
  const hn::RebindToSigned<decltype(d)> di;
  using TI = hn::TFromD<decltype(di)>;
  constexpr int64_t kN = kLanes<T>;
  const T* row1 = row0 + in_width;
  const auto load = [&](const T* from, int64_t count) HWY_ATTR {
    const int64_t inside = std::clamp<int64_t>(count, 0, kN);
    return LoadFirst(d, hn::FirstN(d, static_cast<size_t>(inside)), inside, from);
  };
  for (int64_t x = 0; x < out_width; x += kN) {
    const int64_t count = std::min(kN, out_width - x);
    const bool second = 2 * count > kN;
    const auto low0 = load(row0 + 2 * x, 2 * count);
    const auto low1 = load(row1 + 2 * x, 2 * count);
    const auto high0 = second ? load(row0 + 2 * x + kN, 2 * count - kN) : hn::Zero(d);
    const auto high1 = second ? load(row1 + 2 * x + kN, 2 * count - kN) : hn::Zero(d);
    auto best = hn::ConcatEven(d, high0, low0);
    const auto first = hn::Iota(di, static_cast<TI>(index + 2 * x));
    const auto corner = hn::Add(first, hn::Iota(di, 0));  // every second column
    auto best_index = corner;
    const auto one = hn::Set(di, TI{1});
    const auto below = hn::Add(corner, hn::Set(di, static_cast<TI>(in_width)));
    TakeLarger(d, hn::ConcatOdd(d, high0, low0), hn::Add(corner, one), best, best_index);
    TakeLarger(d, hn::ConcatEven(d, high1, low1), below, best, best_index);
    TakeLarger(d, hn::ConcatOdd(d, high1, low1), hn::Add(below, one), best, best_index);
    StoreFirst(d, hn::FirstN(d, static_cast<size_t>(count)), count, best, output + x);
    if (indices != nullptr) StoreIndices(best_index, count, indices + x);
  }
}

template <typename T>
bool PlaneOf2x2(const PoolGeometry& g, const T* input, T* output, int64_t* indices) {
  for (int64_t y = 0; y < g.height.out; ++y) {
    RowOf2x2(input + 2 * y * g.width.in, g.width.in, g.width.out, 2 * y * g.width.in,
             output + y * g.width.out, indices == nullptr ? nullptr : indices + y * g.width.out);
  }
  return true;
}

#endif  // HWY_TARGET == HWY_SCALAR

bool PlaneOf2x2Float(const PoolGeometry& g, const float* input, float* output, int64_t* indices) {
  return PlaneOf2x2(g, input, output, indices);
}
bool PlaneOf2x2Double(const PoolGeometry& g, const double* input, double* output,
                      int64_t* indices) {
  return PlaneOf2x2(g, input, output, indices);
}

}  // namespace neura::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace neura::cpu {
namespace {

HWY_EXPORT(PlaneOf2x2Float);
HWY_EXPORT(PlaneOf2x2Double);

// False where the target has no such code.
bool PlaneOf2x2(const PoolGeometry& g, const float* input, float* output, int64_t* indices) {
  return HWY_DYNAMIC_DISPATCH(PlaneOf2x2Float)(g, input, output, indices);
}
bool PlaneOf2x2(const PoolGeometry& g, const double* input, double* output, int64_t* indices) {
  return HWY_DYNAMIC_DISPATCH(PlaneOf2x2Double)(g, input, output, indices);
}

bool IsWithinTiles2x2(const PoolGeometry& g) {
  const auto halves = [](const WindowAxis& a) {
    return a.kernel == 2 && a.stride == 2 && a.padding == 0 && a.dilation == 1 && 2 * a.out <= a.in;
  };
  return halves(g.height) && halves(g.width) && g.depth.IsAbsent() &&
         g.in_size() < std::numeric_limits<int32_t>::max();
}

// The first coordinate of window i inside [0, in), and the end; dilation apart.
struct Span {
  Span(int64_t i, const WindowAxis& axis) {
    begin = i * axis.stride - axis.padding;
    end = std::min(axis.in, begin + (axis.kernel - 1) * axis.dilation + 1);
    if (begin < 0) begin += (-begin + axis.dilation - 1) / axis.dilation * axis.dilation;
  }
  int64_t begin, end;
};

template <typename T>
bool IsNaN(T value) {
  if constexpr (std::is_floating_point_v<T>) return std::isnan(value);
  return false;
}

// kDeep: whether there is a depth. The loops over one that is absent would cost a fifth.
template <bool kDeep, typename T>
void AnyWindows(const PoolGeometry& geometry, const T* input, T* output, int64_t* indices) {
  using Limits = std::numeric_limits<T>;
  PoolGeometry g = geometry;
  if constexpr (!kDeep) g.depth = WindowAxis();
  for (int64_t z = 0; z < g.depth.out; ++z) {
    const Span planes(z, g.depth);
    for (int64_t y = 0; y < g.height.out; ++y) {
      const Span rows(y, g.height);
      for (int64_t x = 0; x < g.width.out; ++x) {
        const Span columns(x, g.width);
        T best = Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
        int64_t best_index = -1;
        for (int64_t d = planes.begin; d < planes.end; d += g.depth.dilation) {
          for (int64_t h = rows.begin; h < rows.end; h += g.height.dilation) {
            const int64_t row = (d * g.height.in + h) * g.width.in;
            for (int64_t w = columns.begin; w < columns.end; w += g.width.dilation) {
              const T value = input[row + w];
              if (value > best || best_index < 0 || IsNaN(value)) {
                best = value;
                best_index = row + w;
              }
            }
          }
        }
        *output++ = best;
        if (indices != nullptr) *indices++ = std::max<int64_t>(best_index, 0);
      }
    }
  }
}

}  // namespace

template <typename T>
void MaxPool(const PoolGeometry& g, const T* input, T* output, int64_t* indices) {
  ForEachPlane(g.channels, g.in_size(), [&](int64_t channel) {
    const T* from = input + channel * g.in_size();
    T* to = output + channel * g.out_size();
    int64_t* to_indices = indices == nullptr ? nullptr : indices + channel * g.out_size();
    if constexpr (std::is_floating_point_v<T>) {
      if (IsWithinTiles2x2(g) && PlaneOf2x2(g, from, to, to_indices)) return;
    }
    if (g.depth.IsAbsent()) {
      AnyWindows<false>(g, from, to, to_indices);
    } else {
      AnyWindows<true>(g, from, to, to_indices);
    }
  });
}

template <typename T>
bool MaxPoolGather(int64_t channels, int64_t input_size, int64_t output_size, const T* input,
                   const int64_t* indices, T* output) {
  std::atomic<bool> inside{true};
  ForEachPlane(channels, output_size, [&](int64_t channel) {
    const T* from = input + channel * input_size;
    for (int64_t i = channel * output_size; i < (channel + 1) * output_size; ++i) {
      if (static_cast<uint64_t>(indices[i]) >= static_cast<uint64_t>(input_size)) {
        inside.store(false, std::memory_order_relaxed);
        return;
      }
      output[i] = from[indices[i]];
    }
  });
  return inside.load(std::memory_order_relaxed);
}

template <typename T>
bool MaxPoolScatter(int64_t channels, int64_t input_size, int64_t output_size, const T* input,
                    const int64_t* indices, T* output) {
  std::atomic<bool> inside{true};
  ForEachPlane(channels, output_size, [&](int64_t channel) {
    T* to = output + channel * output_size;
    std::fill_n(to, output_size, T{0});
    for (int64_t i = channel * input_size; i < (channel + 1) * input_size; ++i) {
      if (static_cast<uint64_t>(indices[i]) >= static_cast<uint64_t>(output_size)) {
        inside.store(false, std::memory_order_relaxed);
        return;
      }
      to[indices[i]] += input[i];
    }
  });
  return inside.load(std::memory_order_relaxed);
}

template void MaxPool(const PoolGeometry&, const float*, float*, int64_t*);
template void MaxPool(const PoolGeometry&, const double*, double*, int64_t*);
template void MaxPool(const PoolGeometry&, const int32_t*, int32_t*, int64_t*);
template void MaxPool(const PoolGeometry&, const int64_t*, int64_t*, int64_t*);
template void MaxPool(const PoolGeometry&, const uint8_t*, uint8_t*, int64_t*);
template bool MaxPoolGather(int64_t, int64_t, int64_t, const float*, const int64_t*, float*);
template bool MaxPoolGather(int64_t, int64_t, int64_t, const double*, const int64_t*, double*);
template bool MaxPoolScatter(int64_t, int64_t, int64_t, const float*, const int64_t*, float*);
template bool MaxPoolScatter(int64_t, int64_t, int64_t, const double*, const int64_t*, double*);

}  // namespace neura::cpu
#endif  // HWY_ONCE
