#include "neura/data/augmentations.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <utility>

#include "absl/strings/str_cat.h"
#include "neura/data/geometry_transforms.h"
#include "neura/data/image_functions.h"
#include "neura/data/internal/planes.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura::data {
namespace {

using internal::EachImage;

enum class Change {
  kIdentity,
  kShearX,
  kShearY,
  kTranslateX,
  kTranslateY,
  kRotate,
  kBrightness,
  kColor,
  kContrast,
  kSharpness,
  kPosterize,
  kSolarize,
  kAutoContrast,
  kEqualize,
};
constexpr int64_t kChanges = 14;

// The strongest of each change.
struct Strengths {
  double shear, translate_x, translate_y, rotate, blend;
  double posterize;  // bits that go
};

// The strength that is number `bin` of `bins`, and its sign.
double StrengthOf(Change change, const Strengths& most, int64_t bin, int64_t bins, bool negative) {
  const double share = static_cast<double>(bin) / static_cast<double>(bins - 1);
  const double sign = negative ? -1 : 1;
  switch (change) {
    case Change::kShearX:
    case Change::kShearY:
      return sign * share * most.shear;
    case Change::kTranslateX:
      return sign * share * most.translate_x;
    case Change::kTranslateY:
      return sign * share * most.translate_y;
    case Change::kRotate:
      return sign * share * most.rotate;
    case Change::kBrightness:
    case Change::kColor:
    case Change::kContrast:
    case Change::kSharpness:
      return sign * share * most.blend;
    case Change::kPosterize:
      return 8 - std::nearbyint(share * most.posterize);
    case Change::kSolarize:
      return 255 * (1 - share);
    default:
      return 0;
  }
}

Tensor Apply(Change change, const Tensor& image, double strength, const std::string& interpolation,
             const Fill& fill) {
  const auto moved = [&](std::array<double, 2> translate, std::array<double, 2> shear,
                         std::array<double, 2> center) {
    return functional::Affine(image,
                              functional::InverseAffineMatrix(center, 0, translate, 1, shear),
                              interpolation, fill.numbers.values);
  };
  // Shears leave the upper left corner in its place.
  const std::array<double, 2> corner = {-static_cast<double>(image.size(3)) / 2,
                                        -static_cast<double>(image.size(2)) / 2};
  const double degrees = std::atan(strength) * 180 / std::numbers::pi;
  switch (change) {
    case Change::kIdentity:
      return image;
    case Change::kShearX:
      return moved({0, 0}, {degrees, 0}, corner);
    case Change::kShearY:
      return moved({0, 0}, {0, degrees}, corner);
    case Change::kTranslateX:
      return moved({std::trunc(strength), 0}, {0, 0}, {0, 0});
    case Change::kTranslateY:
      return moved({0, std::trunc(strength)}, {0, 0}, {0, 0});
    case Change::kRotate:
      return functional::Rotate(image, strength, interpolation, false, {0, 0}, fill.numbers.values);
    case Change::kBrightness:
      return functional::AdjustBrightness(image, 1 + strength);
    case Change::kColor:
      return functional::AdjustSaturation(image, 1 + strength);
    case Change::kContrast:
      return functional::AdjustContrast(image, 1 + strength);
    case Change::kSharpness:
      return functional::AdjustSharpness(image, 1 + strength);
    case Change::kPosterize:
      return functional::Posterize(image, static_cast<int64_t>(strength));
    case Change::kSolarize:
      return functional::Solarize(image, image.dtype() == kUInt8 ? strength : strength / 255);
    case Change::kAutoContrast:
      return functional::Autocontrast(image);
    case Change::kEqualize:
      return functional::Equalize(image);
  }
  return image;
}

void CheckBins(const char* transform, int64_t bins, const std::string& interpolation) {
  if (bins < 2) {
    ThrowInvalidArgument(
        absl::StrCat(transform, ": num_magnitude_bins is ", bins, "; at least 2 are expected"));
  }
  if (interpolation != "nearest" && interpolation != "bilinear") {
    ThrowInvalidArgument(absl::StrCat(transform, ": the interpolation \"", interpolation,
                                      "\"; \"nearest\" or \"bilinear\" is expected"));
  }
}

// Marsaglia and Tsang, "A simple method for generating gamma variables", ACM TOMS 26 (2000).
double Gamma(double shape, SampleRandom& random) {
  if (shape < 1) {
    const double u = 1 - random.Uniform();
    return Gamma(shape + 1, random) * std::pow(u, 1 / shape);
  }
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  for (;;) {
    const double x = random.Normal(), root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    if (std::log(1 - random.Uniform()) < 0.5 * x * x + d * (1 - v + std::log(v))) return d * v;
  }
}

double Beta(double alpha, SampleRandom& random) {
  const double a = Gamma(alpha, random), b = Gamma(alpha, random);
  return a + b > 0 ? a / (a + b) : 0.5;  // both may be too small for a double
}

// The rows before, the last one first.
Tensor Before(const Tensor& batch) {
  const int64_t n = batch.size(0);
  return n < 2 ? batch : Cat({Narrow(batch, 0, n - 1, 1), Narrow(batch, 0, 0, n - 1)}, 0);
}

Tensor Mix(const Tensor& batch, double lambda) {
  return Add(Mul(batch, lambda), Mul(Before(batch), 1 - lambda));
}

// Shares of classes [N, num_classes] in float32.
Tensor SharesOf(const char* transform, const Tensor& images, const Tensor& labels, double alpha,
                int64_t num_classes) {
  if (!(alpha > 0) || !std::isfinite(alpha)) {
    ThrowInvalidArgument(
        absl::StrCat(transform, ": alpha is ", alpha, "; a positive number is expected"));
  }
  const bool classes = labels.defined() && labels.dim() == 1 && labels.dtype() == kInt64;
  const bool shares = labels.defined() && labels.dim() == 2 && IsFloating(labels.dtype());
  if (!images.defined() || images.dim() < 2 || (!classes && !shares) ||
      labels.size(0) != images.size(0) || labels.device() != kCpu || images.device() != kCpu) {
    ThrowInvalidArgument(absl::StrCat(
        transform,
        ": images [N, ...] and labels int64 [N], or shares of classes [N, num_classes], "
        "on the CPU are expected, not ",
        Describe(images), " and ", Describe(labels)));
  }
  if (shares) return Cast(labels, kFloat32);
  if (num_classes < 1) {
    ThrowInvalidArgument(absl::StrCat(transform, ": num_classes is ", num_classes,
                                      "; labels that are classes need their number"));
  }
  const Tensor whole = Contiguous(labels);
  Tensor result = Zeros({labels.size(0), num_classes});
  for (int64_t i = 0; i < labels.size(0); ++i) {
    const int64_t label = whole.data<int64_t>()[i];
    if (label < 0 || label >= num_classes) {
      ThrowInvalidArgument(absl::StrCat(transform, ": label ", i, " is ", label, "; there are ",
                                        num_classes, " classes"));
    }
    result.data<float>()[i * num_classes + label] = 1;
  }
  return result;
}

}  // namespace

