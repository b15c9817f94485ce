// How a convolution with any stride, padding and dilation becomes one with none: the source is cut
// into planes, one for each residue of its coordinate modulo the stride, with zeros around; in them
// every tap of the kernel is a fixed offset, and neighbouring results are neighbours.
#ifndef NEURA_TENSOR_CPU_CONV2D_PLAN_H_
#define NEURA_TENSOR_CPU_CONV2D_PLAN_H_

#include <cstdint>
#include <vector>

#include "neura/tensor/cpu/conv2d.h"

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

  // The taps [first, last) that read the source at all for result u; others read zeros.
  struct TapRange {
    int64_t first, last;
  };
  TapRange LiveTaps(int64_t u) const;

  // Whether the single plane is a part of the source itself.
  bool IsInsideSource() const {
    return plane_begins.size() == 1 && source_step == 1 && plane_begins[0] >= 0 &&
           plane_begins[0] + extent <= source_size;
  }
};

struct AxisGeometry {
  int64_t in, out, kernel, stride, padding, dilation;
};

AxisGeometry HeightOf(const Conv2dGeometry& g);
AxisGeometry WidthOf(const Conv2dGeometry& g);

// The source is the input, the results are the outputs.
AxisPlan ForwardPlan(const AxisGeometry& axis);

// The source is the outputs' gradient; the results are the inputs i with (i + padding) % stride ==
// residue.
AxisPlan InputGradPlan(const AxisGeometry& axis, int64_t residue);

// A correlation of all images and groups.
template <typename T>
struct Correlation {
  const AxisPlan& height;
  const AxisPlan& width;
  int64_t batch = 0, groups = 0;
  int64_t source_channels = 0, dest_channels = 0;  // of one group
  int64_t dest_height = 0, dest_width = 0;
  const T* source = nullptr;
  // Within a group, the element of (dest channel i, source channel c, tap (y, x)) is at
  //   i * weight_dest_stride + c * weight_source_stride + y * kernel_width + x.
  const T* weight = nullptr;
  int64_t weight_group_stride = 0, weight_dest_stride = 0, weight_source_stride = 0;
  int64_t kernel_height = 0, kernel_width = 0;
  const T* bias = nullptr;
  T* dest = nullptr;
};

// The planes of all channels of one image, for results of rows [row_begin, row_begin + rows), in
// memory.
struct SourceLayout {
  // In place: planes are parts of the source. Otherwise they are copied, channel by channel.
  SourceLayout(const AxisPlan& height, const AxisPlan& width, bool in_place, int64_t max_rows);

  // Whether the planes can be parts of the source.
  static bool AllowsInPlace(const AxisPlan& height, const AxisPlan& width) {
    return height.IsInsideSource() && width.IsInsideSource();
  }

  // Where the element that tap (y, x) of channel c reads for the first result lies, from the base.
  int64_t TapOffset(const AxisPlan::Tap& y, int64_t c, const AxisPlan::Tap& x) const {
    return c * channel_stride + (y.plane * width_planes + x.plane) * plane_stride +
           y.shift * pitch + x.shift;
  }

  bool in_place;
  // From one row of a plane to the next. Where rows end and begin with zeros they share them.
  int64_t pitch;
  int64_t width_planes;    // of one plane in height
  int64_t plane_stride;    // from one plane to the next: first all of width's, then of height's
  int64_t channel_stride;  // from one channel to the next
};

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_CONV2D_PLAN_H_
