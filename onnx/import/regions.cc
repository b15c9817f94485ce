// Regions of images, of which each becomes an image of one size: found on the host.
#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "neura/onnx/import/ops.h"
#include "neura/tensor/parallel/thread_pool.h"
#include "neura/tensor/tensor.h"

namespace neura::onnx {
namespace {

using graph::Datum;
using graph::HostContext;
using graph::HostFunction;
using graph::SymInt;
using graph::ValueId;
using graph::ValueType;

// Beyond these no model is meant.
constexpr int64_t kMostPooled = 1 << 12;
constexpr int64_t kMostSamples = 1 << 10;

Tensor HostInput(const HostContext& context, size_t i) {
  return Contiguous(HostCopy(context.inputs[i].tensor()));
}

// [N, C, H, W] in float32 or float64, one row of `columns` numbers for each region, and results of
// [regions, C, integers[0], integers[1]].
struct Pooling {
  Pooling(const HostContext& context, const char* name, int64_t columns)
      : name(name), images(HostInput(context, 0)), rois(HostInput(context, 1)) {
    if (images.dim() != 4 || rois.dim() != 2 || rois.size(1) != columns) {
      ThrowInvalidArgument(absl::StrCat(name, ": images are ", Describe(images), " and regions ",
                                        Describe(rois), ", expected [N, C, H, W] and [R, ", columns,
                                        "]"));
    }
    regions = rois.size(0);
    channels = images.size(1);
    height = images.size(2);
    width = images.size(3);
    rows = context.integers[0];
    cols = context.integers[1];
    result = Tensor::Empty({regions, channels, rows, cols}, images.dtype(), kCpu);
  }

  int64_t Batch(double given) const {
    if (!(given >= 0 && given < static_cast<double>(images.size(0)))) {
      ThrowInvalidArgument(
          absl::StrCat(name, ": there is no image ", given, " of ", images.size(0)));
    }
    return static_cast<int64_t>(given);
  }

