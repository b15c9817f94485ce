// Convolution and pooling.
#include "neura/tensor/ops/op_list/image.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/ops/op_list/reduce.h"
#include "neura/tensor/ops/op_list/shape.h"
#include "neura/tensor/ops/pointwise.h"

namespace neura::onnx {
namespace {

using graph::SymbolicOption;
using graph::SymInt;
using graph::ValueId;

// The windows of a convolution or a pool, with a number for each spatial dimension.
struct Window {
  size_t dims = 0;
  Sizes kernel, stride, dilation;
  Sizes before, after;    // padding
  bool auto_pad = false;  // whose numbers of windows leave nothing to round
  // In the place of both, where only a run tells the padding.
  std::vector<SymInt> before_of_run = {}, after_of_run = {};

  bool is_symmetric() const { return before == after && before_of_run.empty(); }
  // Elements from the first to the last of a window.
  int64_t reach(size_t d) const { return (kernel[d] - 1) * dilation[d] + 1; }
};

Sizes SizesOf(const char* name, absl::Span<const int64_t> values, size_t dims, int64_t least) {
  if (values.size() != dims) {
    ThrowInvalidArgument(absl::StrCat(name, " has ", values.size(), " elements"));
  }
  for (int64_t value : values) {
    if (value < least || value > INT32_MAX) {
      ThrowInvalidArgument(absl::StrCat(name, " has an element of ", value));
    }
  }
  return Sizes(values);
}

// Padding by so much in all, with the smaller half before or after.
void PadHalves(Window* window, size_t d, int64_t total, bool less_before) {
  const int64_t less = total / 2;
  window->before.given()[d] = less_before ? less : total - less;
  window->after.given()[d] = less_before ? total - less : less;
}

// `given` stands in the place of the attribute pads.
Window ReadWindow(NodeReader& node, ValueId x, const std::vector<int64_t>& kernel,
                  const std::optional<std::vector<int64_t>>& given = std::nullopt) {
  Window window;
  window.dims = static_cast<size_t>(std::max<int64_t>(node.rank(x) - 2, 0));
  if (window.dims < 1 || window.dims > Sizes::kMostDims) {
    node.Unsupported(
        absl::StrCat("one to three spatial dimensions are supported, not ", node.rank(x) - 2));
  }
  const auto each = [&](const char* name, int64_t otherwise, int64_t least) {
    return SizesOf(name, node.Ints(name, std::vector<int64_t>(window.dims, otherwise)), window.dims,
                   least);
  };
  window.kernel = SizesOf("kernel_shape", kernel, window.dims, 1);
  window.stride = each("strides", 1, 1);
  window.dilation = each("dilations", 1, 1);
  const std::vector<int64_t> pads =
      given ? *given : node.Ints("pads", std::vector<int64_t>(2 * window.dims, 0));
  if (pads.size() != 2 * window.dims) ThrowInvalidArgument("pads has a wrong number of elements");
  window.before = SizesOf("pads", absl::MakeConstSpan(pads).first(window.dims), window.dims, 0);
  window.after = SizesOf("pads", absl::MakeConstSpan(pads).last(window.dims), window.dims, 0);
  return window;
}

// Sets the padding that auto_pad asks for, so much in all for dimension d.
template <typename Total>
void ReadAutoPad(NodeReader& node, Window* window, Total total) {
  const std::string auto_pad = node.String("auto_pad", "NOTSET");
  window->auto_pad = auto_pad != "NOTSET";
  if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") {
    for (size_t d = 0; d < window->dims; ++d) {
      PadHalves(window, d, total(d), auto_pad == "SAME_UPPER");
    }
  } else if (auto_pad == "VALID") {
    window->before = window->after = Sizes(0).Each(window->dims);
  } else if (window->auto_pad) {
    node.Unsupported(absl::StrCat("auto_pad ", auto_pad));
  }
}

// Of windows over x: SAME means as many windows as strides fit into it.
Window ReadSlidingWindow(NodeReader& node, ValueId x, const std::vector<int64_t>& kernel) {
  Window window = ReadWindow(node, x, kernel);
  // How much that is in all.
  const auto padding = [&](size_t d) {
    const SymInt& extent = node.shape(x)[d + 2];
    const SymInt windows = (extent + (window.stride[d] - 1)) / window.stride[d];
    return SymInt::Max((windows - 1) * window.stride[d] + window.reach(d) - extent, 0);
  };
  bool is_open = false;
  ReadAutoPad(node, &window, [&](size_t d) {
    const SymInt total = padding(d);
    is_open |= !total.is_number();
    return total.is_number() ? total.number() : 0;
  });
  const bool less_before = node.String("auto_pad", "NOTSET") == "SAME_UPPER";
  for (size_t d = 0; is_open && d < window.dims; ++d) {
    const SymInt total = padding(d), less = total / 2;
    window.before_of_run.push_back(less_before ? less : total - less);
    window.after_of_run.push_back(less_before ? total - less : less);
  }
  return window;
}

// The kernel's size, which kernel_shape repeats.
std::vector<int64_t> KernelOf(NodeReader& node, ValueId x, ValueId weight) {
  if (node.rank(weight) != node.rank(x)) ThrowInvalidArgument("the weight has another rank than X");
  std::vector<int64_t> kernel;
  for (int64_t d = 2; d < node.rank(weight); ++d) kernel.push_back(node.FixedExtent(weight, d));
  if (node.Ints("kernel_shape", kernel) != kernel) {
    ThrowInvalidArgument("kernel_shape is not that of the weight");
  }
  return kernel;
}

ValueId PadSpace(NodeReader& node, ValueId x, const Sizes& before, const Sizes& after, size_t dims,
                 double value) {
  PadOptions options{.before = {0, 0}, .after = {0, 0}, .value = value};
  for (size_t d = 0; d < dims; ++d) {
    options.before.push_back(before[d]);
    options.after.push_back(after[d]);
  }
  return node.Add(op::kPad, options, {x});
}

ValueId PadWindow(NodeReader& node, ValueId x, Window* window, double value) {
  if (!window->before_of_run.empty()) {
    for (std::vector<SymInt>* pads : {&window->before_of_run, &window->after_of_run}) {
      pads->insert(pads->begin(), 2, SymInt(0));
    }
    x = PadBy(node, x, std::exchange(window->before_of_run, {}),
              std::exchange(window->after_of_run, {}), value);
    window->before = window->after = Sizes(0).Each(window->dims);
    return x;
  }
  const ValueId padded = PadSpace(node, x, window->before, window->after, window->dims, value);
  window->before = window->after = Sizes(0).Each(window->dims);
  return padded;
}

// The padding at the end with which numbers of windows that are rounded down are those that ONNX
// rounds up; windows that would start in it are left out.
int64_t PaddingForCeil(int64_t extent, int64_t before, int64_t after, int64_t reach,
                       int64_t stride) {
  const int64_t steps = std::max<int64_t>(extent + before + after - reach + stride - 1, 0) / stride;
  const int64_t last = std::min(steps, (extent + before - 1) / stride);
  return std::max<int64_t>(last * stride + reach - extent - before, 0);
}

void PadForCeil(NodeReader& node, ValueId x, Window* window) {
  for (size_t d = 0; d < window->dims; ++d) {
    window->after.given()[d] =
        PaddingForCeil(node.FixedExtent(x, static_cast<int64_t>(d) + 2), window->before[d],
                       window->after[d], window->reach(d), window->stride[d]);
  }
}

// Pooling here pads at most half a kernel, alike on both sides.
bool PoolTakesPadding(const Window& window) {
  bool takes = window.is_symmetric();
  for (size_t d = 0; d < window.dims; ++d) takes &= window.before[d] * 2 <= window.kernel[d];
  return takes;
}

}  // namespace

