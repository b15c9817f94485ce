// Two-dimensional pooling of contiguous planes (the batch and channels of NCHW arrays taken
// together).
#ifndef NEURA_TENSOR_CPU_POOL2D_H_
#define NEURA_TENSOR_CPU_POOL2D_H_

#include <cstdint>

namespace neura::cpu {

// Window (y, x) of a plane covers the elements (y * stride_height - padding_height + i *
// dilation_height, ...) for i < kernel_height that lie inside the plane; it may reach over any
// edge.
struct Pool2dGeometry {
  int64_t planes = 0;
  int64_t in_height = 0, in_width = 0;
  int64_t kernel_height = 1, kernel_width = 1;
  int64_t stride_height = 1, stride_width = 1;
  int64_t padding_height = 0, padding_width = 0;
  int64_t dilation_height = 1, dilation_width = 1;  // 1 for average pooling
  int64_t out_height = 0, out_width = 0;
};

// All run on the thread pool, overwrite their results, and give the same bits for every number of
// threads.

// The largest element of each window and, unless indices is null, where it is in its plane (h *
// in_width + w): the first of equal ones. A NaN counts as larger than any number. A window that
// covers nothing gives the lowest value, at index 0. T: float, double, int32_t, int64_t, uint8_t.
template <typename T>
void MaxPool2d(const Pool2dGeometry& geometry, const T* input, T* output, int64_t* indices);

// The linear map that MaxPool2d is where the maxima stay where they are, and its transpose. For
// every plane, Gather reads output_size of input_size elements: output[i] = input[indices[i]];
// Scatter adds as many to zeros: output[indices[i]] += input[i]. False if an index was outside of
// its plane; the output is then unspecified. T: float, double.
template <typename T>
[[nodiscard]] bool MaxPool2dGather(int64_t planes, int64_t input_size, int64_t output_size,
                                   const T* input, const int64_t* indices, T* output);
template <typename T>
[[nodiscard]] bool MaxPool2dScatter(int64_t planes, int64_t input_size, int64_t output_size,
                                    const T* input, const int64_t* indices, T* output);

// The mean of each window. count_include_pad: the padding counts as zeros, as far as the window
// reaches into it; what is beyond the padding never counts. T: float, double.
template <typename T>
void AvgPool2d(const Pool2dGeometry& geometry, bool count_include_pad, const T* input, T* output);
template <typename T>
void AvgPool2dGrad(const Pool2dGeometry& geometry, bool count_include_pad, const T* output_grad,
                   T* input_grad);

// Window (y, x) of out_height x out_width covers rows floor(y in_height / out_height) to ceil((y +
// 1) in_height / out_height), and columns likewise. Of the geometry only planes and the four sizes
// count. T: float, double.
template <typename T>
void AdaptiveAvgPool2d(const Pool2dGeometry& geometry, const T* input, T* output);
template <typename T>
void AdaptiveAvgPool2dGrad(const Pool2dGeometry& geometry, const T* output_grad, T* input_grad);

}  // namespace neura::cpu

#endif  // NEURA_TENSOR_CPU_POOL2D_H_
