#include "neura/data/geometry_transforms.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "neura/data/image_functions.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura::data {
namespace internal {

std::pair<int64_t, int64_t> HeightAndWidth(const char* transform, const Integers& size) {
  if (size.empty() || size.size() > 2 || size[0] < 1 || size.values.back() < 1) {
    ThrowInvalidArgument(
        absl::StrCat(transform, ": size is [", absl::StrJoin(size.values, ", "),
                     "]; a positive number, or a height and a width, is expected"));
  }
  return {size[0], size.values.back()};
}

Range RangeOf(const char* transform, const char* what, const Numbers& numbers, Range of_one,
              double least, double most) {
  Range range = of_one;
  if (numbers.size() == 2) range = {numbers[0], numbers[1]};
  const bool fits = !numbers.empty() && numbers.size() <= 2 && range.low <= range.high &&
                    range.low >= least && range.high <= most && std::isfinite(range.low) &&
                    std::isfinite(range.high);
  if (!fits) {
    ThrowInvalidArgument(absl::StrCat(transform, ": ", what, " is [",
                                      absl::StrJoin(numbers.values, ", "),
                                      "]; a number, or two of which the first is not larger, from ",
                                      least, " to ", most, ", is expected"));
  }
  return range;
}

void CheckProbability(const char* transform, double p) {
  if (p >= 0 && p <= 1) return;
  ThrowInvalidArgument(absl::StrCat(transform, ": p is ", p, "; from 0 to 1 is expected"));
}

void CheckImages(const char* transform, const Tensor& images, absl::Span<SampleRandom> randoms) {
  if (!images.defined() || images.dim() != 4) {
    ThrowInvalidArgument(
        absl::StrCat(transform, ": images [N, C, H, W] are expected, not ", Describe(images)));
  }
  if (images.size(0) != static_cast<int64_t>(randoms.size())) {
    ThrowInvalidArgument(absl::StrCat(transform, ": random numbers for each image of ",
                                      Describe(images), " are expected, not for ", randoms.size()));
  }
}

Tensor ImageOf(const Tensor& images, size_t i) {
  return Narrow(images, 0, static_cast<int64_t>(i), 1);
}

Tensor JoinImages(const std::vector<Tensor>& results, const Tensor& images) {
  if (results.empty()) return images;
  return results.size() == 1 ? results[0] : Cat(results, 0);
}

}  // namespace internal

namespace {

using internal::CheckImages;
using internal::CheckProbability;
using internal::EachImage;
using internal::HeightAndWidth;
using internal::RangeOf;

constexpr double kAny = 1e9;

functional::Margins MarginsOf(const char* transform, const Integers& padding) {
  switch (padding.size()) {
    case 1:
      return {padding[0], padding[0], padding[0], padding[0]};
    case 2:
      return {padding[0], padding[1], padding[0], padding[1]};
    case 4:
      return {padding[0], padding[1], padding[2], padding[3]};
    default:
      ThrowInvalidArgument(absl::StrCat(transform, ": padding is [",
                                        absl::StrJoin(padding.values, ", "),
                                        "]; one number, two, or four are expected"));
  }
}

// The images that chance chooses, mirrored.
Tensor FlipSome(const char* transform, const Tensor& images, absl::Span<SampleRandom> randoms,
                double p, int64_t dim) {
  CheckProbability(transform, p);
  CheckImages(transform, images, randoms);
  const Tensor flipped = Empty({images.size(0), 1, 1, 1}, {.dtype = kBool, .device = kCpu});
  auto* const flags = flipped.data<bool>();
  std::transform(randoms.begin(), randoms.end(), flags,
                 [p](SampleRandom& random) { return random.Uniform() < p; });
  const auto count = std::count(flags, flags + flipped.numel(), true);
  if (count == 0) return images;
  const Tensor all = Flip(images, {dim});
  return count == images.size(0) ? all : Where(flipped, all, images);
}

// x and y from the middle of a center from the upper left corner.
std::array<double, 2> CenterOf(const std::optional<Numbers>& center, const Tensor& images) {
  if (!center) return {0, 0};
  return {(*center)[0] - static_cast<double>(images.size(3)) / 2,
          (*center)[1] - static_cast<double>(images.size(2)) / 2};
}

void CheckCenter(const char* transform, const std::optional<Numbers>& center) {
  if (!center || center->size() == 2) return;
  ThrowInvalidArgument(absl::StrCat(transform, ": center is [", absl::StrJoin(center->values, ", "),
                                    "]; x and y are expected"));
}

// Of one number the range around zero.
Range Around(const char* transform, const char* what, const Numbers& numbers) {
  const double one = numbers.empty() ? 0 : numbers[0];
  return RangeOf(transform, what, numbers, {-one, one}, -kAny, kAny);
}

}  // namespace