RandomErasing::RandomErasing(double p, Numbers scale, Numbers ratio, Fill value)
    : p_(p),
      scale_(internal::RangeOf("RandomErasing", "scale", scale, {0, -1}, 0, 1)),
      ratio_(internal::RangeOf("RandomErasing", "ratio", ratio, {0, -1}, 1e-9, 1e9)),
      value_(std::move(value)) {
  internal::CheckProbability("RandomErasing", p);
}

Tensor RandomErasing::operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const {
  internal::CheckImages("RandomErasing", images);
  const std::vector<float> values =
      internal::FillOf("RandomErasing", value_.numbers.values, images.size(1));
  return EachImage(
      "RandomErasing", images, randoms, [&](const Tensor& image, SampleRandom& random) -> Tensor {
        if (random.Uniform() >= p_) return image;
        const int64_t rows = image.size(2), columns = image.size(3);
        const double area = static_cast<double>(rows) * static_cast<double>(columns);
        for (int attempt = 0; attempt < 10; ++attempt) {
          const double target = area * random.Uniform(scale_.low, scale_.high);
          const double ratio =
              std::exp(random.Uniform(std::log(ratio_.low), std::log(ratio_.high)));
          const auto height = static_cast<int64_t>(std::nearbyint(std::sqrt(target * ratio)));
          const auto width = static_cast<int64_t>(std::nearbyint(std::sqrt(target / ratio)));
          if (height >= rows || width >= columns) continue;
          const int64_t top = random.Below(rows - height + 1);
          const int64_t left = random.Below(columns - width + 1);
          Tensor floats = internal::ToFloats(image, /*own=*/true);
          for (int64_t c = 0; c < image.size(1); ++c) {
            for (int64_t y = top; y < top + height; ++y) {
              float* const row = floats.data<float>() + (c * rows + y) * columns;
              for (int64_t x = left; x < left + width; ++x) {
                row[x] = value_.random ? static_cast<float>(random.Normal())
                                       : values[static_cast<size_t>(c)];
              }
            }
          }
          return internal::FromFloats(floats, image.dtype());
        }
        return image;
      });
}

