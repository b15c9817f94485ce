#include "neura/data/colour_transforms.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "neura/data/geometry_transforms.h"
#include "neura/data/image_functions.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/pointwise.h"

namespace neura::data {
namespace {

using internal::CheckProbability;
using internal::EachImage;
using internal::RangeOf;

// f(image) with probability p.
template <typename F>
Tensor Sometimes(const char* transform, const Tensor& images, absl::Span<SampleRandom> randoms,
                 double p, const F& f) {
  CheckProbability(transform, p);
  return EachImage(transform, images, randoms, [&](const Tensor& image, SampleRandom& random) {
    return random.Uniform() < p ? f(image) : image;
  });
}

Range FactorRange(const char* what, const Numbers& numbers) {
  if (numbers.size() == 1 && numbers[0] >= 0) {
    return {std::max(0.0, 1 - numbers[0]), 1 + numbers[0]};
  }
  return RangeOf("ColorJitter", what, numbers, {0, -1}, 0, 1e9);
}

}  // namespace

Tensor ToFloat::operator()(const Tensor& images, absl::Span<SampleRandom>) const {
  if (images.dtype() != kUInt8) {
    ThrowInvalidArgument(absl::StrCat("ToFloat: uint8 is expected, not ", Describe(images)));
  }
  return Mul(Cast(images, kFloat32), 1.0f / 255.0f);
}

Tensor ConvertImageDtype::operator()(const Tensor& images, absl::Span<SampleRandom>) const {
  return functional::ConvertDtype(images, dtype);
}

Tensor ToDtype::operator()(const Tensor& images, absl::Span<SampleRandom>) const {
  return scale ? functional::ConvertDtype(images, dtype) : Cast(images, dtype);
}

Normalize::Normalize(const std::vector<double>& mean, const std::vector<double>& std) {
  const bool positive = std::all_of(std.begin(), std.end(), [](double s) { return s > 0; });
  if (mean.size() != std.size() || mean.empty() || !positive) {
    ThrowInvalidArgument(absl::StrCat(
        "Normalize: as many means as positive standard deviations are expected, not mean [",
        absl::StrJoin(mean, ", "), "] and std [", absl::StrJoin(std, ", "), "]"));
  }
  const Dims shape = {static_cast<int64_t>(mean.size()), 1, 1};
  mean_ = Cast(FromVector(mean, shape), kFloat32);
  std_ = Cast(FromVector(std, shape), kFloat32);
}

Tensor Normalize::operator()(const Tensor& images, absl::Span<SampleRandom>) const {
  if (!images.defined() || images.dim() != 4) {
    ThrowInvalidArgument(
        absl::StrCat("Normalize: images [N, C, H, W] are expected, not ", Describe(images)));
  }
  if (!IsFloating(images.dtype())) {
    ThrowInvalidArgument(absl::StrCat("Normalize: floating point images are expected, not ",
                                      Describe(images),
                                      "; ToFloat or ConvertImageDtype comes first"));
  }
  if (mean_.size(0) != 1 && mean_.size(0) != images.size(1)) {
    ThrowInvalidArgument(absl::StrCat("Normalize: one mean, or one for each channel of ",
                                      Describe(images), ", is expected, not ", mean_.size(0)));
  }
  return Div(Sub(images, mean_), std_);
}

Tensor Grayscale::operator()(const Tensor& images, absl::Span<SampleRandom>) const {
  return functional::RgbToGrayscale(images, num_output_channels);
}

Tensor RandomGrayscale::operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const {
  return Sometimes("RandomGrayscale", images, randoms, p, [](const Tensor& image) {
    return functional::RgbToGrayscale(image, image.size(1));
  });
}

ColorJitter::ColorJitter(Numbers brightness, Numbers contrast, Numbers saturation, Numbers hue)
    : brightness_(FactorRange("brightness", brightness)),
      contrast_(FactorRange("contrast", contrast)),
      saturation_(FactorRange("saturation", saturation)),
      hue_(RangeOf("ColorJitter", "hue", hue, {hue.empty() ? 0 : -hue[0], hue.empty() ? 0 : hue[0]},
                   -0.5, 0.5)) {}

Tensor ColorJitter::operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const {
  return EachImage("ColorJitter", images, randoms, [&](const Tensor& image, SampleRandom& random) {
    std::array<int, 4> order = {0, 1, 2, 3};
    for (int64_t i = 3; i > 0; --i) {
      std::swap(order[static_cast<size_t>(i)], order[static_cast<size_t>(random.Below(i + 1))]);
    }
    const double brightness = random.Uniform(brightness_.low, brightness_.high);
    const double contrast = random.Uniform(contrast_.low, contrast_.high);
    const double saturation = random.Uniform(saturation_.low, saturation_.high);
    const double hue = random.Uniform(hue_.low, hue_.high);
    Tensor result = image;
    for (const int step : order) {
      if (step == 0 && brightness != 1) result = functional::AdjustBrightness(result, brightness);
      if (step == 1 && contrast != 1) result = functional::AdjustContrast(result, contrast);
      if (step == 2 && saturation != 1) result = functional::AdjustSaturation(result, saturation);
      if (step == 3 && hue != 0) result = functional::AdjustHue(result, hue);
    }
    return result;
  });
}

GaussianBlur::GaussianBlur(Integers kernel_size, Numbers sigma)
    : kernel_size_(std::move(kernel_size)),
      sigma_(RangeOf("GaussianBlur", "sigma", sigma,
                     {sigma.empty() ? 0 : sigma[0], sigma.empty() ? 0 : sigma[0]}, 1e-9, 1e9)) {
  const auto& sizes = kernel_size_.values;
  const bool fits = !sizes.empty() && sizes.size() <= 2 &&
                    std::all_of(sizes.begin(), sizes.end(),
                                [](int64_t size) { return size > 0 && size % 2 == 1; });
  if (!fits) {
    ThrowInvalidArgument(absl::StrCat("GaussianBlur: kernel_size is [", absl::StrJoin(sizes, ", "),
                                      "]; an odd positive number, or two, are expected"));
  }
}

Tensor GaussianBlur::operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const {
  return EachImage("GaussianBlur", images, randoms, [&](const Tensor& image, SampleRandom& random) {
    const double sigma = random.Uniform(sigma_.low, sigma_.high);
    return functional::GaussianBlur(image, {kernel_size_[0], kernel_size_.values.back()},
                                    {sigma, sigma});
  });
}

Tensor RandomInvert::operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const {
  return Sometimes("RandomInvert", images, randoms, p, functional::Invert);
}

Tensor RandomPosterize::operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const {
  return Sometimes("RandomPosterize", images, randoms, p,
                   [&](const Tensor& image) { return functional::Posterize(image, bits); });
}

Tensor RandomSolarize::operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const {
  return Sometimes("RandomSolarize", images, randoms, p,
                   [&](const Tensor& image) { return functional::Solarize(image, threshold); });
}

Tensor RandomAdjustSharpness::operator()(const Tensor& images,
                                         absl::Span<SampleRandom> randoms) const {
  return Sometimes("RandomAdjustSharpness", images, randoms, p, [&](const Tensor& image) {
    return functional::AdjustSharpness(image, sharpness_factor);
  });
}

Tensor RandomAutocontrast::operator()(const Tensor& images,
                                      absl::Span<SampleRandom> randoms) const {
  return Sometimes("RandomAutocontrast", images, randoms, p, functional::Autocontrast);
}

Tensor RandomEqualize::operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const {
  return Sometimes("RandomEqualize", images, randoms, p, functional::Equalize);
}

}  // namespace neura::data