void ReadConv(NodeReader& node) {
  node.Out(ConvOf(node, node.in(0), node.in(1), node.in_or_none(2)));
}

ValueId ConvOf(NodeReader& node, ValueId x, ValueId weight, ValueId bias) {
  Window window = ReadSlidingWindow(node, x, KernelOf(node, x, weight));
  if (!window.is_symmetric()) x = PadWindow(node, x, &window, 0);
  const ConvOptions options{.stride = window.stride,
                            .padding = window.before,
                            .dilation = window.dilation,
                            .groups = node.Int("group", 1)};
  return node.Add(op::kConv, options, {x, weight, bias});
}

namespace {

// The gradient of a convolution with this window for its input, where the convolution's padding is
// `padding` and its input has so much more than the windows reach at the end.
ValueId Transposed(NodeReader& node, const Window& window, ValueId x, ValueId weight,
                   const Sizes& padding, const Sizes& more, int64_t groups) {
  ConvGradOptions options{.size = Sizes(0).Each(window.dims),
                          .stride = window.stride,
                          .padding = padding,
                          .dilation = window.dilation,
                          .groups = groups};
  std::vector<SymbolicOption> symbolic;
  for (size_t d = 0; d < window.dims; ++d) {
    const SymInt size = (node.shape(x)[d + 2] - 1) * window.stride[d] + window.reach(d) +
                        (more[d] - 2 * padding[d]);
    options.size.given()[d] = size.number();
    if (!size.is_number()) symbolic.push_back({static_cast<int>(d), size});
  }
  return node.AddNode(op::kConvInputGrad, graph::OptionsBox(op::kConvInputGrad, &options),
                      {x, weight}, std::move(symbolic));
}

// What is too much is padding; what is missing comes to the end.
int64_t TotalPadding(int64_t total, size_t d, Sizes* more) {
  more->given()[d] += std::max<int64_t>(-total, 0);
  return std::max<int64_t>(total, 0);
}

// What output_shape leaves to padding.
void PadForOutputShape(NodeReader& node, ValueId x, Window* window, Sizes* more) {
  const std::vector<int64_t> wanted = node.Ints("output_shape");
  SizesOf("output_shape", wanted, window->dims, 0);
  const bool upper = node.String("auto_pad", "NOTSET") == "SAME_UPPER";
  for (size_t d = 0; d < window->dims; ++d) {
    const int64_t extent = node.FixedExtent(x, static_cast<int64_t>(d) + 2);
    const int64_t total =
        (extent - 1) * window->stride[d] + (*more)[d] + window->reach(d) - wanted[d];
    PadHalves(window, d, TotalPadding(total, d, more), upper);
  }
}

}  // namespace

