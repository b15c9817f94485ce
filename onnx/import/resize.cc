// Resizing along dimensions, one after the other.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/ops/op_list/create.h"
#include "neura/tensor/ops/op_list/index.h"
#include "neura/tensor/ops/op_list/linalg.h"
#include "neura/tensor/ops/op_list/pointwise.h"
#include "neura/tensor/ops/op_list/reduce.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::Datum;
using graph::HostContext;
using graph::SymInt;
using graph::ValueId;

// What a node says for all dimensions.
struct Method {
  std::string mode = "nearest";
  std::string coordinates = "half_pixel";
  std::string rounding = "round_prefer_floor";  // of nearest
  double cubic_a = -0.75;
  bool exclude_outside = false;
  bool antialias = false;
  double extrapolation = 0;
};

// One dimension of a node.
struct Axis {
  int64_t dim = 0;
  SymInt in = 0, out = 0;
  std::optional<double> scale = {};
  ValueId scale_of_run = graph::kNone;  // where only a run tells it; else out / in
  ValueId roi_start = graph::kNone, roi_end = graph::kNone;  // 0 and 1
};

// Neighbors of a point that have a say in its value.
struct Taps {
  int64_t first = 0;  // from the element before it
  int64_t count = 1;
};

// Below it more than a thousand elements make one.
constexpr double kLeastScale = 1e-3;

Taps TapsOf(const Method& method, double scale) {
  if (method.mode == "linear") {
    if (!method.antialias) return {0, 2};
    if (!(scale > kLeastScale)) ThrowInvalidArgument("antialias: too many elements make one");
    const auto first = static_cast<int64_t>(std::floor(-1 / std::min(scale, 1.0))) + 1;
    return {first, 2 - 2 * first};
  }
  if (!method.antialias) return {-1, 4};
  if (!(scale > kLeastScale)) ThrowInvalidArgument("antialias: too many elements make one");
  const auto first = static_cast<int64_t>(std::floor(-2 / std::min(scale, 1.0))) + 1;
  return {first, 2 - 2 * first};
}

// A scale as it is. integers: whether all elements that become one have a say.
std::vector<Datum> CheckedScale(const HostContext& context) {
  const auto scale = HostCopy(context.inputs[0].tensor()).Item<double>();
  if (!(scale > 0 && scale <= INT32_MAX)) {
    ThrowInvalidArgument(absl::StrCat("a scale is ", scale, ", which is no positive number"));
  }
  if (context.integers[0] != 0 && !(scale > kLeastScale)) {
    ThrowInvalidArgument(
        absl::StrCat("antialias: a scale is ", scale, ", at which too many elements make one"));
  }
  return {context.inputs[0]};
}
constinit const graph::HostFunction kCheckedScale = {"resize", &CheckedScale};

// What a run tells of a scale, which it checks.
ValueId Checked(NodeReader& node, ValueId scale, bool blurs) {
  const graph::ValueType type{.dtype = kFloat64};
  return node.graph().AddHostCall(kCheckedScale, {scale}, {blurs ? 1 : 0}, {&type, 1})[0];
}

// Of a neighbor so far away: Keys' cubic convolution (1981), or a triangle.
Tensor WeightAt(const Method& method, const Tensor& distance) {
  const Tensor x = Abs(distance);
  if (method.mode == "linear") return Maximum(1 - x, 0);
  const double a = method.cubic_a;
  const Tensor near = ((a + 2) * x - (a + 3)) * x * x + 1;
  const Tensor far = ((a * x - 5 * a) * x + 8 * a) * x - 4 * a;
  return Where(x <= 1, near, Where(x < 2, far, ZerosLike(x)));
}

class Resizer {
 public:
  Resizer(NodeReader& node, const Method& method) : node_(node), method_(method) {}

