// How a convolution with any stride, padding and dilation becomes one with none: the source is cut
// into planes, one for each residue of its coordinate modulo the stride, with zeros around; in them
// every tap of the kernel is a fixed offset, and neighbouring results are neighbours. A plane of
// results in three dimensions is one in two: what each tap in depth reads of a channel, its slice,
// is a channel of its own.
#ifndef NEURA_TENSOR_CPU_CONV_PLAN_H_
#define NEURA_TENSOR_CPU_CONV_PLAN_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "neura/tensor/cpu/window_axis.h"

namespace neura::cpu {

// The j in [first, last), of those in [0, count), for which begin + j * step lies in [0, size).
struct InsideRange {
  InsideRange(int64_t begin, int64_t step, int64_t size, int64_t count);
  int64_t first, last;
};

// One direction of a convolution. Result u (u < count) lies at dest_begin + u * dest_step and is
// the sum over taps of
//   weight[tap.index] * plane tap.plane [u + tap.shift],
// where element j (j < extent) of plane p is the source at plane_begins[p] + j * source_step, or 0
// outside of it.
struct AxisPlan {
  struct Tap {
    int64_t index;
    int64_t plane;
    int64_t shift;
  };

  int64_t count = 0;
  int64_t dest_begin = 0;
  int64_t dest_step = 1;
  int64_t source_size = 0;
  int64_t source_step = 1;
  int64_t extent = 0;
  std::vector<int64_t> plane_begins;
  std::vector<Tap> taps;

  // Where in the source a tap reads for result u, inside of it or not.
  int64_t SourceAt(const Tap& tap, int64_t u) const {
    return plane_begins[tap.plane] + (u + tap.shift) * source_step;
  }

  // The taps [first, last) that read the source at all for result u; others read zeros.
  struct TapRange {
    int64_t first, last;
  };
  TapRange LiveTaps(int64_t u) const;

  // Whether there are taps, and all read the source for every result.
  bool AllTapsLive() const;

  // Whether the single plane is a part of the source itself.
  bool IsInsideSource() const {
    return plane_begins.size() == 1 && source_step == 1 && plane_begins[0] >= 0 &&
           plane_begins[0] + extent <= source_size;
  }
};

// The source is the input, the results are the outputs.
AxisPlan ForwardPlan(const WindowAxis& axis);

// The source is the outputs' gradient; the results are the inputs i with (i + padding) % stride ==
// residue.
AxisPlan InputGradPlan(const WindowAxis& axis, int64_t residue);

// The planes of all slices of one image, for results of rows [row_begin, row_begin + rows) of one
// plane, in memory.
struct SourceLayout {
  // In place: planes are parts of the source. Otherwise they are copied, slice by slice.
  SourceLayout(const AxisPlan& height, const AxisPlan& width, bool in_place, int64_t max_rows);

  // Whether the planes can be parts of the source.
  static bool AllowsInPlace(const AxisPlan& depth, const AxisPlan& height, const AxisPlan& width) {
    return depth.AllTapsLive() && height.IsInsideSource() && width.IsInsideSource();
  }

  // Where the slice of tap z of channel c lies, from the base.
  int64_t SliceOffset(const AxisPlan& depth, int64_t c, size_t z) const {
    const int64_t slice = c * static_cast<int64_t>(depth.taps.size()) + static_cast<int64_t>(z);
    if (!in_place) return slice * slice_stride;
    const int64_t skipped = depth.SourceAt(depth.taps[z], 0) - depth.SourceAt(depth.taps[0], 0);
    return (c * depth.source_size + skipped) * slice_stride;
  }

  // Where the element that tap (y, x) reads for the first result lies in a slice.
  int64_t TapOffset(const AxisPlan::Tap& y, const AxisPlan::Tap& x) const {
    return (y.plane * width_planes + x.plane) * plane_stride + y.shift * pitch + x.shift;
  }

  bool in_place;
  // From one row of a plane to the next. Where rows end and begin with zeros they share them.
  int64_t pitch;
  int64_t width_planes;  // of one plane in height
  int64_t plane_stride;  // from one plane to the next: first all of width's, then of height's
  int64_t slice_stride;  // from one slice to the next, or from one plane of the source to the next
};

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_CONV_PLAN_H_
