// The source planes of a convolution (conv_plan.h) in memory. Per target: see Highway's
// foreach_target.h.
#if defined(NEURA_TENSOR_CPU_CONV_SOURCE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef NEURA_TENSOR_CPU_CONV_SOURCE_INL_H_
#undef NEURA_TENSOR_CPU_CONV_SOURCE_INL_H_
#else
#define NEURA_TENSOR_CPU_CONV_SOURCE_INL_H_
#endif

#include <algorithm>
#include <cstdint>

#include "hwy/highway.h"
#include "neura/tensor/cpu/conv_plan.h"
#include "neura/tensor/cpu/scratch.h"
#include "neura/tensor/cpu/tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace neura::cpu::HWY_NAMESPACE {

// Copied planes of one item of work stay in the second-level cache.
inline constexpr int64_t kSourceBytes = 1 << 19;

// Copies rows of columns elements, step apart in the source.
template <typename T>
HWY_INLINE void CopyRows(int64_t rows, int64_t columns, const T* from, int64_t from_stride,
                         int64_t step, T* to, int64_t to_stride) {
  if (step != 1) {
    for (int64_t j = 0; j < rows; ++j, from += from_stride, to += to_stride) {
      for (int64_t i = 0; i < columns; ++i) to[i] = from[i * step];
    }
    return;
  }
  const hn::ScalableTag<T> d;
  constexpr int kN = kLanes<T>;
  const int64_t whole = columns / kN * kN;
  const int64_t rest = columns - whole;
  const auto mask = hn::FirstN(d, static_cast<size_t>(rest));
  for (int64_t j = 0; j < rows; ++j, from += from_stride, to += to_stride) {
    for (int64_t i = 0; i < whole; i += kN) hn::StoreU(hn::LoadU(d, from + i), d, to + i);
    if (rest > 0) {
      StoreFirst(d, mask, rest, LoadFirst(d, mask, rest, from + whole), to + whole);
    }
  }
}

// What the results of rows [row_begin, row_begin + rows) of plane u of one image read: the base
// that the offsets of SourceLayout count from, behind which a whole vector is readable if it is a
// copy.
template <typename T>
const T* PrepareSource(const AxisPlan& depth, const AxisPlan& height, const AxisPlan& width,
                       const SourceLayout& layout, int64_t channels, int64_t u, int64_t row_begin,
                       int64_t rows, const T* image) {
  const int64_t source_plane = height.source_size * width.source_size;
  if (layout.in_place) {
    return image + depth.SourceAt(depth.taps[0], u) * source_plane +
           (height.plane_begins[0] + row_begin) * layout.pitch + width.plane_begins[0];
  }
  const int64_t slices = channels * static_cast<int64_t>(depth.taps.size());
  T* base = Scratch<T>(ScratchSlot::kSource, slices * layout.slice_stride + 2 * kLanes<T>);
  const int64_t plane_rows = rows + height.extent - height.count;
  T* plane = base;
  for (int64_t c = 0; c < channels; ++c, image += depth.source_size * source_plane) {
    for (const AxisPlan::Tap& z : depth.taps) {
      const int64_t z_at = depth.SourceAt(z, u);
      const bool live = z_at >= 0 && z_at < depth.source_size;
      for (int64_t y_plane_begin : height.plane_begins) {
        const int64_t y_begin = y_plane_begin + row_begin * height.source_step;
        const InsideRange y(y_begin, height.source_step, height.source_size, plane_rows);
        for (int64_t x_begin : width.plane_begins) {
          const InsideRange x(x_begin, width.source_step, width.source_size, width.extent);
          FillZero(plane, layout.plane_stride);
          if (live && y.first < y.last && x.first < x.last) {
            const int64_t first_row = y_begin + y.first * height.source_step;
            const int64_t first_column = x_begin + x.first * width.source_step;
            CopyRows(y.last - y.first, x.last - x.first,
                     image + z_at * source_plane + first_row * width.source_size + first_column,
                     height.source_step * width.source_size, width.source_step,
                     plane + y.first * layout.pitch + x.first, layout.pitch);
          }
          plane += layout.plane_stride;
        }
      }
    }
  }
  FillZero(base + slices * layout.slice_stride, int64_t{2} * kLanes<T>);
  return base;
}

// Rows of results that are worked on at a time.
template <typename T>
int64_t RowsAtATime(const AxisPlan& height, const AxisPlan& width, int64_t slices) {
  const int64_t planes =
      slices * static_cast<int64_t>(height.plane_begins.size() * width.plane_begins.size());
  const int64_t row_bytes = planes * width.extent * static_cast<int64_t>(sizeof(T));
  const int64_t extra_rows = height.extent - height.count;
  const int64_t fitting = kSourceBytes / std::max<int64_t>(1, row_bytes) - extra_rows;
  // At least as many as are read in vain.
  const int64_t most = std::max(std::max<int64_t>(4, extra_rows), fitting);
  const int64_t bands = std::max<int64_t>(1, (height.count + most - 1) / most);
  return std::max<int64_t>(1, (height.count + bands - 1) / bands);
}

}  // namespace neura::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // NEURA_TENSOR_CPU_CONV_SOURCE_INL_H_