  ValueId Along(ValueId x, const Axis& axis) {
    const ValueId at = Coordinates(axis);
    const ValueId in = Number(axis.in);
    ValueId result =
        method_.mode == "nearest" ? Nearest(x, axis, at, in) : Weighted(x, axis, at, in);
    if (method_.coordinates != "tf_crop_and_resize") return result;
    const double value = method_.extrapolation;
    const int64_t dims_after = node_.rank(x) - 1 - axis.dim;
    return node_.Trace(
        [=](const Tensor& y, const Tensor& at, const Tensor& in) {
          const Tensor outside = LogicalOr(at<0, at> in - 1);
          return Where(Column(outside, dims_after), FullLike(y, value), y);
        },
        result, at, in);
  }

 private:
  static Tensor Column(const Tensor& vector, int64_t dims_after) {
    Dims shape(static_cast<size_t>(dims_after) + 1, 1);
    shape[0] = -1;
    return Reshape(vector, shape);
  }

  ValueId Number(double value) { return node_.Constant(ScalarTensor(value, {.dtype = kFloat64})); }
  ValueId Number(const SymInt& value) { return node_.Number(value, Number(0.0)); }

  ValueId ScaleOf(const Axis& axis) {
    if (axis.scale) return Number(*axis.scale);
    if (axis.scale_of_run != graph::kNone) return axis.scale_of_run;
    return node_.Add(op::kDiv, {Number(axis.out), Number(axis.in)});
  }

  // Where the elements of the result lie in the input.
  ValueId Coordinates(const Axis& axis) {
    const ValueId steps = node_.Cast(node_.Counted(axis.out), kFloat64);
    const ValueId in = Number(axis.in), out = Number(axis.out);
    const ValueId start = axis.roi_start == graph::kNone ? Number(0.0) : axis.roi_start;
    const ValueId end = axis.roi_end == graph::kNone ? Number(1.0) : axis.roi_end;
    const std::string& mode = method_.coordinates;
    return node_.Pointwise(
        [&](const Tensor& x, const Tensor& in, const Tensor& out, const Tensor& scale,
            const Tensor& start, const Tensor& end) -> Tensor {
          const Tensor half_pixel = (x + 0.5) / scale - 0.5;
          if (mode == "asymmetric") return x / scale;
          if (mode == "half_pixel") return half_pixel;
          if (mode == "pytorch_half_pixel") return Where(out > 1, half_pixel, x - 0.5);
          if (mode == "tf_half_pixel_for_nn") return (x + 0.5) / scale;
          if (mode == "half_pixel_symmetric") {
            return in / 2 * (1 - out / (in * scale)) + half_pixel;
          }
          const Tensor length = in * scale - 1;
          if (mode == "align_corners") {
            return Where(length > 0, x * ((in - 1) / Where(length > 0, length, in * 0 + 1)), x * 0);
          }
          const Tensor last = in - 1, steps = Maximum(out - 1, 1);
          const Tensor step = x * ((end - start) * last / steps);
          return start * last + Where(out > 1, step, x * 0 + 0.5 * (end - start) * last);
        },
        steps, in, out, ScaleOf(axis), start, end);
  }

  ValueId Nearest(ValueId x, const Axis& axis, ValueId at, ValueId in) {
    const std::string& rounding = method_.rounding;
    const ValueId index = node_.Pointwise(
        [&](const Tensor& at, const Tensor& in) {
          Tensor i = rounding == "floor"               ? Floor(at)
                     : rounding == "ceil"              ? Ceil(at)
                     : rounding == "round_prefer_ceil" ? Floor(at + 0.5)
                                                       : Ceil(at - 0.5);
          return Cast(Maximum(Minimum(i, in - 1), 0), kInt64);
        },
        at, in);
    return node_.Add(op::kIndexSelect, DimOptions{.dim = axis.dim}, {x, index});
  }

