// Resampling images along one dimension after the other: each element of the result is a sum of
// elements of the input, with weights that depend on its place alone.
#include <algorithm>
#include <cmath>
#include <string_view>
#include <vector>

#include "absl/strings/str_cat.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/dispatch.h"
#include "neura/tensor/ops/image.h"
#include "neura/tensor/ops/index.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"
#include "neura/tensor/ops/whole_calls.h"

namespace neura {
namespace {

enum class Kernel { kNearest, kNearestExact, kLinear, kCubic, kArea };

// The kernel of a mode for so many spatial dimensions.
Kernel KernelOf(const std::string& mode, size_t dims) {
  struct Mode {
    std::string_view name;
    Kernel kernel;
    size_t dims;  // 0: any
  };
  constexpr Mode kModes[] = {
      {"nearest", Kernel::kNearest, 0}, {"nearest-exact", Kernel::kNearestExact, 0},
      {"area", Kernel::kArea, 0},       {"linear", Kernel::kLinear, 1},
      {"bilinear", Kernel::kLinear, 2}, {"trilinear", Kernel::kLinear, 3},
      {"bicubic", Kernel::kCubic, 2}};
  for (const Mode& known : kModes) {
    if (known.name != mode) continue;
    if (known.dims == 0 || known.dims == dims) return known.kernel;
    ThrowInvalidArgument(absl::StrCat("interpolate: mode '", mode, "' is for ", known.dims,
                                      " spatial dimensions, got ", dims));
  }
  ThrowInvalidArgument(
      absl::StrCat("interpolate: mode must be 'nearest', 'nearest-exact', 'linear', 'bilinear', "
                   "'bicubic', 'trilinear' or 'area', got '",
                   mode, "'"));
}

// Elements of a dimension that make up each element of the result, with their weights.
struct Tap {
  std::vector<int64_t> places;
  std::vector<double> weights;
};

// Keys's cubic convolution with a = -0.75, of the distances 1 + t, t, 1 - t and 2 - t.
void CubicWeights(double t, double (&weights)[4]) {
  constexpr double a = -0.75;
  const auto near = [](double d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
  const auto far = [](double d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
  weights[0] = far(t + 1);
  weights[1] = near(t);
  weights[2] = near(1 - t);
  weights[3] = far(2 - t);
}

// `step` elements of the input to one of the result.
std::vector<Tap> TapsOf(Kernel kernel, int64_t in, int64_t out, double step, bool align_corners) {
  const size_t count = kernel == Kernel::kLinear ? 2 : kernel == Kernel::kCubic ? 4 : 1;
  std::vector<Tap> taps(count);
  for (Tap& tap : taps) {
    tap.places.reserve(static_cast<size_t>(out));
    tap.weights.reserve(static_cast<size_t>(out));
  }
  if (align_corners) {
    step = out > 1 ? static_cast<double>(in - 1) / static_cast<double>(out - 1) : 0;
  }
  // As PyTorch has it, whatever the factor says.
  if (out == in && !align_corners && kernel != Kernel::kCubic) step = 1;
  if (out == 2 * in && kernel == Kernel::kNearest) step = 0.5;
  for (int64_t i = 0; i < out; ++i) {
    const auto at = static_cast<double>(i);
    double weights[4] = {1};
    int64_t first = 0;
    if (count == 1) {
      // In float32, as PyTorch does.
      const float center =
          kernel == Kernel::kNearest ? static_cast<float>(i) : static_cast<float>(i) + 0.5f;
      first = static_cast<int64_t>(std::floor(center * static_cast<float>(step)));
    } else {
      double place = align_corners ? at * step : (at + 0.5) * step - 0.5;
      if (kernel == Kernel::kLinear) place = std::max(place, 0.0);
      const double below = std::floor(place), t = place - below;
      first = static_cast<int64_t>(below);
      if (kernel == Kernel::kLinear) {
        weights[0] = 1 - t;
        weights[1] = t;
      } else {
        CubicWeights(t, weights);
        --first;
      }
    }
    for (size_t k = 0; k < count; ++k) {
      taps[k].places.push_back(std::clamp<int64_t>(first + static_cast<int64_t>(k), 0, in - 1));
      taps[k].weights.push_back(weights[k]);
    }
  }
  return taps;
}

// The weights of the places along a dimension beside an image of this size. For a small one there
// is one for each of its elements, so that a product with many walks long rows.
Tensor WeightsFor(const std::vector<double>& weights, const Tensor& picked, int64_t dim) {
  const auto out = static_cast<int64_t>(weights.size());
  const DimsView image = picked.shape().subspan(2);
  Dims shape(image.size(), 1);
  shape[static_cast<size_t>(dim - 2)] = out;
  const Tensor along =
      Reshape(To(Cast(FromVector(weights, {out}), picked.dtype()), picked.device()), shape);
  constexpr int64_t kSmall = 1 << 13;
  const int64_t size = NumElements(image);
  return size <= kSmall && picked.numel() > size ? Contiguous(Expand(along, image)) : along;
}

Tensor Resample(const Tensor& input, int64_t dim, const std::vector<Tap>& taps) {
  const auto out = static_cast<int64_t>(taps[0].places.size());
  Tensor sum;
  for (const Tap& tap : taps) {
    const Tensor picked =
        IndexSelect(input, dim, To(FromVector(tap.places, {out}), input.device()));
    if (taps.size() == 1) return picked;
    const Tensor part = picked * WeightsFor(tap.weights, picked, dim);
    sum = sum.defined() ? sum + part : part;
  }
  return sum;
}

// What `resample` makes of images [N, C, ...], each of `size` elements then. On the CPU, where
// nobody watches the operations, of some images at a time, whose intermediate results stay in its
// caches.
template <typename F>
Tensor InParts(const Tensor& images, int64_t size, const F& resample) {
  constexpr int64_t kPart = 1 << 17;
  const int64_t count = images.size(0) * images.size(1);
  const int64_t most = std::max(size, images.numel() / std::max<int64_t>(count, 1));
  const int64_t per_part = std::max<int64_t>(kPart / most, 1);
  if (images.device().type != DeviceType::kCpu || IsWatched() || count < 2 * per_part) {
    return resample(images);
  }
  Dims shape(images.shape().begin(), images.shape().end());
  shape[0] = 1;
  shape[1] = count;
  const Tensor all = Reshape(images, shape);
  std::vector<Tensor> parts;
  for (int64_t i = 0; i < count; i += per_part) {
    parts.push_back(resample(Narrow(all, 1, i, std::min(per_part, count - i))));
  }
  const Tensor joined = Cat(parts, 1);
  for (int64_t d = 0; d < images.dim(); ++d) {
    const auto at = static_cast<size_t>(d);
    shape[at] = d < 2 ? images.shape()[at] : joined.shape()[at];
  }
  return Reshape(joined, shape);
}

std::vector<Tensor> RunInterpolate(const OpCall& call) {
  const auto& options = call.Get<InterpolateCall>();
  InterpolateOptions given{.mode = options.mode, .align_corners = options.align_corners};
  if (!options.size.empty()) {
    given.size = options.size;
  } else {
    given.scale_factor.emplace();
    for (size_t d = 0; d + 2 < call.input(0).shape().size(); ++d) {
      given.scale_factor->push_back(options.scale(d));
    }
  }
  return {Interpolate(call.input(0), given)};
}

}  // namespace

Tensor Interpolate(const Tensor& input, const InterpolateOptions& options) {
  RequireDefined("interpolate", input);
  if (input.dim() < 3 || input.dim() > 5) {
    ThrowInvalidArgument(
        absl::StrCat("interpolate: expected [N, C, ...] with one to three spatial dimensions, got ",
                     Describe(input)));
  }
  const auto dims = static_cast<size_t>(input.dim() - 2);
  const Kernel kernel = KernelOf(options.mode, dims);
  if (options.size.has_value() == options.scale_factor.has_value()) {
    ThrowInvalidArgument("interpolate: either size or scale_factor has to be given");
  }
  const size_t given = options.size ? options.size->size() : options.scale_factor->size();
  if (given != 1 && given != dims) {
    ThrowInvalidArgument(absl::StrCat("interpolate: expected one number, or one for each of ", dims,
                                      " spatial dimensions, got ", given));
  }
  if (options.align_corners && kernel != Kernel::kLinear && kernel != Kernel::kCubic) {
    ThrowInvalidArgument("interpolate: align_corners is for linear and cubic modes");
  }
  Dims outputs;
  std::vector<double> steps;
  for (size_t d = 0; d < dims; ++d) {
    const int64_t in = input.size(static_cast<int64_t>(d) + 2);
    int64_t out = 0;
    double step = 0;
    if (options.size) {
      out = (*options.size)[given == 1 ? 0 : d];
    } else {
      const double factor = (*options.scale_factor)[given == 1 ? 0 : d];
      const double scaled = std::floor(static_cast<double>(in) * factor);
      if (!(factor > 0) || !(scaled < 0x1p60)) {
        ThrowInvalidArgument(
            absl::StrCat("interpolate: scale_factor = ", factor, " must be positive and finite"));
      }
      out = static_cast<int64_t>(scaled);
      step = 1 / factor;
    }
    constexpr int64_t kMost = int64_t{1} << 26;
    if (in < 1 || out < 1 || out > kMost) {
      ThrowInvalidArgument(absl::StrCat("interpolate: ", Describe(input), " to an extent of ", out,
                                        " along dimension ", d + 2, ": extents must be from 1 to ",
                                        kMost));
    }
    if (options.size || options.recompute_scale_factor) {
      step = static_cast<double>(in) / static_cast<double>(out);
    }
    outputs.push_back(out);
    steps.push_back(step);
  }
  if (kernel == Kernel::kArea) {
    const Sizes output(outputs);
    return dims == 1   ? AdaptiveAvgPool1d(input, output)
           : dims == 2 ? AdaptiveAvgPool2d(input, output)
                       : AdaptiveAvgPool3d(input, output);
  }
  const bool weighs = kernel == Kernel::kLinear || kernel == Kernel::kCubic;
  if (weighs && !IsFloating(input.dtype())) {
    ThrowInvalidArgument(absl::StrCat("interpolate: mode '", options.mode,
                                      "' is for floating point numbers, got ", Describe(input)));
  }
  InterpolateCall whole{.mode = options.mode, .align_corners = options.align_corners};
  double* const scales[] = {&whole.scale0, &whole.scale1, &whole.scale2};
  if (options.size || options.recompute_scale_factor) {
    whole.size = outputs;
  } else {
    for (size_t d = 0; d < dims; ++d) *scales[d] = (*options.scale_factor)[given == 1 ? 0 : d];
  }
  const Tensor* const inputs[] = {&input};
  const std::vector<Tensor> kept =
      KeptWhole(WholeFunction::kInterpolate, &RunInterpolate, &whole, inputs);
  if (!kept.empty()) return kept[0];
  std::vector<std::vector<Tap>> taps;
  for (size_t d = 0; d < dims; ++d) {
    taps.push_back(TapsOf(kernel, input.size(static_cast<int64_t>(d) + 2), outputs[d], steps[d],
                          options.align_corners));
  }
  const auto resample = [&](Tensor images) {
    // From the last dimension on: single elements are gathered from what is small, rows copied to
    // what is large.
    for (size_t d = dims; d-- > 0;) {
      images = Resample(images, static_cast<int64_t>(d) + 2, taps[d]);
    }
    return images;
  };
  if (!weighs) return resample(input);
  const Tensor wide = Cast(input, WideDType(input.dtype()));
  return Cast(InParts(wide, NumElements(outputs), resample), input.dtype());
}

}  // namespace neura
