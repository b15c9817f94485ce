// Convolution at places that a tensor moves (Dai et al., 2017, arXiv:1703.06211; with a mask Zhu et
// al., 2019, arXiv:1811.11168).
#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::SymInt;
using graph::ValueId;

struct Options {
  std::vector<int64_t> kernel, stride, dilation, pads;
  int64_t channels = 0, filters = 0, groups = 1, offset_groups = 1;
};

// In: x, weight, offset, bias, mask, and the height and width of x as numbers.
Tensor Convolved(const Options& options, absl::Span<const Tensor> in) {
  const Tensor &x = in[0], &offset = in[2];
  const int64_t n = x.size(0), places = options.kernel[0] * options.kernel[1];
  const int64_t each = options.channels / options.offset_groups;
  const int64_t height = offset.size(2), width = offset.size(3);
  const Tensor moves = Reshape(offset, {n, options.offset_groups, places, 2, height, width});
  // Where the kernel's elements lie along an axis: [places, height, 1] or [places, 1, width].
  const auto at = [&](size_t axis) {
    const Tensor kernel = Arange(places);
    const Tensor row =
        axis == 0 ? FloorDivide(kernel, options.kernel[1]) : Remainder(kernel, options.kernel[1]);
    const Tensor start = Arange(axis == 0 ? height : width) * options.stride[axis];
    const Tensor base =
        Reshape(row * options.dilation[axis], {places, 1, 1}) +
        Reshape(start - options.pads[axis], axis == 0 ? Dims{1, height, 1} : Dims{1, 1, width});
    return Select(moves, 3, static_cast<int64_t>(axis)) + Cast(base, x.dtype());
  };
  const Tensor y = at(0), across = at(1), y_low = Floor(y), x_low = Floor(across);
  const Tensor images = Reshape(Flatten(x, 2, 3), {n, options.offset_groups, each, -1});
  // For each channel of a group, [n, groups, each, places * height * width].
  const auto flat = [&](const Tensor& t) { return Unsqueeze(Flatten(t, 2, -1), 2); };
  Tensor columns;
  for (const int down : {0, 1}) {
    for (const int right : {0, 1}) {
      const Tensor row = y_low + down, column = x_low + right;
      const Tensor inside =
          LogicalAnd(LogicalAnd(row >= 0, row < in[5]), LogicalAnd(column >= 0, column < in[6]));
      const auto place = [&](const Tensor& t) {
        return Cast(Where(inside, t, ZerosLike(t)), kInt64);
      };
      const auto share = [](const Tensor& t, const Tensor& low, int far) {
        return far == 1 ? t - low : 1 - (t - low);
      };
      const Tensor weight =
          Where(inside, share(y, y_low, down) * share(across, x_low, right), ZerosLike(y));
      const Tensor index = flat(place(row) * Cast(in[6], kInt64) + place(column));
      const Tensor part = Gather(images, 3, Expand(index, {-1, -1, each, -1})) * flat(weight);
      columns = columns.defined() ? columns + part : part;
    }
  }
  if (in[4].defined()) {
    columns = columns * Reshape(in[4], {n, options.offset_groups, 1, -1});
  }
  const int64_t rows = options.channels / options.groups * places;
  columns = Reshape(columns, {n, options.groups, rows, -1});
  const Tensor filters = Reshape(in[1], {options.groups, options.filters / options.groups, rows});
  Tensor result = Reshape(MatMul(filters, columns), {n, options.filters, height, width});
  if (in[3].defined()) result = result + Reshape(in[3], {-1, 1, 1});
  return result;
}

}  // namespace

