// Pooling of [N, C, ...], where what has fewer than three spatial dimensions has a depth, and a
// height, of 1. Gradients gather: each element of the input's gradient adds the windows that cover
// it, in their order.
#include <limits>

#include "neura/cuda/kernels/kernels.h"
#include "neura/cuda/kernels/numeric.h"
#include "neura/cuda/kernels/scatter_at.h"
#include "neura/cuda/kernels/support.h"
#include "neura/tensor/elements/pool_windows.h"
#include "neura/tensor/ops/op_list/image.h"

namespace neura::cuda {
namespace {

using elements::AdaptiveWindows;
using elements::StridedWindows;
using elements::Window;

// The spatial extents of channels, which are taken together.
struct Space {
  explicit Space(const Tensor& tensor) {
    int64_t* const extents[] = {&depth, &height, &width};
    const size_t dims = tensor.shape().size() - 2;
    for (size_t d = 0; d < dims; ++d) *extents[3 - dims + d] = tensor.shape()[d + 2];
  }
  constexpr int64_t size() const { return depth * height * width; }
  int64_t depth = 1, height = 1, width = 1;
};

// An element of a space, and its channel.
struct Place {
  NEURA_DEVICE Place(const Space& space, int64_t i)
      : x(i % space.width),
        y(i / space.width % space.height),
        z(i / space.width / space.height % space.depth),
        channel(i / space.width / space.height / space.depth) {}
  int64_t x, y, z, channel;
};

// ---- maxima ----------------------------------------------------------------------------------

// Windows in one direction.
struct MaxWindows {
  int64_t kernel, stride, padding, dilation;
};

// The first of equal ones. A NaN counts as larger than any number. A window that covers nothing
// gives the lowest value, at index 0.
template <typename T>
struct MaxOfWindows {
  Space in, out;
  MaxWindows planes, rows, columns;
  const T* input;
  T* output;
  int64_t* indices;
  NEURA_DEVICE void operator()(int64_t i) const {
    const Place place(out, i);
    const T* channel = input + place.channel * in.size();
    Compute<T> best = -std::numeric_limits<Compute<T>>::infinity();
    int64_t best_index = -1;
    for (int64_t a = 0; a < planes.kernel; ++a) {
      const int64_t d = place.z * planes.stride - planes.padding + a * planes.dilation;
      if (d < 0 || d >= in.depth) continue;
      for (int64_t b = 0; b < rows.kernel; ++b) {
        const int64_t h = place.y * rows.stride - rows.padding + b * rows.dilation;
        if (h < 0 || h >= in.height) continue;
        for (int64_t c = 0; c < columns.kernel; ++c) {
          const int64_t w = place.x * columns.stride - columns.padding + c * columns.dilation;
          if (w < 0 || w >= in.width) continue;
          const int64_t at = (d * in.height + h) * in.width + w;
          const Compute<T> value = Widen(channel[at]);
          if (value > best || best_index < 0 || IsNaN(value)) {
            best = value;
            best_index = at;
          }
        }
      }
    }
    if (output != nullptr) output[i] = Narrow<T>(best);
    if (indices != nullptr) indices[i] = best_index < 0 ? 0 : best_index;
  }
};

// The key of each element: where it belongs among the elements of all channels, or `missing`.
struct KeysOfChannels {
  const int64_t* indices;
  int64_t* keys;
  int64_t from, to, missing;
  FaultReport report;
  NEURA_DEVICE void operator()(int64_t i) const {
    keys[i] = report.IsInside(indices[i], to) ? i / from * to + indices[i] : missing;
  }
};

template <typename T>
struct GatherChannels {
  const T* input;
  const int64_t* indices;
  T* output;
  int64_t from, to;
  FaultReport report;
  NEURA_DEVICE void operator()(int64_t i) const {
    if (report.IsInside(indices[i], from)) output[i] = input[i / to * from + indices[i]];
  }
};

// ---- means -----------------------------------------------------------------------------------

// The windows of all directions, and what their sums are divided by where that is not 0.
template <typename Windows>
struct Means {
  Windows planes, rows, columns;
  int64_t divisor = 0;