void ReadConvTranspose(NodeReader& node) {
  node.Out(ConvTransposeOf(node, node.in(0), node.in(1), node.in_or_none(2), std::nullopt));
}

ValueId ConvTransposeOf(NodeReader& node, ValueId x, ValueId weight, ValueId bias,
                        const std::optional<std::vector<int64_t>>& pads) {
  Window window = ReadWindow(node, x, KernelOf(node, x, weight), pads);
  const size_t dims = window.dims;
  Sizes more = SizesOf("output_padding", node.Ints("output_padding", std::vector<int64_t>(dims, 0)),
                       dims, 0);
  if (node.HasAttribute("output_shape")) {
    PadForOutputShape(node, x, &window, &more);
  } else {
    // SAME means stride times the input.
    ReadAutoPad(node, &window, [&](size_t d) {
      return TotalPadding(more[d] + window.reach(d) - window.stride[d], d, &more);
    });
  }
  const int64_t groups = node.Int("group", 1);
  bool direct = window.is_symmetric();
  for (size_t d = 0; d < dims; ++d) direct &= more[d] < window.stride[d];
  ValueId result;
  if (direct) {
    result = Transposed(node, window, x, weight, window.before, more, groups);
  } else {
    // All that the windows reach, of which padding takes away and to which zeros are added.
    const Sizes none = Sizes(0).Each(dims);
    result = Transposed(node, window, x, weight, none, none, groups);
    Sizes zeros = none;
    for (size_t d = 0; d < dims; ++d) {
      const int64_t cut = std::max<int64_t>(window.after[d] - more[d], 0);
      zeros.given()[d] = std::max<int64_t>(more[d] - window.after[d], 0);
      if (window.before[d] == 0 && cut == 0) continue;
      result = node.Slice(result, static_cast<int64_t>(d) + 2, window.before[d],
                          node.shape(result)[d + 2] - cut);
    }
    if (zeros != none) result = PadSpace(node, result, none, zeros, dims, 0);
  }
  if (bias == graph::kNone) return result;
  std::vector<SymInt> per_channel(dims + 1, 1);
  per_channel[0] = -1;
  return node.Add(op::kAdd, {result, node.Reshape(bias, per_channel)});
}