Resize::Resize(Integers size, std::string interpolation, std::optional<int64_t> max_size,
               bool antialias)
    : size_(std::move(size)),
      interpolation_(std::move(interpolation)),
      max_size_(max_size),
      antialias_(antialias) {
  HeightAndWidth("Resize", size_);
  if (max_size_ && (size_.size() != 1 || *max_size_ <= size_[0])) {
    ThrowInvalidArgument(absl::StrCat("Resize: max_size is ", *max_size_, " with size [",
                                      absl::StrJoin(size_.values, ", "),
                                      "]; it is larger than a size of one number"));
  }
}

Tensor Resize::operator()(const Tensor& images, absl::Span<SampleRandom>) const {
  auto [height, width] = HeightAndWidth("Resize", size_);
  if (size_.size() == 1 && images.defined() && images.dim() == 4) {
    const int64_t shorter = std::min(images.size(2), images.size(3));
    const int64_t longer = std::max(images.size(2), images.size(3));
    int64_t to_shorter = size_[0];
    auto to_longer =
        static_cast<int64_t>(static_cast<double>(to_shorter) * static_cast<double>(longer) /
                             static_cast<double>(std::max<int64_t>(1, shorter)));
    if (max_size_ && to_longer > *max_size_) {
      to_shorter =
          static_cast<int64_t>(static_cast<double>(*max_size_) * static_cast<double>(to_shorter) /
                               static_cast<double>(to_longer));
      to_longer = *max_size_;
    }
    height = images.size(2) <= images.size(3) ? to_shorter : to_longer;
    width = images.size(2) <= images.size(3) ? to_longer : to_shorter;
  }
  return functional::Resize(images, height, width, interpolation_, antialias_);
}

Tensor CenterCrop::operator()(const Tensor& images, absl::Span<SampleRandom>) const {
  const auto extents = HeightAndWidth("CenterCrop", size);
  return functional::CenterCrop(images, extents.first, extents.second);
}

Tensor Pad::operator()(const Tensor& images, absl::Span<SampleRandom>) const {
  return functional::Pad(images, MarginsOf("Pad", padding), fill.numbers.values, padding_mode);
}

Tensor RandomCrop::operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const {
  CheckImages("RandomCrop", images, randoms);
  const auto extents = HeightAndWidth("RandomCrop", size);
  const int64_t height = extents.first, width = extents.second;
  const auto padded_by = [&](const Tensor& from, const functional::Margins& margins) {
    return functional::Pad(from, margins, fill.numbers.values, padding_mode);
  };
  Tensor padded = images;
  if (padding) padded = padded_by(padded, MarginsOf("RandomCrop", *padding));
  if (pad_if_needed && padded.size(3) < width) {
    const int64_t margin = width - padded.size(3);
    padded = padded_by(padded, {margin, 0, margin, 0});
  }
  if (pad_if_needed && padded.size(2) < height) {
    const int64_t margin = height - padded.size(2);
    padded = padded_by(padded, {0, margin, 0, margin});
  }
  if (height > padded.size(2) || width > padded.size(3)) {
    ThrowInvalidArgument(absl::StrCat("RandomCrop: size ", height, " by ", width,
                                      " does not fit into ", Describe(padded),
                                      padding ? ", the padded images" : ""));
  }
  return EachImage("RandomCrop", padded, randoms, [&](const Tensor& image, SampleRandom& random) {
    const int64_t top = random.Below(image.size(2) - height + 1);
    const int64_t left = random.Below(image.size(3) - width + 1);
    return Narrow(Narrow(image, 2, top, height), 3, left, width);
  });
}

