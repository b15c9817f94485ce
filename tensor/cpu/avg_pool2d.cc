#include <algorithm>
#include <cstdint>

#include "neura/tensor/cpu/planes.h"
#include "neura/tensor/cpu/pool2d.h"
#include "neura/tensor/elements/pool_windows.h"

namespace neura::cpu {
namespace {

using elements::AdaptiveWindows;
using elements::StridedWindows;
using elements::Window;

StridedWindows Rows(const Pool2dGeometry& g, bool count_include_pad) {
  return {g.in_height, g.kernel_height, g.stride_height, g.padding_height, count_include_pad};
}
StridedWindows Columns(const Pool2dGeometry& g, bool count_include_pad) {
  return {g.in_width, g.kernel_width, g.stride_width, g.padding_width, count_include_pad};
}

template <typename T>
T Share(const Window& rows, const Window& columns) {
  return static_cast<T>(rows.count) * static_cast<T>(columns.count);
}

template <typename T, typename Windows>
void Means(const Pool2dGeometry& g, const Windows& rows, const Windows& columns, const T* input,
           T* output) {
  ForEachPlane(g.planes, g.in_height * g.in_width, [&](int64_t plane) {
    const T* from = input + plane * g.in_height * g.in_width;
    T* to = output + plane * g.out_height * g.out_width;
    for (int64_t y = 0; y < g.out_height; ++y) {
      const Window row = rows.At(y);
      for (int64_t x = 0; x < g.out_width; ++x) {
        const Window column = columns.At(x);
        T sum = 0;
        for (int64_t h = row.begin; h < row.end; ++h) {
          T row_sum = 0;
          for (int64_t w = column.begin; w < column.end; ++w) row_sum += from[h * g.in_width + w];
          sum += row_sum;
        }
        *to++ = sum / Share<T>(row, column);
      }
    }
  });
}

template <typename T, typename Windows>
void MeansGrad(const Pool2dGeometry& g, const Windows& rows, const Windows& columns,
               const T* output_grad, T* input_grad) {
  ForEachPlane(g.planes, g.in_height * g.in_width, [&](int64_t plane) {
    const T* from = output_grad + plane * g.out_height * g.out_width;
    T* to = input_grad + plane * g.in_height * g.in_width;
    std::fill_n(to, g.in_height * g.in_width, T{0});
    for (int64_t y = 0; y < g.out_height; ++y) {
      const Window row = rows.At(y);
      for (int64_t x = 0; x < g.out_width; ++x) {
        const Window column = columns.At(x);
        const T share = *from++ / Share<T>(row, column);
        for (int64_t h = row.begin; h < row.end; ++h) {
          for (int64_t w = column.begin; w < column.end; ++w) to[h * g.in_width + w] += share;
        }
      }
    }
  });
}

}  // namespace

template <typename T>
void AvgPool2d(const Pool2dGeometry& g, bool count_include_pad, const T* input, T* output) {
  Means(g, Rows(g, count_include_pad), Columns(g, count_include_pad), input, output);
}

template <typename T>
void AvgPool2dGrad(const Pool2dGeometry& g, bool count_include_pad, const T* output_grad,
                   T* input_grad) {
  MeansGrad(g, Rows(g, count_include_pad), Columns(g, count_include_pad), output_grad, input_grad);
}

template <typename T>
void AdaptiveAvgPool2d(const Pool2dGeometry& g, const T* input, T* output) {
  Means(g, AdaptiveWindows{g.in_height, g.out_height}, AdaptiveWindows{g.in_width, g.out_width},
        input, output);
}

template <typename T>
void AdaptiveAvgPool2dGrad(const Pool2dGeometry& g, const T* output_grad, T* input_grad) {
  MeansGrad(g, AdaptiveWindows{g.in_height, g.out_height}, AdaptiveWindows{g.in_width, g.out_width},
            output_grad, input_grad);
}

template void AvgPool2d(const Pool2dGeometry&, bool, const float*, float*);
template void AvgPool2d(const Pool2dGeometry&, bool, const double*, double*);
template void AvgPool2dGrad(const Pool2dGeometry&, bool, const float*, float*);
template void AvgPool2dGrad(const Pool2dGeometry&, bool, const double*, double*);
template void AdaptiveAvgPool2d(const Pool2dGeometry&, const float*, float*);
template void AdaptiveAvgPool2d(const Pool2dGeometry&, const double*, double*);
template void AdaptiveAvgPool2dGrad(const Pool2dGeometry&, const float*, float*);
template void AdaptiveAvgPool2dGrad(const Pool2dGeometry&, const double*, double*);

}  // namespace neura::cpu