  ValueId Weighted(ValueId x, const Axis& axis, ValueId at, ValueId in) {
    if (method_.antialias && !axis.scale) return Blurred(x, axis, at, in);
    const double scale = axis.scale.value_or(1);
    const double stretch = method_.antialias ? std::min(scale, 1.0) : 1;
    const Taps taps = TapsOf(method_, scale);
    const int64_t dims_after = node_.rank(x) - 1 - axis.dim;
    const DType dtype = node_.dtype(x);
    const bool normalizes = method_.exclude_outside || method_.antialias;
    const auto resize = [&](const Tensor& x, const Tensor& at, const Tensor& in) {
      const Tensor before = Floor(at), offset = at - before;
      std::vector<Tensor> weights, indices;
      Tensor total;
      for (int64_t k = taps.first; k < taps.first + taps.count; ++k) {
        const Tensor index = before + k;
        Tensor weight = WeightAt(method_, (offset - k) * stretch);
        if (method_.exclude_outside) {
          weight = Where(LogicalAnd(index >= 0, index <= in - 1), weight, ZerosLike(weight));
        }
        total = total.defined() ? total + weight : weight;
        weights.push_back(weight);
        indices.push_back(Cast(Maximum(Minimum(index, in - 1), 0), kInt64));
      }
      const DType wide = dtype == kFloat64 ? kFloat64 : kFloat32;
      const Tensor values = Cast(x, wide);
      Tensor sum;
      for (size_t k = 0; k < weights.size(); ++k) {
        const Tensor weight = Cast(normalizes ? weights[k] / total : weights[k], wide);
        const Tensor part = IndexSelect(values, axis.dim, indices[k]) * Column(weight, dims_after);
        sum = sum.defined() ? sum + part : part;
      }
      return Cast(sum, dtype);
    };
    return node_.Trace(resize, x, at, in);
  }

  // The same where a run tells how many neighbors have a say: of all elements, and of the first and
  // last beyond them, by a matrix of weights.
  ValueId Blurred(ValueId x, const Axis& axis, ValueId at, ValueId in) {
    const double support = method_.mode == "linear" ? 1 : 2;
    const ValueId stretch = node_.Pointwise([](const Tensor& scale) { return Minimum(scale, 1); },
                                            Checked(node_, ScaleOf(axis), true));
    const SymInt reach = SymInt::Element(
        node_.Pointwise([&](const Tensor& s) { return Cast(Ceil(support / s), kInt64) + 1; },
                        stretch),
        0);
    const SymInt count = axis.in + reach * 2;
    const ValueId index =
        node_.Pointwise([](const Tensor& i, const Tensor& reach) { return i - reach; },
                        node_.Cast(node_.Counted(count), kFloat64), Number(reach));
    const ValueId weights = node_.Pointwise(
        [&](const Tensor& i, const Tensor& at, const Tensor& in, const Tensor& stretch) -> Tensor {
          const Tensor weight = WeightAt(method_, (at - i) * stretch);
          if (!method_.exclude_outside) return weight;
          return Where(LogicalAnd(i >= 0, i <= in - 1), weight, ZerosLike(weight));
        },
        node_.Reshape(index, {count, 1}), node_.Reshape(at, {1, axis.out}), in, stretch);
    const ValueId total =
        node_.Add(op::kSum, ReduceOptions{.dims = {0}, .keepdim = true}, {weights});
    const ValueId place = node_.Pointwise(
        [](const Tensor& i, const Tensor& in) {
          return Cast(Maximum(Minimum(i, in - 1), 0), kInt64);
        },
        index, in);
    const DType dtype = node_.dtype(x), wide = dtype == kFloat64 ? kFloat64 : kFloat32;
    std::vector<int64_t> order(static_cast<size_t>(node_.rank(x)));
    std::iota(order.begin(), order.end(), 0);
    std::swap(order[static_cast<size_t>(axis.dim)], order.back());
    x = node_.Add(op::kIndexSelect, DimOptions{.dim = axis.dim}, {node_.Cast(x, wide), place});
    const ValueId shares = node_.Cast(node_.Add(op::kDiv, {weights, total}), wide);
    if (order.size() == 1) {  // a row
      const ValueId row = node_.Add(op::kMatMul, {node_.Reshape(x, {1, count}), shares});
      return node_.Cast(node_.Reshape(row, {axis.out}), dtype);
    }
    const ValueId y = node_.Add(op::kMatMul, {node_.Permute(x, order), shares});
    return node_.Cast(node_.Permute(y, order), dtype);
  }