namespace {

// Where the maxima of `padded` lie in `x`, counted over all of its elements; `columns` says that
// the last dimension counts first. By nodes: a trace would bring capturing into every program that
// reads pools.
ValueId MaxPoolIndices(NodeReader& node, ValueId x, const Sizes& before, ValueId padded,
                       ValueId result, bool columns) {
  const graph::NodeId pool = node.graph().value(result).producer;
  ValueId rest = node.Cast(node.graph().node(pool).outputs[1], kInt64);
  const int64_t rank = node.rank(x);
  const auto extent = [&](ValueId of, int64_t d) {
    return node.Number(node.shape(of)[static_cast<size_t>(d)], rest);
  };
  // Within the space of one channel.
  std::vector<ValueId> at(static_cast<size_t>(rank));
  for (int64_t d = rank - 1; d >= 2; --d) {
    const int64_t pad = before[static_cast<size_t>(d - 2)];
    at[static_cast<size_t>(d)] =
        node.Pointwise([pad](const Tensor& i, const Tensor& n) { return Remainder(i, n) - pad; },
                       rest, extent(padded, d));
    rest = node.Add(op::kFloorDivide, {rest, extent(padded, d)});
  }
  const auto outer = [&](int64_t d) {
    const ValueId range = node.Counted(node.shape(x)[static_cast<size_t>(d)]);
    std::vector<SymInt> shape(static_cast<size_t>(rank), 1);
    shape[static_cast<size_t>(d)] = -1;
    return node.Reshape(range, shape);
  };
  const auto combined = [&](ValueId place, int64_t d, ValueId next) {
    return node.Pointwise(
        [](const Tensor& i, const Tensor& n, const Tensor& more) { return i * n + more; }, place,
        extent(x, d), next);
  };
  ValueId place = combined(outer(0), 1, outer(1));
  for (int64_t k = 2; k < rank; ++k) {
    const int64_t d = columns ? rank + 1 - k : k;
    place = combined(place, d, at[static_cast<size_t>(d)]);
  }
  return place;
}

}  // namespace

void ReadMaxPool(NodeReader& node) { node.Out(MaxPoolOf(node, node.in(0))); }

ValueId MaxPoolOf(NodeReader& node, ValueId x) {
  const DType dtype = node.dtype(x);
  // float32 holds the integers of 8 bits, which are all that ONNX pools.
  if (!IsFloating(dtype)) x = node.Cast(x, kFloat32);
  const ValueId unpadded = x;
  Window window = ReadSlidingWindow(node, x, node.Ints("kernel_shape"));
  Sizes before = Sizes(0).Each(window.dims);
  const bool columns = node.Int("storage_order", 0) != 0;  // of the indices
  bool ceil = node.Int("ceil_mode", 0) != 0 && !window.auto_pad;
  if (node.Wants(1) && !window.before_of_run.empty()) {
    node.Unsupported("indices beside padding that only a run tells");
  }
  if (!PoolTakesPadding(window)) {
    if (ceil) PadForCeil(node, x, &window);
    ceil = false;
    before = window.before;
    x = PadWindow(node, x, &window, -std::numeric_limits<double>::infinity());
  }
  const MaxPoolOptions options{.kernel_size = window.kernel,
                               .stride = window.stride,
                               .padding = window.before,
                               .dilation = window.dilation,
                               .ceil_mode = ceil};
  const ValueId result = node.Add(op::kMaxPool, options, {x});
  if (node.Wants(1)) node.Out(MaxPoolIndices(node, unpadded, before, x, result, columns), 1);
  return node.Cast(result, dtype);
}

namespace {

// As a convolution of each channel alone with ones, divided by how many elements a window has.
ValueId DilatedAverage(NodeReader& node, ValueId x, Window window) {
  const bool counts_padding = node.Int("count_include_pad", 0) != 0;
  const Sizes given = window.after;
  if (node.Int("ceil_mode", 0) != 0 && !window.auto_pad) PadForCeil(node, x, &window);
  const auto sums = [&](ValueId of, const Sizes& before, const Sizes& after, int64_t groups) {
    std::vector<SymInt> ones{groups, 1};
    for (size_t d = 0; d < window.dims; ++d) ones.push_back(window.kernel[d]);
    const ConvOptions options{
        .stride = window.stride, .padding = 0, .dilation = window.dilation, .groups = groups};
    const ValueId padded = PadSpace(node, of, before, after, window.dims, 0);
    return node.Add(op::kConv, options, {padded, node.Full(ones, 1, node.dtype(x)), graph::kNone});
  };
  // Padding may count, but not what was added for windows that were rounded up.
  std::vector<SymInt> counted = node.shape(x);
  counted[0] = counted[1] = 1;
  Sizes before = window.before, after = window.after;
  for (size_t d = 0; d < window.dims && counts_padding; ++d) {
    const int64_t known = std::min(given[d], after[d]);
    counted[d + 2] = counted[d + 2] + (before[d] + known);
    before.given()[d] = 0;
    after.given()[d] -= known;
  }
  const ValueId count = sums(node.Full(counted, 1, node.dtype(x)), before, after, 1);
  const int64_t channels = node.FixedExtent(x, 1);
  return node.Add(op::kDiv, {sums(x, window.before, window.after, channels), count});
}

}  // namespace