void ReadDeformConv(NodeReader& node) {
  const ValueId x = node.in(0), weight = node.in(1), offset = node.in(2);
  if (node.rank(x) != 4) {
    node.Unsupported(absl::StrCat("two spatial dimensions are supported, not ", node.rank(x) - 2));
  }
  if (node.rank(weight) != 4 || node.rank(offset) != 4 ||
      (node.has(4) && node.rank(node.in(4)) != 4)) {
    ThrowInvalidArgument("W, offset or mask has not 4 dimensions");
  }
  Options options{.kernel = {node.FixedExtent(weight, 2), node.FixedExtent(weight, 3)},
                  .stride = node.Ints("strides", {1, 1}),
                  .dilation = node.Ints("dilations", {1, 1}),
                  .pads = node.Ints("pads", {0, 0, 0, 0}),
                  .channels = node.FixedExtent(x, 1),
                  .filters = node.FixedExtent(weight, 0),
                  .groups = node.Int("group", 1),
                  .offset_groups = node.Int("offset_group", 1)};
  if (node.Ints("kernel_shape", options.kernel) != options.kernel) {
    ThrowInvalidArgument("kernel_shape is not that of the weight");
  }
  if (options.stride.size() != 2 || options.dilation.size() != 2 || options.pads.size() != 4) {
    ThrowInvalidArgument("strides, dilations or pads have a wrong number of elements");
  }
  for (const auto& [values, least] : {std::pair{&options.stride, 1},
                                      {&options.dilation, 1},
                                      {&options.pads, 0},
                                      {&options.kernel, 1}}) {
    for (const int64_t value : *values) {
      if (value < least || value > INT32_MAX) {
        ThrowInvalidArgument(absl::StrCat("an element of the window is ", value));
      }
    }
  }
  const int64_t groups = options.groups, offset_groups = options.offset_groups;
  if (groups < 1 || offset_groups < 1 || options.channels % offset_groups != 0 ||
      options.filters % groups != 0 || options.channels % groups != 0 ||
      node.FixedExtent(weight, 1) != options.channels / groups) {
    ThrowInvalidArgument(absl::StrCat(options.channels, " channels, ", options.filters,
                                      " filters, group ", groups, " and offset_group ",
                                      offset_groups, " do not fit together"));
  }
  constexpr int64_t kMostPlaces = 1 << 20;
  if (options.kernel[0] > kMostPlaces || options.kernel[1] > kMostPlaces ||
      offset_groups > kMostPlaces) {
    ThrowInvalidArgument("the kernel is too large");
  }
  const int64_t moved = offset_groups * options.kernel[0] * options.kernel[1];
  if (node.FixedExtent(offset, 1) != 2 * moved ||
      (node.has(4) && node.FixedExtent(node.in(4), 1) != moved)) {
    ThrowInvalidArgument(
        absl::StrCat("offset has not ", 2 * moved, " channels, or mask not ", moved));
  }
  for (size_t d = 0; d < 2; ++d) {
    const SymInt windows =
        (node.shape(x)[d + 2] + (options.pads[d] + options.pads[d + 2] -
                                 (options.kernel[d] - 1) * options.dilation[d] - 1)) /
            options.stride[d] +
        1;
    const SymInt& given = node.shape(offset)[d + 2];
    if (windows.is_number() && given.is_number() && windows != given) {
      ThrowInvalidArgument(absl::StrCat("there are ", windows.number(), " windows along dimension ",
                                        d + 2, ", but offsets of ", given.number()));
    }
  }
  const DType dtype = node.dtype(x), wide = WideDType(dtype);
  if (!IsFloating(dtype)) ThrowInvalidArgument(absl::StrCat("x is ", DTypeName(dtype)));
  std::vector<ValueId> values;
  for (size_t i = 0; i < 5; ++i) {
    values.push_back(node.has(i) ? node.Cast(node.in(i), wide) : graph::kNone);
  }
  const ValueId beside = node.Constant(ScalarTensor(0.0, {.dtype = wide}));
  for (size_t d = 2; d < 4; ++d) values.push_back(node.Number(node.shape(x)[d], beside));
  const ValueId y = node.TraceAll(
      values, [&](absl::Span<const Tensor> in) { return std::vector{Convolved(options, in)}; })[0];
  node.Out(node.Cast(y, dtype));
}

}  // namespace neura::onnx