  NodeReader& node_;
  const Method& method_;
};

// Numbers of input `i`, undefined where the input is absent or empty.
std::vector<double> KnownFloats(NodeReader& node, size_t i, std::string_view what) {
  if (!node.has(i)) return {};
  const std::optional<Tensor> known = node.Known(i);
  if (!known) node.Unsupported(absl::StrCat(what, " (input ", i, ") must be constants"));
  const Tensor wide = Contiguous(Cast(*known, kFloat64));
  return {wide.data<double>(), wide.data<double>() + wide.numel()};
}

bool IsEmpty(NodeReader& node, size_t i) {
  if (!node.has(i)) return true;
  const std::optional<Tensor> known = node.Known(i);
  if (known) return known->numel() == 0;
  return !node.FollowsFromSizes(i) && node.shape(node.in(i)) == std::vector<SymInt>{SymInt(0)};
}

void ResizeBy(NodeReader& node, const Method& method, std::vector<Axis> axes) {
  ValueId x = node.in(0);
  Resizer resizer(node, method);
  for (const Axis& axis : axes) {
    const bool moves = method.coordinates == "tf_crop_and_resize" || axis.in != axis.out ||
                       (axis.scale && *axis.scale != 1) || axis.scale_of_run != graph::kNone;
    if (moves) x = resizer.Along(x, axis);
  }
  node.Out(x);
}

// Scales that only a run can tell, of dimensions of x: float64, and what they make of the extents.
std::vector<Axis> AxesByScales(NodeReader& node, size_t input, ValueId x,
                               const std::vector<int64_t>& dims) {
  const ValueId scales = node.Cast(node.in(input), kFloat64);
  std::vector<Axis> axes;
  for (size_t i = 0; i < dims.size(); ++i) {
    Axis axis{.dim = node.Axis(dims[i], node.rank(x))};
    axis.in = node.shape(x)[static_cast<size_t>(axis.dim)];
    axis.scale_of_run = Checked(
        node,
        node.Trace([&](const Tensor& all) { return Select(all, 0, static_cast<int64_t>(i)); },
                   scales),
        false);
    const ValueId extent = node.Number(axis.in, axis.scale_of_run);
    const ValueId size = node.Pointwise(
        [](const Tensor& in, const Tensor& scale) {
          return Cast(Floor(Cast(in * scale, kFloat32)), kInt64);
        },
        extent, axis.scale_of_run);
    axis.out = SymInt::Element(size, 0);
    axes.push_back(axis);
  }
  return axes;
}

// So many numbers each for where the region of the dimensions begins and ends.
void SetRegion(NodeReader& node, std::vector<Axis>* axes) {
  if (IsEmpty(node, 1)) return;
  const ValueId roi = node.in(1);
  const auto count = static_cast<int64_t>(axes->size());
  if (node.rank(roi) != 1 || node.FixedExtent(roi, 0) != 2 * count) {
    ThrowInvalidArgument("roi has a wrong length");
  }
  const auto number = [&](int64_t i) {
    return node.Cast(node.Reshape(node.Slice(roi, 0, i, i + 1), {}), kFloat64);
  };
  for (int64_t i = 0; i < count; ++i) {
    (*axes)[static_cast<size_t>(i)].roi_start = number(i);
    (*axes)[static_cast<size_t>(i)].roi_end = number(count + i);
  }
}

// One scale for all dimensions, the least or the largest that their sizes have.
void KeepAspectRatio(NodeReader& node, bool least, std::vector<Axis>* axes) {
  const auto number = [&](const SymInt& value) {
    return node.Number(value, node.Constant(ScalarTensor(0.0, {.dtype = kFloat64})));
  };
  ValueId common = graph::kNone;
  for (const Axis& axis : *axes) {
    const ValueId scale = node.Add(op::kDiv, {number(axis.out), number(axis.in)});
    common = common == graph::kNone
                 ? scale
                 : node.Add(least ? op::kMinimum : op::kMaximum, {common, scale});
  }
  for (Axis& axis : *axes) {
    const ValueId size = node.Pointwise(
        [](const Tensor& in, const Tensor& scale) { return Cast(Floor(in * scale + 0.5), kInt64); },
        number(axis.in), common);
    axis.out = SymInt::Element(size, 0);
    axis.scale_of_run = common;
  }
}

