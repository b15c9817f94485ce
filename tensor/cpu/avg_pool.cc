#include <algorithm>
#include <cstdint>
#include <optional>

#include "neura/tensor/cpu/planes.h"
#include "neura/tensor/cpu/pool.h"
#include "neura/tensor/elements/pool_windows.h"

namespace neura::cpu {
namespace {

using elements::AdaptiveWindows;
using elements::StridedWindows;
using elements::Window;

// The windows of all three dimensions, and what their sums are divided by.
template <typename Windows>
struct Means {
  Windows planes, rows, columns;
  std::optional<int64_t> divisor = {};

  template <typename T>
  T Share(const Window& plane, const Window& row, const Window& column) const {
    if (divisor) return static_cast<T>(*divisor);
    return static_cast<T>(plane.count) * static_cast<T>(row.count) * static_cast<T>(column.count);
  }
};

Means<StridedWindows> Strided(const PoolGeometry& g, const MeanOptions& options) {
  const auto along = [&](const WindowAxis& axis) {
    return StridedWindows{axis.in, axis.kernel, axis.stride, axis.padding,
                          options.count_include_pad};
  };
  return {along(g.depth), along(g.height), along(g.width), options.divisor};
}

Means<AdaptiveWindows> Adaptive(const PoolGeometry& g) {
  const auto along = [](const WindowAxis& axis) { return AdaptiveWindows{axis.in, axis.out}; };
  return {along(g.depth), along(g.height), along(g.width)};
}

template <typename T>
double SumOfPlane(const T* from, int64_t pitch, const Window& row, const Window& column) {
  double sum = 0;
  for (int64_t h = row.begin; h < row.end; ++h) {
    double row_sum = 0;
    for (int64_t w = column.begin; w < column.end; ++w) row_sum += from[h * pitch + w];
    sum += row_sum;
  }
  return sum;
}

// kDeep: whether there is a depth. The loops over one that is absent would cost a third.
template <bool kDeep, typename T, typename Windows>
void PoolWith(const PoolGeometry& g, const Means<Windows>& means, const T* input, T* output) {
  const int64_t in_plane = g.height.in * g.width.in;
  ForEachPlane(g.channels, g.in_size(), [&](int64_t channel) {
    const T* from = input + channel * g.in_size();
    T* to = output + channel * g.out_size();
    for (int64_t z = 0; z < (kDeep ? g.depth.out : 1); ++z) {
      const Window plane = kDeep ? means.planes.At(z) : Window{0, 1, 1};
      for (int64_t y = 0; y < g.height.out; ++y) {
        const Window row = means.rows.At(y);
        for (int64_t x = 0; x < g.width.out; ++x) {
          const Window column = means.columns.At(x);
          double sum = 0;
          if constexpr (kDeep) {
            for (int64_t d = plane.begin; d < plane.end; ++d) {
              sum += SumOfPlane(from + d * in_plane, g.width.in, row, column);
            }
          } else {
            sum = SumOfPlane(from, g.width.in, row, column);
          }
          *to++ = static_cast<T>(sum / means.template Share<double>(plane, row, column));
        }
      }
    }
  });
}

template <bool kDeep, typename T, typename Windows>
void PoolGradWith(const PoolGeometry& g, const Means<Windows>& means, const T* output_grad,
                  T* input_grad) {
  ForEachPlane(g.channels, g.in_size(), [&](int64_t channel) {
    const T* from = output_grad + channel * g.out_size();
    T* to = input_grad + channel * g.in_size();
    std::fill_n(to, g.in_size(), T{0});
    for (int64_t z = 0; z < (kDeep ? g.depth.out : 1); ++z) {
      const Window plane = kDeep ? means.planes.At(z) : Window{0, 1, 1};
      for (int64_t y = 0; y < g.height.out; ++y) {
        const Window row = means.rows.At(y);
        for (int64_t x = 0; x < g.width.out; ++x) {
          const Window column = means.columns.At(x);
          const T share = *from++ / means.template Share<T>(plane, row, column);
          for (int64_t d = plane.begin; d < plane.end; ++d) {
            for (int64_t h = row.begin; h < row.end; ++h) {
              T* const line = to + (d * g.height.in + h) * g.width.in;
              for (int64_t w = column.begin; w < column.end; ++w) line[w] += share;
            }
          }
        }
      }
    }
  });
}

template <typename T, typename Windows>
void Pool(const PoolGeometry& g, const Means<Windows>& means, const T* input, T* output) {
  g.depth.IsAbsent() ? PoolWith<false>(g, means, input, output)
                     : PoolWith<true>(g, means, input, output);
}

template <typename T, typename Windows>
void PoolGrad(const PoolGeometry& g, const Means<Windows>& means, const T* output_grad,
              T* input_grad) {
  g.depth.IsAbsent() ? PoolGradWith<false>(g, means, output_grad, input_grad)
                     : PoolGradWith<true>(g, means, output_grad, input_grad);
}

}  // namespace

template <typename T>
void AvgPool(const PoolGeometry& g, const MeanOptions& options, const T* input, T* output) {
  Pool(g, Strided(g, options), input, output);
}

template <typename T>
void AvgPoolGrad(const PoolGeometry& g, const MeanOptions& options, const T* output_grad,
                 T* input_grad) {
  PoolGrad(g, Strided(g, options), output_grad, input_grad);
}

template <typename T>
void AdaptiveAvgPool(const PoolGeometry& g, const T* input, T* output) {
  Pool(g, Adaptive(g), input, output);
}

template <typename T>
void AdaptiveAvgPoolGrad(const PoolGeometry& g, const T* output_grad, T* input_grad) {
  PoolGrad(g, Adaptive(g), output_grad, input_grad);
}

template void AvgPool(const PoolGeometry&, const MeanOptions&, const float*, float*);
template void AvgPool(const PoolGeometry&, const MeanOptions&, const double*, double*);
template void AvgPoolGrad(const PoolGeometry&, const MeanOptions&, const float*, float*);
template void AvgPoolGrad(const PoolGeometry&, const MeanOptions&, const double*, double*);
template void AdaptiveAvgPool(const PoolGeometry&, const float*, float*);
template void AdaptiveAvgPool(const PoolGeometry&, const double*, double*);
template void AdaptiveAvgPoolGrad(const PoolGeometry&, const float*, float*);
template void AdaptiveAvgPoolGrad(const PoolGeometry&, const double*, double*);

}  // namespace neura::cpu