void ReadAveragePool(NodeReader& node) { node.Out(AveragePoolOf(node, node.in(0))); }

ValueId AveragePoolOf(NodeReader& node, ValueId x) {
  const Window window = ReadSlidingWindow(node, x, node.Ints("kernel_shape"));
  if (window.dilation != Sizes(1).Each(window.dims)) {
    if (!window.before_of_run.empty()) {
      node.Unsupported("dilations beside padding that only a run tells");
    }
    return DilatedAverage(node, x, window);
  }
  AvgPoolOptions options{.kernel_size = window.kernel,
                         .stride = window.stride,
                         .padding = 0,
                         .ceil_mode = node.Int("ceil_mode", 0) != 0 && !window.auto_pad,
                         .count_include_pad = node.Int("count_include_pad", 0) != 0};
  if (PoolTakesPadding(window)) {
    options.padding = window.before;
    return node.Add(op::kAvgPool, options, {x});
  }
  if (options.ceil_mode) node.Unsupported("ceil_mode with such padding is not supported");
  const auto average = [&](ValueId of) {
    Window padding = window;
    return node.Add(op::kAvgPool, options, {PadWindow(node, of, &padding, 0)});
  };
  ValueId result = average(x);
  if (!options.count_include_pad) {
    // Over the share of each window that is not padding.
    std::vector<SymInt> shape = node.shape(x);
    shape[0] = shape[1] = 1;
    result = node.Add(op::kDiv, {result, average(node.Full(shape, 1, node.dtype(x)))});
  }
  return result;
}

namespace {

double PowerOf(NodeReader& node) {
  return node.opset() < 2 ? node.Float("p", 2) : static_cast<double>(node.Int("p", 2));
}

}  // namespace

// The p-th root of a sum of p-th powers, as an average times its number of elements.
void ReadLpPool(NodeReader& node) {
  const ValueId x = node.in(0);
  Window window = ReadSlidingWindow(node, x, node.Ints("kernel_shape"));
  const double p = PowerOf(node);
  if (node.Int("ceil_mode", 0) != 0 && !window.auto_pad) PadForCeil(node, x, &window);
  const int64_t channels = node.FixedExtent(x, 1);
  std::vector<SymInt> ones{channels, 1};
  for (size_t d = 0; d < window.dims; ++d) ones.push_back(window.kernel[d]);
  const ValueId powers = node.Pointwise([p](const Tensor& x) { return Pow(Abs(x), p); }, x);
  const ConvOptions options{
      .stride = window.stride, .padding = 0, .dilation = window.dilation, .groups = channels};
  const ValueId sum = node.Add(
      op::kConv, options,
      {PadWindow(node, powers, &window, 0), node.Full(ones, 1, node.dtype(x)), graph::kNone});
  node.Out(node.Pointwise([p](const Tensor& x) { return Pow(x, 1 / p); }, sum));
}

void ReadGlobalLpPool(NodeReader& node) {
  const double p = PowerOf(node);
  const ReduceOptions over{.dims = SpatialDims(node, node.in(0)), .keepdim = true};
  const ValueId powers =
      node.Pointwise([p](const Tensor& x) { return Pow(Abs(x), p); }, node.in(0));
  const ValueId sum = node.Add(op::kSum, over, {powers});
  node.Out(node.Pointwise([p](const Tensor& x) { return Pow(x, 1 / p); }, sum));
}

Dims SpatialDims(NodeReader& node, ValueId x) {
  if (node.rank(x) < 3) ThrowInvalidArgument("expects [N, C, ...]");
  Dims dims(static_cast<size_t>(node.rank(x) - 2));
  std::iota(dims.begin(), dims.end(), 2);
  return dims;
}

void ReadGlobalAveragePool(NodeReader& node) {
  const ValueId x = node.in(0);
  const Dims dims = SpatialDims(node, x);
  if (dims.size() <= Sizes::kMostDims) {
    return node.Out(node.Add(op::kAdaptiveAvgPool, SpatialSizeOptions{.output_size = 1}, {x}));
  }
  node.Out(node.Add(op::kMean, ReduceOptions{.dims = dims, .keepdim = true}, {x}));
}

void ReadGlobalMaxPool(NodeReader& node) {
  const ValueId x = node.in(0);
  node.Out(node.Add(op::kAMax, ReduceOptions{.dims = SpatialDims(node, x), .keepdim = true}, {x}));
}

}  // namespace neura::onnx