void CheckScale(double scale) {
  if (!(scale > 0) || !std::isfinite(scale)) ThrowInvalidArgument("a scale is not positive");
}

SymInt Scaled(NodeReader& node, const SymInt& extent, double scale) {
  CheckScale(scale);
  if (extent.is_number()) {
    // In float32, as others multiply: 0.7 of 10 are 7.
    const float size = std::floor(static_cast<float>(extent.number()) * static_cast<float>(scale));
    if (!(size < 0x1p31f)) ThrowInvalidArgument("the result is too large");
    return static_cast<int64_t>(size);
  }
  // floor(n * p / q) for scales that are simple fractions.
  for (int64_t q = 1; q <= 64; ++q) {
    const double p = scale * static_cast<double>(q);
    if (p != std::round(p) || p > INT32_MAX) continue;
    return extent * static_cast<int64_t>(p) / q;
  }
  node.Unsupported(absl::StrCat("an open extent times ", scale));
}

}  // namespace

void ReadUpsample(NodeReader& node) {
  Method method{
      .mode = node.String("mode", "nearest"), .coordinates = "asymmetric", .rounding = "floor"};
  if (method.mode == "bilinear") method.mode = "linear";
  if (method.mode != "nearest" && method.mode != "linear") {
    node.Unsupported(absl::StrCat("mode ", method.mode));
  }
  const ValueId x = node.in(0);
  if (node.opset() >= 9 && node.has(1) && !node.Known(1)) {
    std::vector<int64_t> dims(static_cast<size_t>(node.rank(x)));
    std::iota(dims.begin(), dims.end(), 0);
    if (node.FixedExtent(node.in(1), 0) != node.rank(x)) {
      ThrowInvalidArgument("expects one scale for each dimension");
    }
    return ResizeBy(node, method, AxesByScales(node, 1, x, dims));
  }
  const std::vector<double> scales =
      node.opset() < 7
          ? std::vector{1.0, 1.0, node.Float("height_scale", 0), node.Float("width_scale", 0)}
      : node.opset() < 9 ? node.Floats("scales")
                         : KnownFloats(node, 1, "scales");
  if (static_cast<int64_t>(scales.size()) != node.rank(x)) {
    ThrowInvalidArgument("expects one scale for each dimension");
  }
  std::vector<Axis> axes;
  for (size_t d = 0; d < scales.size(); ++d) {
    const SymInt in = node.shape(x)[d];
    axes.push_back({static_cast<int64_t>(d), in, Scaled(node, in, scales[d]), scales[d]});
  }
  ResizeBy(node, method, std::move(axes));
}

