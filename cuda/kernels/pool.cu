// Pooling of [N, C, H, W]. Gradients gather: each element of the input's gradient adds the windows
// that cover it, in their order.
#include <limits>

#include "neura/cuda/kernels/add_at.h"
#include "neura/cuda/kernels/kernels.h"
#include "neura/cuda/kernels/numeric.h"
#include "neura/cuda/kernels/support.h"
#include "neura/tensor/elements/pool_windows.h"
#include "neura/tensor/ops/op_list/image.h"

namespace neura::cuda {
namespace {

using elements::AdaptiveWindows;
using elements::StridedWindows;
using elements::Window;

// Planes of `height` x `width` elements, taken together.
struct Planes {
  explicit Planes(const Tensor& tensor) : height(tensor.size(2)), width(tensor.size(3)) {}
  int64_t size() const { return height * width; }
  int64_t height, width;
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
  Planes in, out;
  MaxWindows rows, columns;
  const T* input;
  T* output;
  int64_t* indices;
  NEURA_DEVICE void operator()(int64_t i) const {
    const int64_t x = i % out.width, y = i / out.width % out.height;
    const T* plane = input + i / out.width / out.height * in.height * in.width;
    Compute<T> best = -std::numeric_limits<Compute<T>>::infinity();
    int64_t best_index = -1;
    for (int64_t a = 0; a < rows.kernel; ++a) {
      const int64_t h = y * rows.stride - rows.padding + a * rows.dilation;
      if (h < 0 || h >= in.height) continue;
      for (int64_t b = 0; b < columns.kernel; ++b) {
        const int64_t w = x * columns.stride - columns.padding + b * columns.dilation;
        if (w < 0 || w >= in.width) continue;
        const Compute<T> value = Widen(plane[h * in.width + w]);
        if (value > best || best_index < 0 || IsNaN(value)) {
          best = value;
          best_index = h * in.width + w;
        }
      }
    }
    if (output != nullptr) output[i] = Narrow<T>(best);
    if (indices != nullptr) indices[i] = best_index < 0 ? 0 : best_index;
  }
};

// The key of each element: where it belongs among the elements of all planes, or `missing`.
struct KeysOfPlanes {
  const int64_t* indices;
  int64_t* keys;
  int64_t from, to, missing;
  FaultReport report;
  NEURA_DEVICE void operator()(int64_t i) const {
    keys[i] = report.IsInside(indices[i], to) ? i / from * to + indices[i] : missing;
  }
};

template <typename T>
struct GatherPlanes {
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

template <typename T>
NEURA_DEVICE T Share(const Window& row, const Window& column) {
  return static_cast<T>(row.count) * static_cast<T>(column.count);
}

template <typename T, typename Windows>
struct MeanOfWindows {
  Planes in, out;
  Windows rows, columns;
  const T* input;
  T* output;
  NEURA_DEVICE void operator()(int64_t i) const {
    const Window row = rows.At(i / out.width % out.height), column = columns.At(i % out.width);
    const T* plane = input + i / out.width / out.height * in.height * in.width;
    Compute<T> sum = 0;
    for (int64_t h = row.begin; h < row.end; ++h) {
      Compute<T> row_sum = 0;
      for (int64_t w = column.begin; w < column.end; ++w) {
        row_sum += Widen(plane[h * in.width + w]);
      }
      sum += row_sum;
    }
    output[i] = Narrow<T>(sum / Share<Compute<T>>(row, column));
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
  Planes in, out;
  Windows rows, columns;
  const T* grad;
  T* output;
  NEURA_DEVICE void operator()(int64_t i) const {
    const int64_t w = i % in.width, h = i / in.width % in.height;
    const T* plane = grad + i / in.width / in.height * out.height * out.width;
    const Range ys = Covering(rows, h, out.height), xs = Covering(columns, w, out.width);
    Compute<T> sum = 0;
    for (int64_t y = ys.first; y <= ys.last; ++y) {
      const Window row = rows.At(y);
      if (!Covers(row, h)) continue;
      for (int64_t x = xs.first; x <= xs.last; ++x) {
        const Window column = columns.At(x);
        if (!Covers(column, w)) continue;
        sum += Widen(plane[y * out.width + x]) / Share<Compute<T>>(row, column);
      }
    }
    output[i] = Narrow<T>(sum);
  }
};

template <typename Options>
StridedWindows Rows(const Options& options, const Planes& in) {
  const Size2 stride = options.stride.value_or(options.kernel_size);
  return {in.height, options.kernel_size.height, stride.height, options.padding.height,
          options.count_include_pad};
}
template <typename Options>
StridedWindows Columns(const Options& options, const Planes& in) {
  const Size2 stride = options.stride.value_or(options.kernel_size);
  return {in.width, options.kernel_size.width, stride.width, options.padding.width,
          options.count_include_pad};
}

template <typename Windows>
void Means(const KernelCall& call, const Windows& rows, const Windows& columns) {
  const Tensor input = ContiguousInput(call, 0);
  const Tensor& output = call.output();
  SwitchFloat(output.dtype(), [&]<typename T>(T) {
    ForEach(call, output.numel(),
            MeanOfWindows<T, Windows>{Planes(input), Planes(output), rows, columns, In<T>(input),
                                      Out<T>(output)});
  });
}

template <typename Windows>
void MeansGrad(const KernelCall& call, const Windows& rows, const Windows& columns) {
  const Tensor grad = ContiguousInput(call, 0);
  const Tensor& output = call.output();
  SwitchFloat(output.dtype(), [&]<typename T>(T) {
    ForEach(call, output.numel(),
            MeanOfWindowsGrad<T, Windows>{Planes(output), Planes(grad), rows, columns, In<T>(grad),
                                          Out<T>(output)});
  });
}

}  // namespace

void MaxPool2dKernel(KernelCall& call) {
  const auto& options = call.Get<MaxPool2dOptions>();
  const Tensor input = ContiguousInput(call, 0);
  const Tensor& made = call.output(call.wants(0) ? 0 : 1);  // both have one shape
  const Size2 stride = options.stride.value_or(options.kernel_size);
  const MaxWindows rows{options.kernel_size.height, stride.height, options.padding.height,
                        options.dilation.height};
  const MaxWindows columns{options.kernel_size.width, stride.width, options.padding.width,
                           options.dilation.width};
  SwitchFloat(input.dtype(), [&]<typename T>(T) {
    ForEach(call, made.numel(),
            MaxOfWindows<T>{Planes(input), Planes(made), rows, columns, In<T>(input),
                            Out<T>(call.output(0)), Out<int64_t>(call.output(1))});
  });
}

void MaxPool2dScatterKernel(KernelCall& call) {
  const Tensor input = ContiguousInput(call, 0), indices = ContiguousInput(call, 1);
  const Tensor& output = call.output();
  const Tensor keys = Scratch(call, {input.numel()}, kInt64);
  ClearElements(call, output);
  ForEach(call, input.numel(),
          KeysOfPlanes{In<int64_t>(indices), Out<int64_t>(keys), Planes(input).size(),
                       Planes(output).size(), output.numel(), FaultReportOf(call)});
  AddAt(call, output.numel(), 1, keys, input, output);
}

void MaxPool2dGatherKernel(KernelCall& call) {
  const Tensor input = ContiguousInput(call, 0), indices = ContiguousInput(call, 1);
  const Tensor& output = call.output();
  SwitchSize(output.dtype(), [&]<typename T>(T) {
    ForEach(call, output.numel(),
            GatherPlanes<T>{In<T>(input), In<int64_t>(indices), Out<T>(output),
                            Planes(input).size(), Planes(output).size(), FaultReportOf(call)});
  });
}

void AvgPool2dKernel(KernelCall& call) {
  const auto& options = call.Get<AvgPool2dOptions>();
  const Planes in(call.input(0));
  Means(call, Rows(options, in), Columns(options, in));
}

void AvgPool2dGradKernel(KernelCall& call) {
  const auto& options = call.Get<AvgPool2dGradOptions>();
  const Planes in(call.output());
  MeansGrad(call, Rows(options, in), Columns(options, in));
}

void AdaptiveAvgPool2dKernel(KernelCall& call) {
  const Planes in(call.input(0)), out(call.output());
  Means(call, AdaptiveWindows{in.height, out.height}, AdaptiveWindows{in.width, out.width});
}

void AdaptiveAvgPool2dGradKernel(KernelCall& call) {
  const Planes in(call.output()), out(call.input(0));
  MeansGrad(call, AdaptiveWindows{in.height, out.height}, AdaptiveWindows{in.width, out.width});
}

}  // namespace neura::cuda
