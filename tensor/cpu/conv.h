// Convolution (cross-correlation, as in deep learning) in one to three dimensions of contiguous
// arrays [N, C, D, H, W]: those with fewer have a depth, and a height, of 1.
#ifndef NEURA_TENSOR_CPU_CONV_H_
#define NEURA_TENSOR_CPU_CONV_H_

#include <cstdint>

#include "neura/tensor/cpu/window_axis.h"

namespace neura::cpu {

// input [batch, in_channels, in...], weight [out_channels, in_channels / groups, kernel...], output
// [batch, out_channels, out...] with
//   out = (in + 2 padding - dilation (kernel - 1) - 1) / stride + 1   (rounded down)
// in each dimension. groups divides both channel counts.
struct ConvGeometry {
  int64_t batch = 0;
  int64_t in_channels = 0;
  int64_t out_channels = 0;
  int64_t groups = 1;
  WindowAxis depth = {}, height = {}, width = {};

  int64_t in_plane() const { return height.in * width.in; }
  int64_t in_volume() const { return depth.in * in_plane(); }
  int64_t out_plane() const { return height.out * width.out; }
  int64_t out_volume() const { return depth.out * out_plane(); }
  int64_t kernel_plane() const { return height.kernel * width.kernel; }
  int64_t kernel_volume() const { return depth.kernel * kernel_plane(); }
};

// All three run on the thread pool, overwrite their result, and give the same bits for every number
// of threads.

// bias has out_channels values, or is null.
template <typename T>
void ConvForward(const ConvGeometry& geometry, const T* input, const T* weight, const T* bias,
                 T* output);

// The gradient with respect to input, given that with respect to output.
template <typename T>
void ConvInputGrad(const ConvGeometry& geometry, const T* weight, const T* output_grad,
                   T* input_grad);

// The gradient with respect to weight, given that with respect to output.
template <typename T>
void ConvWeightGrad(const ConvGeometry& geometry, const T* input, const T* output_grad,
                    T* weight_grad);

extern template void ConvForward(const ConvGeometry&, const float*, const float*, const float*,
                                 float*);
extern template void ConvForward(const ConvGeometry&, const double*, const double*, const double*,
                                 double*);
extern template void ConvInputGrad(const ConvGeometry&, const float*, const float*, float*);
extern template void ConvInputGrad(const ConvGeometry&, const double*, const double*, double*);
template <>
void ConvWeightGrad(const ConvGeometry& geometry, const float* input, const float* output_grad,
                    float* weight_grad);
template <>
void ConvWeightGrad(const ConvGeometry& geometry, const double* input, const double* output_grad,
                    double* weight_grad);

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_CONV_H_