void ReadResize(NodeReader& node) {
  const ValueId x = node.in(0);
  if (node.opset() < 11) return ReadUpsample(node);
  Method method{.mode = node.String("mode", "nearest"),
                .coordinates = node.String("coordinate_transformation_mode", "half_pixel"),
                .rounding = node.String("nearest_mode", "round_prefer_floor"),
                .cubic_a = node.Float("cubic_coeff_a", -0.75),
                .exclude_outside = node.Int("exclude_outside", 0) != 0,
                .antialias = node.Int("antialias", 0) != 0,
                .extrapolation = node.Float("extrapolation_value", 0)};
  std::string policy = node.String("keep_aspect_ratio_policy", "stretch");
  for (const auto& [given, known] :
       {std::pair{&method.mode, std::vector<std::string>{"nearest", "linear", "cubic"}},
        std::pair{&method.rounding, std::vector<std::string>{"round_prefer_floor",
                                                             "round_prefer_ceil", "floor", "ceil"}},
        std::pair{&policy, std::vector<std::string>{"stretch", "not_larger", "not_smaller"}},
        std::pair{&method.coordinates,
                  std::vector<std::string>{"asymmetric", "half_pixel", "pytorch_half_pixel",
                                           "tf_half_pixel_for_nn", "half_pixel_symmetric",
                                           "align_corners", "tf_crop_and_resize"}}}) {
    if (std::count(known.begin(), known.end(), *given) == 0) {
      node.Unsupported(absl::StrCat("mode ", *given));
    }
  }
  std::vector<int64_t> dims = node.Ints("axes");
  if (dims.empty()) {
    dims.resize(static_cast<size_t>(node.rank(x)));
    std::iota(dims.begin(), dims.end(), 0);
  }
  const bool by_sizes = !IsEmpty(node, 3);
  if (!by_sizes && node.has(2) && !node.Known(2)) {
    if (node.FixedExtent(node.in(2), 0) != static_cast<int64_t>(dims.size())) {
      ThrowInvalidArgument("expects a scale for each dimension");
    }
    std::vector<Axis> axes = AxesByScales(node, 2, x, dims);
    if (method.coordinates == "tf_crop_and_resize") SetRegion(node, &axes);
    return ResizeBy(node, method, std::move(axes));
  }
  const std::vector<double> scales =
      by_sizes || IsEmpty(node, 2) ? std::vector<double>() : KnownFloats(node, 2, "scales");
  const std::vector<SymInt> sizes = by_sizes ? node.Extents(3) : std::vector<SymInt>();
  const size_t count = by_sizes ? sizes.size() : scales.size();
  if (count != dims.size()) ThrowInvalidArgument("expects a scale or a size for each dimension");
  // One scale for all dimensions, where their ratio is kept.
  std::optional<double> common;
  bool fixed = true;
  for (size_t i = 0; i < count && by_sizes; ++i) {
    const int64_t dim = node.Axis(dims[i], node.rank(x));
    if (dim >= node.rank(x)) node.FixedExtent(x, dim);
    fixed &= sizes[i].is_number() && node.shape(x)[static_cast<size_t>(dim)].is_number();
  }
  if (by_sizes && policy != "stretch" && fixed) {
    for (size_t i = 0; i < count; ++i) {
      const auto in = static_cast<double>(node.FixedExtent(x, node.Axis(dims[i], node.rank(x))));
      const double scale = static_cast<double>(sizes[i].number()) / in;
      common = !common                  ? scale
               : policy == "not_larger" ? std::min(*common, scale)
                                        : std::max(*common, scale);
    }
  }
  std::vector<Axis> axes;
  for (size_t i = 0; i < count; ++i) {
    Axis axis{.dim = node.Axis(dims[i], node.rank(x))};
    axis.in = node.shape(x)[static_cast<size_t>(axis.dim)];
    if (common) {
      axis.out = std::llround(std::floor(static_cast<double>(axis.in.number()) * *common + 0.5));
      axis.scale = *common;
    } else if (by_sizes) {
      axis.out = sizes[i];
      if (axis.in.is_number() && axis.out.is_number() && axis.in.number() > 0) {
        axis.scale = static_cast<double>(axis.out.number()) / static_cast<double>(axis.in.number());
      }
    } else {
      axis.out = Scaled(node, axis.in, scales[i]);
      axis.scale = scales[i];
    }
    if (axis.out.is_number() && (axis.out.number() < 0 || axis.out.number() > INT32_MAX)) {
      ThrowInvalidArgument("a size is negative or too large");
    }
    if (axis.in == SymInt(0) && axis.out != SymInt(0)) {
      ThrowInvalidArgument("nothing cannot be made larger");
    }
    axes.push_back(axis);
  }
  if (by_sizes && policy != "stretch" && !fixed) {
    KeepAspectRatio(node, policy == "not_larger", &axes);
  }
  if (method.coordinates == "tf_crop_and_resize") SetRegion(node, &axes);
  ResizeBy(node, method, std::move(axes));
}

}  // namespace neura::onnx