RandomResizedCrop::RandomResizedCrop(Integers size, Numbers scale, Numbers ratio,
                                     std::string interpolation, bool antialias)
    : size_(std::move(size)),
      scale_(RangeOf("RandomResizedCrop", "scale", scale, {0, -1}, 0, kAny)),
      ratio_(RangeOf("RandomResizedCrop", "ratio", ratio, {0, -1}, 1e-9, kAny)),
      interpolation_(std::move(interpolation)),
      antialias_(antialias) {
  HeightAndWidth("RandomResizedCrop", size_);
}

Tensor RandomResizedCrop::operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const {
  const auto extents = HeightAndWidth("RandomResizedCrop", size_);
  return EachImage(
      "RandomResizedCrop", images, randoms, [&](const Tensor& image, SampleRandom& random) {
        const int64_t in_height = image.size(2), in_width = image.size(3);
        const double area = static_cast<double>(in_height) * static_cast<double>(in_width);
        const auto cropped = [&](int64_t top, int64_t left, int64_t height, int64_t width) {
          return functional::Resize(functional::Crop(image, top, left, height, width),
                                    extents.first, extents.second, interpolation_, antialias_);
        };
        for (int attempt = 0; attempt < 10; ++attempt) {
          const double target = area * random.Uniform(scale_.low, scale_.high);
          const double ratio =
              std::exp(random.Uniform(std::log(ratio_.low), std::log(ratio_.high)));
          const auto width = static_cast<int64_t>(std::nearbyint(std::sqrt(target * ratio)));
          const auto height = static_cast<int64_t>(std::nearbyint(std::sqrt(target / ratio)));
          if (width < 1 || height < 1 || width > in_width || height > in_height) continue;
          const int64_t top = random.Below(in_height - height + 1);
          return cropped(top, random.Below(in_width - width + 1), height, width);
        }
        const double ratio = static_cast<double>(in_width) / static_cast<double>(in_height);
        int64_t height = in_height, width = in_width;
        if (ratio < ratio_.low) {
          height = static_cast<int64_t>(std::nearbyint(static_cast<double>(width) / ratio_.low));
        } else if (ratio > ratio_.high) {
          width = static_cast<int64_t>(std::nearbyint(static_cast<double>(height) * ratio_.high));
        }
        height = std::max<int64_t>(1, height);
        width = std::max<int64_t>(1, width);
        return cropped((in_height - height) / 2, (in_width - width) / 2, height, width);
      });
}

Tensor RandomHorizontalFlip::operator()(const Tensor& images,
                                        absl::Span<SampleRandom> randoms) const {
  return FlipSome("RandomHorizontalFlip", images, randoms, p, -1);
}

Tensor RandomVerticalFlip::operator()(const Tensor& images,
                                      absl::Span<SampleRandom> randoms) const {
  return FlipSome("RandomVerticalFlip", images, randoms, p, -2);
}

RandomRotation::RandomRotation(Numbers degrees, std::string interpolation, bool expand,
                               std::optional<Numbers> center, Fill fill)
    : degrees_(Around("RandomRotation", "degrees", degrees)),
      interpolation_(std::move(interpolation)),
      expand_(expand),
      center_(std::move(center)),
      fill_(std::move(fill)) {
  CheckCenter("RandomRotation", center_);
}

Tensor RandomRotation::operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const {
  return EachImage("RandomRotation", images, randoms,
                   [&](const Tensor& image, SampleRandom& random) {
                     return functional::Rotate(image, random.Uniform(degrees_.low, degrees_.high),
                                               interpolation_, expand_, CenterOf(center_, image),
                                               fill_.numbers.values);
                   });
}

