// Convolution, pooling, softmax and normalization.
#include <algorithm>
#include <limits>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/ops/op_list/dims.h"
#include "neura/tensor/ops/op_list/image.h"
#include "neura/tensor/ops/op_list/norm.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/ops/op_list/reduce.h"
#include "neura/tensor/ops/op_list/shape.h"
#include "neura/tensor/ops/op_list/view.h"

namespace neura::onnx {
namespace {

using graph::SymInt;
using graph::ValueId;

// The windows of a convolution or a pool over two dimensions; those over one get another of
// extent 1 before it.
struct Window {
  bool one_dim = false;
  Size2 kernel = 1;
  Size2 stride = 1;
  Size2 dilation = 1;
  Size2 before = 0;  // padding
  Size2 after = 0;
  bool auto_pad = false;  // whose numbers of windows leave nothing to round

  bool is_symmetric() const { return before == after; }
};

int64_t InRange(const char* name, int64_t value, int64_t least) {
  if (value < least || value > INT32_MAX) {
    ThrowInvalidArgument(absl::StrCat(name, " has an element of ", value));
  }
  return value;
}

Size2 PairOf(const char* name, const std::vector<int64_t>& values, bool one_dim, int64_t filler,
             int64_t least) {
  if (values.size() != (one_dim ? 1u : 2u)) {
    ThrowInvalidArgument(absl::StrCat(name, " has ", values.size(), " elements"));
  }
  const int64_t last = InRange(name, values.back(), least);
  return one_dim ? Size2(filler, last) : Size2(InRange(name, values[0], least), last);
}

// SAME_UPPER and SAME_LOWER: as many windows as strides fit into the input.
std::pair<int64_t, int64_t> SamePadding(int64_t extent, int64_t kernel, int64_t stride,
                                        int64_t dilation, bool upper) {
  const int64_t windows = (extent + stride - 1) / stride;
  const int64_t total =
      std::max<int64_t>((windows - 1) * stride + (kernel - 1) * dilation + 1 - extent, 0);
  const int64_t less = total / 2;
  return upper ? std::pair(less, total - less) : std::pair(total - less, less);
}

// `x` gets its second spatial dimension here.
Window ReadWindow(NodeReader& node, ValueId* x, std::vector<int64_t> kernel) {
  Window window;
  const int64_t rank = node.rank(*x);
  if (rank != 3 && rank != 4) {
    node.Unsupported(absl::StrCat("one or two spatial dimensions are supported, not ", rank - 2));
  }
  window.one_dim = rank == 3;
  const size_t spatial = window.one_dim ? 1 : 2;
  const auto pair = [&](const char* name, const std::vector<int64_t>& values, int64_t least) {
    return PairOf(name, values, window.one_dim, 1, least);
  };
  window.kernel = pair("kernel_shape", kernel, 1);
  window.stride = pair("strides", node.Ints("strides", std::vector<int64_t>(spatial, 1)), 1);
  window.dilation = pair("dilations", node.Ints("dilations", std::vector<int64_t>(spatial, 1)), 1);
  const std::vector<int64_t> pads = node.Ints("pads", std::vector<int64_t>(2 * spatial, 0));
  if (pads.size() != 2 * spatial) ThrowInvalidArgument("pads has a wrong number of elements");
  const auto middle = pads.begin() + static_cast<ptrdiff_t>(spatial);
  window.before = PairOf("pads", {pads.begin(), middle}, window.one_dim, 0, 0);
  window.after = PairOf("pads", {middle, pads.end()}, window.one_dim, 0, 0);
  if (window.one_dim) *x = node.Add(op::kUnsqueeze, DimOptions{.dim = 2}, {*x});
  const std::string auto_pad = node.String("auto_pad", "NOTSET");
  window.auto_pad = auto_pad != "NOTSET";
  if (auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER") {
    const bool upper = auto_pad == "SAME_UPPER";
    std::tie(window.before.height, window.after.height) =
        SamePadding(node.FixedExtent(*x, 2), window.kernel.height, window.stride.height,
                    window.dilation.height, upper);
    std::tie(window.before.width, window.after.width) =
        SamePadding(node.FixedExtent(*x, 3), window.kernel.width, window.stride.width,
                    window.dilation.width, upper);
  } else if (auto_pad == "VALID") {
    window.before = window.after = 0;
  } else if (window.auto_pad) {
    node.Unsupported(absl::StrCat("auto_pad ", auto_pad));
  }
  return window;
}

ValueId PadWindow(NodeReader& node, ValueId x, Window* window, double value) {
  const PadOptions options{.before = {0, 0, window->before.height, window->before.width},
                           .after = {0, 0, window->after.height, window->after.width},
                           .value = value};
  window->before = window->after = 0;
  return node.Add(op::kPad, options, {x});
}

void OutWindow(NodeReader& node, const Window& window, ValueId result) {
  node.Out(window.one_dim ? node.Add(op::kSqueeze, DimsOptions{.dims = {2}}, {result}) : result);
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
  const auto reach = [](int64_t kernel, int64_t dilation) { return (kernel - 1) * dilation + 1; };
  Window& w = *window;
  w.after.height = PaddingForCeil(node.FixedExtent(x, 2), w.before.height, w.after.height,
                                  reach(w.kernel.height, w.dilation.height), w.stride.height);
  w.after.width = PaddingForCeil(node.FixedExtent(x, 3), w.before.width, w.after.width,
                                 reach(w.kernel.width, w.dilation.width), w.stride.width);
}

// Pooling here pads at most half a kernel, alike on both sides.
bool PoolTakesPadding(const Window& window) {
  return window.is_symmetric() && window.before.height * 2 <= window.kernel.height &&
         window.before.width * 2 <= window.kernel.width;
}

}  // namespace

void ReadConv(NodeReader& node) {
  ValueId x = node.in(0), weight = node.in(1);
  const ValueId bias = node.in_or_none(2);
  if (node.rank(weight) != node.rank(x)) ThrowInvalidArgument("the weight has another rank than X");
  std::vector<int64_t> kernel;
  for (int64_t d = 2; d < node.rank(weight); ++d) kernel.push_back(node.FixedExtent(weight, d));
  if (node.Ints("kernel_shape", kernel) != kernel) {
    ThrowInvalidArgument("kernel_shape is not that of the weight");
  }
  Window window = ReadWindow(node, &x, kernel);
  if (window.one_dim) weight = node.Add(op::kUnsqueeze, DimOptions{.dim = 2}, {weight});
  if (!window.is_symmetric()) x = PadWindow(node, x, &window, 0);
  const Conv2dOptions options{.stride = window.stride,
                              .padding = window.before,
                              .dilation = window.dilation,
                              .groups = node.Int("group", 1)};
  OutWindow(node, window, node.Add(op::kConv2d, options, {x, weight, bias}));
}

void ReadMaxPool(NodeReader& node) {
  const DType dtype = node.dtype(node.in(0));
  // float32 holds the integers of 8 bits, which are all that ONNX pools.
  ValueId x = IsFloating(dtype) ? node.in(0) : node.Cast(node.in(0), kFloat32);
  Window window = ReadWindow(node, &x, node.Ints("kernel_shape"));
  node.Int("storage_order", 0);  // of the indices
  if (node.Wants(1)) node.Unsupported("the indices of a maximum are not supported");
  bool ceil = node.Int("ceil_mode", 0) != 0 && !window.auto_pad;
  if (!PoolTakesPadding(window)) {
    if (ceil) PadForCeil(node, x, &window);
    ceil = false;
    x = PadWindow(node, x, &window, -std::numeric_limits<double>::infinity());
  }
  const MaxPool2dOptions options{.kernel_size = window.kernel,
                                 .stride = window.stride,
                                 .padding = window.before,
                                 .dilation = window.dilation,
                                 .ceil_mode = ceil};
  OutWindow(node, window, node.Cast(node.Add(op::kMaxPool2d, options, {x}), dtype));
}

void ReadAveragePool(NodeReader& node) {
  ValueId x = node.in(0);
  Window window = ReadWindow(node, &x, node.Ints("kernel_shape"));
  if (window.dilation != Size2(1)) node.Unsupported("dilations of an average are not supported");
  AvgPool2dOptions options{.kernel_size = window.kernel,
                           .stride = window.stride,
                           .padding = 0,
                           .ceil_mode = node.Int("ceil_mode", 0) != 0 && !window.auto_pad,
                           .count_include_pad = node.Int("count_include_pad", 0) != 0};
  if (PoolTakesPadding(window)) {
    options.padding = window.before;
    return OutWindow(node, window, node.Add(op::kAvgPool2d, options, {x}));
  }
  if (options.ceil_mode) node.Unsupported("ceil_mode with such padding is not supported");
  const auto average = [&](ValueId of) {
    Window padding = window;
    return node.Add(op::kAvgPool2d, options, {PadWindow(node, of, &padding, 0)});
  };
  ValueId result = average(x);
  if (!options.count_include_pad) {
    // Over the share of each window that is not padding.
    const ValueId ones = node.Full({1, 1, node.shape(x)[2], node.shape(x)[3]}, 1, node.dtype(x));
    result = node.Add(op::kDiv, {result, average(ones)});
  }
  OutWindow(node, window, result);
}

namespace {

Dims SpatialDims(NodeReader& node, ValueId x) {
  if (node.rank(x) < 3) ThrowInvalidArgument("expects [N, C, ...]");
  Dims dims(static_cast<size_t>(node.rank(x) - 2));
  std::iota(dims.begin(), dims.end(), 2);
  return dims;
}

}  // namespace

void ReadGlobalAveragePool(NodeReader& node) {
  const ValueId x = node.in(0);
  if (node.rank(x) == 4) {
    return node.Out(node.Add(op::kAdaptiveAvgPool2d, SpatialSizeOptions{.output_size = 1}, {x}));
  }
  node.Out(node.Add(op::kMean, ReduceOptions{.dims = SpatialDims(node, x), .keepdim = true}, {x}));
}

void ReadGlobalMaxPool(NodeReader& node) {
  const ValueId x = node.in(0);
  node.Out(node.Add(op::kAMax, ReduceOptions{.dims = SpatialDims(node, x), .keepdim = true}, {x}));
}

// Before operator set 13, over all dimensions from the axis on together.
void ReadSoftmax(NodeReader& node, OpId op) {
  const ValueId x = node.in(0);
  const int64_t axis = node.Axis(node.Int("axis", node.opset() < 13 ? 1 : -1), node.rank(x));
  if (node.opset() >= 13 || axis == node.rank(x) - 1) {
    return node.Out(node.Add(op, SoftmaxOptions{.dim = axis}, {x}));
  }
  const std::vector<SymInt>& shape = node.shape(x);
  std::vector<SymInt> flat(shape.begin(), shape.begin() + axis);
  flat.push_back(-1);
  const ValueId result = node.Add(op, SoftmaxOptions{.dim = -1}, {node.Reshape(x, flat)});
  node.Out(node.Reshape(result, node.shape(x)));
}

void ReadBatchNormalization(NodeReader& node) {
  const BatchNormOptions options{.eps = node.Float("epsilon", 1e-5)};
  node.Float("momentum", 0.9);
  if (node.opset() < 9 && node.Int("spatial", 1) != 1) node.Unsupported("spatial = 0");
  if (node.opset() < 7) node.Int("is_test", 0);
  if (node.Int("training_mode", 0) != 0 || node.Wants(1)) {
    node.Unsupported("training mode is not supported");
  }
  const ValueId scale = node.in(1), bias = node.in(2), mean = node.in(3), variance = node.in(4);
  node.Out(node.Add(op::kBatchNormInference, options, {node.in(0), mean, variance, scale, bias}));
}

void ReadInstanceNormalization(NodeReader& node) {
  const ValueId x = node.in(0);
  const double eps = node.Float("epsilon", 1e-5);
  const ReduceOptions over{.dims = SpatialDims(node, x), .keepdim = true};
  const ValueId centered = node.Add(op::kSub, {x, node.Add(op::kMean, over, {x})});
  const ValueId variance = node.Add(op::kMean, over, {node.Add(op::kSquare, {centered})});
  const auto per_channel = [&](ValueId id) {
    std::vector<SymInt> shape(static_cast<size_t>(node.rank(x) - 1), 1);
    shape[0] = -1;
    return node.Reshape(id, shape);
  };
  node.Out(
      node.Pointwise([=](const Tensor& x, const Tensor& variance, const Tensor& scale,
                         const Tensor& bias) { return x * Rsqrt(variance + eps) * scale + bias; },
                     centered, variance, per_channel(node.in(1)), per_channel(node.in(2))));
}

void ReadLayerNormalization(NodeReader& node) {
  const ValueId x = node.in(0), scale = node.in(1), bias = node.in_or_none(2);
  const int64_t axis = node.Axis(node.Int("axis", -1), node.rank(x));
  node.Int("stash_type", 1);
  const LayerNormOptions options{.num_dims = node.rank(x) - axis,
                                 .eps = node.Float("epsilon", 1e-5)};
  const ValueId y = node.Add(op::kLayerNorm, options, {x, scale, bias});
  node.Out(y);
  const std::vector<ValueId> outputs = node.graph().node(node.graph().value(y).producer).outputs;
  // The other outputs of the operation follow its first; ONNX keeps the reduced dimensions.
  std::vector<SymInt> kept(node.shape(x).begin(), node.shape(x).begin() + axis);
  kept.resize(static_cast<size_t>(node.rank(x)), 1);
  if (node.Wants(1)) node.Out(node.Reshape(outputs[1], kept), 1);
  if (node.Wants(2)) node.Out(node.Reshape(outputs[2], kept), 2);
}

}  // namespace neura::onnx
