// Two-dimensional convolution (cross-correlation, as in deep learning) of contiguous NCHW arrays.
#ifndef NEURA_TENSOR_CPU_CONV2D_H_
#define NEURA_TENSOR_CPU_CONV2D_H_

#include <cstdint>

namespace neura::cpu {

// input [batch, in_channels, in_height, in_width], weight [out_channels, in_channels / groups,
// kernel_height, kernel_width], output [batch, out_channels, out_height, out_width] with
//   out = (in + 2 padding - dilation (kernel - 1) - 1) / stride + 1   (rounded down)
// in each direction. groups divides both channel counts.
struct Conv2dGeometry {
  int64_t batch = 0;
  int64_t in_channels = 0, in_height = 0, in_width = 0;
  int64_t out_channels = 0;
  int64_t kernel_height = 1, kernel_width = 1;
  int64_t stride_height = 1, stride_width = 1;
  int64_t padding_height = 0, padding_width = 0;
  int64_t dilation_height = 1, dilation_width = 1;
  int64_t groups = 1;
  int64_t out_height = 0, out_width = 0;
};

// All three run on the thread pool, overwrite their result, and give the same bits for every number
// of threads.

// bias has out_channels values, or is null.
template <typename T>
void Conv2dForward(const Conv2dGeometry& geometry, const T* input, const T* weight, const T* bias,
                   T* output);

// The gradient with respect to input, given that with respect to output.
template <typename T>
void Conv2dInputGrad(const Conv2dGeometry& geometry, const T* weight, const T* output_grad,
                     T* input_grad);

// The gradient with respect to weight, given that with respect to output.
template <typename T>
void Conv2dWeightGrad(const Conv2dGeometry& geometry, const T* input, const T* output_grad,
                      T* weight_grad);

extern template void Conv2dForward(const Conv2dGeometry&, const float*, const float*, const float*,
                                   float*);
extern template void Conv2dForward(const Conv2dGeometry&, const double*, const double*,
                                   const double*, double*);
extern template void Conv2dInputGrad(const Conv2dGeometry&, const float*, const float*, float*);
extern template void Conv2dInputGrad(const Conv2dGeometry&, const double*, const double*, double*);
template <>
void Conv2dWeightGrad(const Conv2dGeometry& geometry, const float* input, const float* output_grad,
                      float* weight_grad);
template <>
void Conv2dWeightGrad(const Conv2dGeometry& geometry, const double* input,
                      const double* output_grad, double* weight_grad);

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_CONV2D_H_