  const char* name;
  Tensor images, rois, result;
  int64_t regions = 0, channels = 0, height = 0, width = 0, rows = 0, cols = 0;
};

// A point on one axis: two places, and the share of the second.
struct Sample {
  int64_t low = 0, high = 0;
  double share = 0;
};

// The points of one bin along one axis.
struct Bin {
  std::vector<Sample> samples;  // those in the image
  double count = 0;             // all
};

// Those of `bins` bins that begin at `start` and are so long; `samples` points in each, or as many
// as there are elements.
std::vector<Bin> BinsOf(double start, double length, int64_t bins, int64_t samples,
                        int64_t extent) {
  const double bin = length / static_cast<double>(bins);
  const double count = samples > 0 ? static_cast<double>(samples) : std::max(std::ceil(bin), 0.0);
  const double step = count > 0 ? bin / count : 0, end = static_cast<double>(extent);
  std::vector<Bin> found(static_cast<size_t>(bins));
  for (int64_t b = 0; b < bins; ++b) {
    Bin& one = found[static_cast<size_t>(b)];
    one.count = count;
    const double base = start + static_cast<double>(b) * bin;
    double first = 0, last = count - 1;
    if (step > 0) {  // beyond the image there may be any number of points
      first = std::max(first, std::floor((-1 - base) / step) - 1);
      last = std::min(last, std::ceil((end - base) / step) + 1);
    }
    for (double i = first; i <= last; ++i) {
      const double at = base + (i + 0.5) * step;
      if (!(at >= -1 && at <= end)) continue;
      const double inside = std::max(at, 0.0);
      const auto low = std::min(static_cast<int64_t>(inside), extent - 1);
      const bool is_last = low >= extent - 1;
      one.samples.push_back(
          {low, is_last ? low : low + 1, is_last ? 0 : inside - static_cast<double>(low)});
    }
  }
  return found;
}

// The mean of the points of a bin, or the largest share that a neighbor has in one of them.
template <typename T>
T Pooled(const T* image, int64_t width, const Bin& y, const Bin& x, bool is_max) {
  double sum = 0, most = 0;
  bool any = static_cast<double>(y.samples.size() * x.samples.size()) < y.count * x.count;
  for (const Sample& a : y.samples) {
    for (const Sample& b : x.samples) {
      const double shares[] = {(1 - a.share) * (1 - b.share), (1 - a.share) * b.share,
                               a.share * (1 - b.share), a.share * b.share};
      const int64_t places[] = {a.low * width + b.low, a.low * width + b.high,
                                a.high * width + b.low, a.high * width + b.high};
      for (int i = 0; i < 4; ++i) {
        const double value = shares[i] * static_cast<double>(image[places[i]]);
        sum += value;
        most = any ? std::max(most, value) : value;
        any = true;
      }
    }
  }
  return static_cast<T>(is_max ? most : sum / std::max(y.count * x.count, 1.0));
}

template <typename T>
void AlignOne(const Pooling& p, const HostContext& context, double scale, const Tensor& batches,
              int64_t region) {
  const int64_t samples = context.integers[2];
  const bool half_pixel = context.integers[3] != 0, is_max = context.integers[4] != 0;
  const T* roi = p.rois.data<T>() + region * 4;
  double corner[4];
  for (int i = 0; i < 4; ++i) {
    corner[i] = static_cast<double>(roi[i]) * scale - (half_pixel ? 0.5 : 0);
    if (!(std::abs(corner[i]) < 1e9)) {
      ThrowInvalidArgument("roi_align: a region is not finite, or too large");
    }
  }
  double wide = corner[2] - corner[0], high = corner[3] - corner[1];
  if (!half_pixel) {
    wide = std::max(wide, 1.0);
    high = std::max(high, 1.0);
  }
  const std::vector<Bin> y = BinsOf(corner[1], high, p.rows, samples, p.height);
  const std::vector<Bin> x = BinsOf(corner[0], wide, p.cols, samples, p.width);
  const auto batch = p.Batch(static_cast<double>(batches.data<int64_t>()[region]));
  T* out = static_cast<T*>(p.result.raw_data()) + region * p.channels * p.rows * p.cols;
  for (int64_t c = 0; c < p.channels; ++c) {
    const T* image = p.images.data<T>() + (batch * p.channels + c) * p.height * p.width;
    for (const Bin& row : y) {
      for (const Bin& col : x) *out++ = Pooled(image, p.width, row, col, is_max);
    }
  }
}

// integers: the result's height and width, how many points along an axis or 0, whether coordinates
// are those of the middles of elements, and whether the largest is taken. Inputs: images, regions,
// the image of each, and by what coordinates are multiplied.
std::vector<Datum> Align(const HostContext& context) {
  const Pooling pooling(context, "roi_align", 4);
  const Tensor batches = HostInput(context, 2);
  const double scale = HostInput(context, 3).Item<double>();
  if (batches.dim() != 1 || batches.size(0) != pooling.regions) {
    ThrowInvalidArgument(absl::StrCat("roi_align: ", pooling.regions,
                                      " regions, but the images of ", Describe(batches)));
  }
  if (pooling.regions > 0 && pooling.height * pooling.width == 0) {
    ThrowInvalidArgument("roi_align: the images have no elements");
  }
  ParallelFor(pooling.regions, [&](int64_t region) {
    if (pooling.images.dtype() == kFloat64) {
      AlignOne<double>(pooling, context, scale, batches, region);
    } else {
      AlignOne<float>(pooling, context, scale, batches, region);
    }
  });
  return {To(pooling.result, context.device)};
}
constinit const HostFunction kAlign = {"roi_align", &Align};

template <typename T>
void MaxOne(const Pooling& p, T scale, int64_t region) {
  const T* roi = p.rois.data<T>() + region * 5;
  T corner[4];
  for (int i = 0; i < 4; ++i) {
    corner[i] = std::round(roi[i + 1] * scale);
    if (!(std::abs(corner[i]) < 1e9)) {
      ThrowInvalidArgument("max_roi_pool: a region is not finite, or too large");
    }
  }
  const int64_t batch = p.Batch(static_cast<double>(roi[0]));
  // From the first place to the one after the last.
  const auto bounds = [](T begin, T end, int64_t bins, int64_t b, int64_t extent) {
    const T bin = std::max<T>(end - begin + 1, 1) / static_cast<T>(bins);
    const auto first = static_cast<int64_t>(std::floor(static_cast<T>(b) * bin) + begin);
    const auto last = static_cast<int64_t>(std::ceil(static_cast<T>(b + 1) * bin) + begin);
    return std::pair{std::clamp<int64_t>(first, 0, extent), std::clamp<int64_t>(last, 0, extent)};
  };
  T* out = static_cast<T*>(p.result.raw_data()) + region * p.channels * p.rows * p.cols;
  for (int64_t c = 0; c < p.channels; ++c) {
    const T* image = p.images.data<T>() + (batch * p.channels + c) * p.height * p.width;
    for (int64_t row = 0; row < p.rows; ++row) {
      const auto y = bounds(corner[1], corner[3], p.rows, row, p.height);
      for (int64_t col = 0; col < p.cols; ++col) {
        const auto x = bounds(corner[0], corner[2], p.cols, col, p.width);
        const bool is_empty = y.second <= y.first || x.second <= x.first;
        T most = is_empty ? 0 : -std::numeric_limits<T>::infinity();
        for (int64_t i = y.first; i < y.second; ++i) {
          for (int64_t j = x.first; j < x.second; ++j)
            most = std::max(most, image[i * p.width + j]);
        }
        *out++ = most;
      }
    }
  }
}

// integers: the result's height and width. Inputs: images, regions with the image of each before
// its corners, and by what coordinates are multiplied.
std::vector<Datum> MaxPoolRegions(const HostContext& context) {
  const Pooling pooling(context, "max_roi_pool", 5);
  const double scale = HostInput(context, 2).Item<double>();
  ParallelFor(pooling.regions, [&](int64_t region) {
    if (pooling.images.dtype() == kFloat64) {
      MaxOne<double>(pooling, scale, region);
    } else {
      MaxOne<float>(pooling, static_cast<float>(scale), region);
    }
  });
  return {To(pooling.result, context.device)};
}
constinit const HostFunction kMaxPoolRegions = {"max_roi_pool", &MaxPoolRegions};

// [regions, C, height, width] of x's dtype. The first two inputs are images and regions.
void Pool(NodeReader& node, const HostFunction& function, std::vector<ValueId> inputs,
          std::vector<SymInt> integers, int64_t columns) {
  const ValueId x = inputs[0];
  const DType dtype = node.dtype(x);
  if (!IsFloating(dtype)) ThrowInvalidArgument(absl::StrCat("pools no ", DTypeName(dtype)));
  if (node.rank(x) != 4 || node.rank(inputs[1]) != 2) {
    ThrowInvalidArgument("expects images of [N, C, H, W] and one row for each region");
  }
  const SymInt given = node.shape(inputs[1])[1];
  if (given.is_number() && given.number() != columns) {
    ThrowInvalidArgument(
        absl::StrCat("a region has ", given.number(), " numbers, expected ", columns));
  }
  for (size_t i = 0; i < 2; ++i) {
    inputs[i] = node.Cast(inputs[i], WideDType(dtype));
    if (integers[i].number() < 1 || integers[i].number() > kMostPooled) {
      ThrowInvalidArgument(absl::StrCat("a result has an extent of ", integers[i].number()));
    }
  }
  inputs.push_back(
      node.Constant(ScalarTensor(node.Float("spatial_scale", 1), {.dtype = kFloat64})));
  const std::vector<SymInt> shape{node.shape(inputs[1])[0], node.shape(x)[1], integers[0],
                                  integers[1]};
  ValueType type{.dtype = WideDType(dtype)};
  for (const SymInt& extent : shape) {
    if (extent.is_number()) {
      type.shape.emplace_back(extent.number());
    } else {
      type.shape.push_back(graph::Open());
    }
  }
  const ValueId y =
      node.graph().AddHostCall(function, std::move(inputs), std::move(integers), {&type, 1})[0];
  node.Out(node.Cast(node.Reshape(y, shape), dtype));
}

}  // namespace

// He et al., 2017 (arXiv:1703.06870).
void ReadRoiAlign(NodeReader& node) {
  const std::string coordinates = node.String(
      "coordinate_transformation_mode", node.opset() < 16 ? "output_half_pixel" : "half_pixel");
  const std::string mode = node.String("mode", "avg");
  if (coordinates != "half_pixel" && coordinates != "output_half_pixel") {
    node.Unsupported(absl::StrCat("coordinates ", coordinates));
  }
  if (mode != "avg" && mode != "max") node.Unsupported(absl::StrCat("mode ", mode));
  const int64_t samples = node.Int("sampling_ratio", 0);
  if (samples < 0 || samples > kMostSamples) {
    ThrowInvalidArgument(absl::StrCat("sampling_ratio is ", samples));
  }
  const ValueId batches = node.Cast(node.in(2), kInt64);
  Pool(node, kAlign, {node.in(0), node.in(1), batches},
       {node.Int("output_height", 1), node.Int("output_width", 1), samples,
        coordinates == "half_pixel" ? 1 : 0, mode == "max" ? 1 : 0},
       4);
}

// Girshick, 2015 (arXiv:1504.08083).
void ReadMaxRoiPool(NodeReader& node) {
  const std::vector<int64_t> pooled = node.Ints("pooled_shape");
  if (pooled.size() != 2) ThrowInvalidArgument("pooled_shape is no height and width");
  Pool(node, kMaxPoolRegions, {node.in(0), node.in(1)}, {pooled[0], pooled[1]}, 5);
}

}  // namespace neura::onnx