RandomAffine::RandomAffine(Numbers degrees, std::optional<Numbers> translate,
                           std::optional<Numbers> scale, std::optional<Numbers> shear,
                           std::string interpolation, Fill fill, std::optional<Numbers> center)
    : degrees_(Around("RandomAffine", "degrees", degrees)),
      translate_(std::move(translate)),
      scales_(scale.has_value()),
      interpolation_(std::move(interpolation)),
      fill_(std::move(fill)),
      center_(std::move(center)) {
  CheckCenter("RandomAffine", center_);
  if (translate_) {
    const bool fits = translate_->size() == 2 &&
                      std::min((*translate_)[0], (*translate_)[1]) >= 0 &&
                      std::max((*translate_)[0], (*translate_)[1]) <= 1;
    if (!fits) {
      ThrowInvalidArgument(absl::StrCat("RandomAffine: translate is [",
                                        absl::StrJoin(translate_->values, ", "),
                                        "]; two numbers from 0 to 1 are expected"));
    }
  }
  if (scale) scale_ = RangeOf("RandomAffine", "scale", *scale, {0, -1}, 1e-9, kAny);
  if (shear && shear->size() == 4) {
    shear_y_ = Around("RandomAffine", "shear", {(*shear)[2], (*shear)[3]});
    shear_x_ = Around("RandomAffine", "shear", {(*shear)[0], (*shear)[1]});
  } else if (shear) {
    shear_x_ = Around("RandomAffine", "shear", *shear);
  }
}

Tensor RandomAffine::operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const {
  return EachImage("RandomAffine", images, randoms, [&](const Tensor& image, SampleRandom& random) {
    const double angle = random.Uniform(degrees_.low, degrees_.high);
    std::array<double, 2> moved = {0, 0};
    if (translate_) {
      for (size_t i = 0; i < 2; ++i) {
        const double most = (*translate_)[i] * static_cast<double>(image.size(i == 0 ? 3 : 2));
        moved[i] = std::nearbyint(random.Uniform(-most, most));
      }
    }
    const double scale = scales_ ? random.Uniform(scale_.low, scale_.high) : 1;
    const double shear_x = random.Uniform(shear_x_.low, shear_x_.high);
    const double shear_y = random.Uniform(shear_y_.low, shear_y_.high);
    return functional::Affine(image,
                              functional::InverseAffineMatrix(CenterOf(center_, image), angle,
                                                              moved, scale, {shear_x, shear_y}),
                              interpolation_, fill_.numbers.values);
  });
}

RandomPerspective::RandomPerspective(double distortion_scale, double p, std::string interpolation,
                                     Fill fill)
    : distortion_scale_(distortion_scale),
      p_(p),
      interpolation_(std::move(interpolation)),
      fill_(std::move(fill)) {
  CheckProbability("RandomPerspective", p);
  if (!(distortion_scale >= 0 && distortion_scale <= 1)) {
    ThrowInvalidArgument(absl::StrCat("RandomPerspective: distortion_scale is ", distortion_scale,
                                      "; from 0 to 1 is expected"));
  }
}

Tensor RandomPerspective::operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const {
  return EachImage(
      "RandomPerspective", images, randoms, [&](const Tensor& image, SampleRandom& random) {
        if (random.Uniform() >= p_) return image;
        const int64_t height = image.size(2), width = image.size(3);
        const auto inwards = [&](int64_t extent) {
          const auto most =
              static_cast<int64_t>(distortion_scale_ * static_cast<double>(extent / 2));
          return static_cast<double>(random.Below(most + 1));
        };
        const auto right = static_cast<double>(width - 1), below = static_cast<double>(height - 1);
        const functional::Corners start = {{{0, 0}, {right, 0}, {right, below}, {0, below}}};
        functional::Corners end = start;
        for (size_t i = 0; i < 4; ++i) {
          const double x = inwards(width), y = inwards(height);
          end[i][0] += i == 0 || i == 3 ? x : -x;
          end[i][1] += i < 2 ? y : -y;
        }
        return functional::Perspective(image, start, end, interpolation_, fill_.numbers.values);
      });
}

}  // namespace neura::data
