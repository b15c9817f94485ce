// Pooling in one to three dimensions of contiguous arrays [N, C, D, H, W], batch and channels taken
// together: those with fewer have a depth, and a height, of 1.
#ifndef NEURA_TENSOR_CPU_POOL_H_
#define NEURA_TENSOR_CPU_POOL_H_

#include <cstdint>
#include <optional>

#include "neura/tensor/cpu/window_axis.h"

namespace neura::cpu {

// A window covers what its three axes cover, and may reach over any edge. Average pooling has no
// dilation.
struct PoolGeometry {
  int64_t channels = 0;  // of all images
  WindowAxis depth = {}, height = {}, width = {};

  int64_t in_size() const { return depth.in * height.in * width.in; }
  int64_t out_size() const { return depth.out * height.out * width.out; }
};

// All run on the thread pool, overwrite their results, and give the same bits for every number of
// threads.

// The largest element of each window and, unless indices is null, where it is in its channel ((d *
// height + h) * width + w): the first of equal ones. A NaN counts as larger than any number. A
// window that covers nothing gives the lowest value, at index 0. T: float, double, int32_t,
// int64_t, uint8_t.
template <typename T>
void MaxPool(const PoolGeometry& geometry, const T* input, T* output, int64_t* indices);

// The linear map that MaxPool is where the maxima stay where they are, and its transpose. For
// every channel, Gather reads output_size of input_size elements: output[i] = input[indices[i]];
// Scatter adds as many to zeros: output[indices[i]] += input[i]. False if an index was outside of
// its channel; the output is then unspecified. T: float, double.
template <typename T>
[[nodiscard]] bool MaxPoolGather(int64_t channels, int64_t input_size, int64_t output_size,
                                 const T* input, const int64_t* indices, T* output);
template <typename T>
[[nodiscard]] bool MaxPoolScatter(int64_t channels, int64_t input_size, int64_t output_size,
                                  const T* input, const int64_t* indices, T* output);

// What the sum of a window is divided by: the divisor, if there is one, else the number of its
// elements. count_include_pad: the padding counts as zeros, as far as the window reaches into it;
// what is beyond the padding never counts.
struct MeanOptions {
  bool count_include_pad = true;
  std::optional<int64_t> divisor = {};
};
// The mean of each window. T: float, double.
template <typename T>
void AvgPool(const PoolGeometry& geometry, const MeanOptions& options, const T* input, T* output);
template <typename T>
void AvgPoolGrad(const PoolGeometry& geometry, const MeanOptions& options, const T* output_grad,
                 T* input_grad);

// Window i of out windows covers floor(i in / out) to ceil((i + 1) in / out) of each dimension. Of
// the geometry only channels and the extents count. T: float, double.
template <typename T>
void AdaptiveAvgPool(const PoolGeometry& geometry, const T* input, T* output);
template <typename T>
void AdaptiveAvgPoolGrad(const PoolGeometry& geometry, const T* output_grad, T* input_grad);

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_POOL_H_
