// What a convolution and its gradient for the input have in common.
#ifndef NEURA_TENSOR_CPU_CORRELATION_H_
#define NEURA_TENSOR_CPU_CORRELATION_H_

#include <cstdint>

#include "neura/tensor/cpu/conv_plan.h"

namespace neura::cpu {

// A correlation of all images and groups.
template <typename T>
struct Correlation {
  const AxisPlan& depth;
  const AxisPlan& height;
  const AxisPlan& width;
  int64_t batch = 0, groups = 0;
  int64_t source_channels = 0, dest_channels = 0;  // of one group
  int64_t dest_depth = 0, dest_height = 0, dest_width = 0;
  const T* source = nullptr;
  // Within a group, the element of (dest channel i, source channel c, tap (z, y, x)) is at
  //   i * weight_dest_stride + c * weight_source_stride + (z * kernel_height + y) * kernel_width +
  //   x.
  const T* weight = nullptr;
  int64_t weight_group_stride = 0, weight_dest_stride = 0, weight_source_stride = 0;
  int64_t kernel_height = 0, kernel_width = 0;
  const T* bias = nullptr;
  T* dest = nullptr;

  // Of one group, channel by channel.
  int64_t slices() const { return source_channels * static_cast<int64_t>(depth.taps.size()); }
  int64_t dest_plane() const { return dest_height * dest_width; }
  int64_t dest_volume() const { return dest_depth * dest_plane(); }
};

void Correlate(const Correlation<float>& correlation);
void Correlate(const Correlation<double>& correlation);

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_CORRELATION_H_