  template <typename T>
  NEURA_DEVICE T Share(const Window& plane, const Window& row, const Window& column) const {
    if (divisor != 0) return static_cast<T>(divisor);
    return static_cast<T>(plane.count) * static_cast<T>(row.count) * static_cast<T>(column.count);
  }
};

template <typename T, typename Windows>
struct MeanOfWindows {
  Space in, out;
  Means<Windows> means;
  const T* input;
  T* output;
  NEURA_DEVICE void operator()(int64_t i) const {
    const Place place(out, i);
    const Window plane = means.planes.At(place.z), row = means.rows.At(place.y);
    const Window column = means.columns.At(place.x);
    const T* channel = input + place.channel * in.size();
    Compute<T> sum = 0;
    for (int64_t d = plane.begin; d < plane.end; ++d) {
      Compute<T> plane_sum = 0;
      for (int64_t h = row.begin; h < row.end; ++h) {
        Compute<T> row_sum = 0;
        for (int64_t w = column.begin; w < column.end; ++w) {
          row_sum += Widen(channel[(d * in.height + h) * in.width + w]);
        }
        plane_sum += row_sum;
      }
      sum += plane_sum;
    }
    output[i] = Narrow<T>(sum / means.template Share<Compute<T>>(plane, row, column));
  }
};

// The windows [first, last] that may cover an element.
struct Range {
  int64_t first, last;
};

NEURA_DEVICE inline Range Covering(const StridedWindows& windows, int64_t i, int64_t count) {
  const int64_t position = i + windows.padding, past = position - windows.kernel + 1;
  const int64_t last = position / windows.stride;
  return {past > 0 ? (past + windows.stride - 1) / windows.stride : 0,
          last < count ? last : count - 1};
}
NEURA_DEVICE inline Range Covering(const AdaptiveWindows& windows, int64_t i, int64_t) {
  return {i * windows.out / windows.in, ((i + 1) * windows.out - 1) / windows.in};
}

NEURA_DEVICE inline bool Covers(const Window& window, int64_t i) {
  return window.begin <= i && i < window.end;
}

template <typename T, typename Windows>
struct MeanOfWindowsGrad {
  Space in, out;
  Means<Windows> means;
  const T* grad;
  T* output;
  NEURA_DEVICE void operator()(int64_t i) const {
    const Place place(in, i);
    const T* channel = grad + place.channel * out.size();
    const Range zs = Covering(means.planes, place.z, out.depth);
    const Range ys = Covering(means.rows, place.y, out.height);
    const Range xs = Covering(means.columns, place.x, out.width);
    Compute<T> sum = 0;
    for (int64_t z = zs.first; z <= zs.last; ++z) {
      const Window plane = means.planes.At(z);
      if (!Covers(plane, place.z)) continue;
      for (int64_t y = ys.first; y <= ys.last; ++y) {
        const Window row = means.rows.At(y);
        if (!Covers(row, place.y)) continue;
        for (int64_t x = xs.first; x <= xs.last; ++x) {
          const Window column = means.columns.At(x);
          if (!Covers(column, place.x)) continue;
          sum += Widen(channel[(z * out.height + y) * out.width + x]) /
                 means.template Share<Compute<T>>(plane, row, column);
        }
      }
    }
    output[i] = Narrow<T>(sum);
  }
};

// Calls fn(d, axis) for spatial dimension d of so many and which of depth, height and width it is.
template <typename F>
void ForAxes(size_t dims, F fn) {
  for (size_t d = 0; d < dims; ++d) fn(d, 3 - dims + d);
}

template <typename Options>
Means<StridedWindows> Strided(const Options& options, const Tensor& in) {
  const Sizes stride = options.stride.value_or(options.kernel_size);
  StridedWindows windows[3] = {{1, 1, 1, 0, false}, {1, 1, 1, 0, false}, {1, 1, 1, 0, false}};
  ForAxes(in.shape().size() - 2, [&](size_t d, size_t axis) {
    windows[axis] = {in.shape()[d + 2], options.kernel_size[d], stride[d], options.padding[d],
                     options.count_include_pad};
  });
  return {windows[0], windows[1], windows[2], options.divisor_override.value_or(0)};
}

Means<AdaptiveWindows> Adaptive(const Space& in, const Space& out) {
  return {{in.depth, out.depth}, {in.height, out.height}, {in.width, out.width}};
}

template <typename Windows>
void Pool(const KernelCall& call, const Means<Windows>& means) {
  const Tensor input = ContiguousInput(call, 0);
  const Tensor& output = call.output();
  SwitchFloat(output.dtype(), [&]<typename T>(T) {
    ForEach(call, output.numel(),
            MeanOfWindows<T, Windows>{Space(input), Space(output), means, In<T>(input),
                                      Out<T>(output)});
  });
}

template <typename Windows>
void PoolGrad(const KernelCall& call, const Means<Windows>& means) {
  const Tensor grad = ContiguousInput(call, 0);
  const Tensor& output = call.output();
  SwitchFloat(output.dtype(), [&]<typename T>(T) {
    ForEach(call, output.numel(),
            MeanOfWindowsGrad<T, Windows>{Space(output), Space(grad), means, In<T>(grad),
                                          Out<T>(output)});
  });
}

}  // namespace

void MaxPoolKernel(KernelCall& call) {
  const auto& options = call.Get<MaxPoolOptions>();
  const Tensor input = ContiguousInput(call, 0);
  const Tensor& output = call.output(call.wants(0) ? 0 : 1);  // both have one shape
  const Sizes stride = options.stride.value_or(options.kernel_size);
  MaxWindows windows[3] = {{1, 1, 0, 1}, {1, 1, 0, 1}, {1, 1, 0, 1}};
  ForAxes(input.shape().size() - 2, [&](size_t d, size_t axis) {
    windows[axis] = {options.kernel_size[d], stride[d], options.padding[d], options.dilation[d]};
  });
  SwitchFloat(input.dtype(), [&]<typename T>(T) {
    ForEach(call, output.numel(),
            MaxOfWindows<T>{Space(input), Space(output), windows[0], windows[1], windows[2],
                            In<T>(input), Out<T>(call.output(0)), Out<int64_t>(call.output(1))});
  });
}

void MaxPoolScatterKernel(KernelCall& call) {
  const Tensor input = ContiguousInput(call, 0), indices = ContiguousInput(call, 1);
  const Tensor& output = call.output();
  const Tensor keys = Scratch(call, {input.numel()}, kInt64);
  ClearElements(call, output);
  ForEach(call, input.numel(),
          KeysOfChannels{In<int64_t>(indices), Out<int64_t>(keys), Space(input).size(),
                         Space(output).size(), output.numel(), FaultReportOf(call)});
  ScatterAt(call, "add", output.numel(), 1, keys, input, output);
}

void MaxPoolGatherKernel(KernelCall& call) {
  const Tensor input = ContiguousInput(call, 0), indices = ContiguousInput(call, 1);
  const Tensor& output = call.output();
  SwitchSize(output.dtype(), [&]<typename T>(T) {
    ForEach(call, output.numel(),
            GatherChannels<T>{In<T>(input), In<int64_t>(indices), Out<T>(output),
                              Space(input).size(), Space(output).size(), FaultReportOf(call)});
  });
}

void AvgPoolKernel(KernelCall& call) {
  Pool(call, Strided(call.Get<AvgPoolOptions>(), call.input(0)));
}

void AvgPoolGradKernel(KernelCall& call) {
  PoolGrad(call, Strided(call.Get<AvgPoolGradOptions>(), call.output()));
}

void AdaptiveAvgPoolKernel(KernelCall& call) {
  Pool(call, Adaptive(Space(call.input(0)), Space(call.output())));
}

void AdaptiveAvgPoolGradKernel(KernelCall& call) {
  PoolGrad(call, Adaptive(Space(call.output()), Space(call.input(0))));
}

}  // namespace neura::cuda