RandAugment::RandAugment(int64_t num_ops, int64_t magnitude, int64_t num_magnitude_bins,
                         std::string interpolation, std::optional<Fill> fill)
    : num_ops_(num_ops),
      magnitude_(magnitude),
      bins_(num_magnitude_bins),
      interpolation_(std::move(interpolation)),
      fill_(fill.value_or(Fill())) {
  CheckBins("RandAugment", bins_, interpolation_);
  if (num_ops < 0 || magnitude < 0 || magnitude >= bins_) {
    ThrowInvalidArgument(absl::StrCat("RandAugment: num_ops ", num_ops, ", magnitude ", magnitude,
                                      " of ", bins_,
                                      "; numbers from 0 on, and a magnitude below "
                                      "num_magnitude_bins, are expected"));
  }
}

Tensor RandAugment::operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const {
  return EachImage("RandAugment", images, randoms, [&](Tensor image, SampleRandom& random) {
    // Of images of 331 pixels a side, for which they were chosen.
    const Strengths most = {0.3,
                            150.0 / 331 * static_cast<double>(image.size(3)),
                            150.0 / 331 * static_cast<double>(image.size(2)),
                            30,
                            0.9,
                            4};
    for (int64_t i = 0; i < num_ops_; ++i) {
      const auto change = static_cast<Change>(random.Below(kChanges));
      const bool negative = random.Below(2) == 1;
      image = Apply(change, image, StrengthOf(change, most, magnitude_, bins_, negative),
                    interpolation_, fill_);
    }
    return image;
  });
}

TrivialAugmentWide::TrivialAugmentWide(int64_t num_magnitude_bins, std::string interpolation,
                                       std::optional<Fill> fill)
    : bins_(num_magnitude_bins),
      interpolation_(std::move(interpolation)),
      fill_(fill.value_or(Fill())) {
  CheckBins("TrivialAugmentWide", bins_, interpolation_);
}

Tensor TrivialAugmentWide::operator()(const Tensor& images,
                                      absl::Span<SampleRandom> randoms) const {
  return EachImage("TrivialAugmentWide", images, randoms,
                   [&](const Tensor& image, SampleRandom& random) {
                     const Strengths most = {0.99, 32, 32, 135, 0.99, 6};
                     const auto change = static_cast<Change>(random.Below(kChanges));
                     const int64_t bin = random.Below(bins_);
                     const bool negative = random.Below(2) == 1;
                     return Apply(change, image, StrengthOf(change, most, bin, bins_, negative),
                                  interpolation_, fill_);
                   });
}

Example<2> MixUp::operator()(const Tensor& images, const Tensor& labels,
                             SampleRandom& random) const {
  const Tensor shares = SharesOf("MixUp", images, labels, alpha, num_classes);
  if (!IsFloating(images.dtype())) {
    ThrowInvalidArgument(absl::StrCat("MixUp: images of a floating point dtype are expected, not ",
                                      Describe(images)));
  }
  const double lambda = Beta(alpha, random);
  return {Mix(images, lambda), Mix(shares, lambda)};
}

Example<2> CutMix::operator()(const Tensor& images, const Tensor& labels,
                              SampleRandom& random) const {
  const Tensor shares = SharesOf("CutMix", images, labels, alpha, num_classes);
  if (images.dim() != 4 || images.numel() == 0) {
    ThrowInvalidArgument(
        absl::StrCat("CutMix: images [N, C, H, W] are expected, not ", Describe(images)));
  }
  const int64_t height = images.size(2), width = images.size(3);
  const double lambda = Beta(alpha, random);
  const int64_t x = random.Below(width), y = random.Below(height);
  const double half = 0.5 * std::sqrt(1 - lambda);
  const auto half_width = static_cast<int64_t>(half * static_cast<double>(width));
  const auto half_height = static_cast<int64_t>(half * static_cast<double>(height));
  const int64_t left = std::max<int64_t>(0, x - half_width),
                right = std::min(width, x + half_width);
  const int64_t top = std::max<int64_t>(0, y - half_height);
  const int64_t bottom = std::min(height, y + half_height);
  Tensor inside = Zeros({height, width}, {.dtype = kBool});
  for (int64_t row = top; row < bottom; ++row) {
    std::fill(inside.data<bool>() + row * width + left, inside.data<bool>() + row * width + right,
              true);
  }
  const double kept = 1 - static_cast<double>((right - left) * (bottom - top)) /
                              static_cast<double>(height * width);
  return {Where(inside, Before(images), images), Mix(shares, kept)};
}

}  // namespace neura::data
