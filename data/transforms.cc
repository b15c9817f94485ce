#include "neura/data/transforms.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "neura/tensor/core/error.h"
#include "neura/tensor/ops/copy.h"
#include "neura/tensor/ops/create.h"
#include "neura/tensor/ops/pointwise.h"
#include "neura/tensor/ops/shape.h"

namespace neura::data {
namespace {

void CheckImages(const char* transform, const Tensor& images) {
  if (!images.defined() || images.dim() != 4) {
    ThrowInvalidArgument(
        absl::StrCat(transform, ": images [N, C, H, W] are expected, not ", Describe(images)));
  }
}

void CheckImages(const char* transform, const Tensor& images, absl::Span<SampleRandom> randoms) {
  CheckImages(transform, images);
  if (images.size(0) != static_cast<int64_t>(randoms.size())) {
    ThrowInvalidArgument(absl::StrCat(transform, ": random numbers for each image of ",
                                      Describe(images), " are expected, not for ", randoms.size()));
  }
}

}  // namespace

Tensor ToFloat::operator()(const Tensor& images, absl::Span<SampleRandom>) const {
  if (images.dtype() != kUInt8) {
    ThrowInvalidArgument(absl::StrCat("ToFloat: uint8 is expected, not ", Describe(images)));
  }
  return Mul(Cast(images, kFloat32), 1.0f / 255.0f);
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
  CheckImages("Normalize", images);
  if (mean_.size(0) != 1 && mean_.size(0) != images.size(1)) {
    ThrowInvalidArgument(absl::StrCat("Normalize: one mean, or one for each channel of ",
                                      Describe(images), ", is expected, not ", mean_.size(0)));
  }
  return Div(Sub(images, mean_), std_);
}

Tensor RandomHorizontalFlip::operator()(const Tensor& images,
                                        absl::Span<SampleRandom> randoms) const {
  CheckImages("RandomHorizontalFlip", images, randoms);
  const Tensor flipped = Empty({images.size(0), 1, 1, 1}, {.dtype = kBool, .device = kCpu});
  std::transform(randoms.begin(), randoms.end(), flipped.data<bool>(),
                 [this](SampleRandom& random) { return random.Uniform() < p; });
  return Where(flipped, Flip(images, {-1}), images);
}

Tensor RandomCrop::operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const {
  CheckImages("RandomCrop", images, randoms);
  const Tensor padded =
      padding == 0
          ? images
          : Pad(images, {.before = {0, 0, padding, padding}, .after = {0, 0, padding, padding}});
  if (size < 1 || size > padded.size(-2) || size > padded.size(-1)) {
    ThrowInvalidArgument(absl::StrCat("RandomCrop: size ", size, " with padding ", padding,
                                      " does not fit ", Describe(images)));
  }
  const int64_t rows = padded.size(-2) - size + 1, columns = padded.size(-1) - size + 1;
  std::vector<Tensor> crops;
  crops.reserve(randoms.size());
  for (size_t i = 0; i < randoms.size(); ++i) {
    const Tensor image = Select(padded, 0, static_cast<int64_t>(i));
    const int64_t top = randoms[i].Below(rows), left = randoms[i].Below(columns);
    crops.push_back(Narrow(Narrow(image, -2, top, size), -1, left, size));
  }
  return neura::Stack(crops);
}

namespace internal {

std::vector<SampleRandom> RandomsOf(absl::Span<const int64_t> indices, const Epoch& epoch) {
  std::vector<SampleRandom> randoms;
  randoms.reserve(indices.size());
  for (const int64_t index : indices) randoms.emplace_back(epoch, index);
  return randoms;
}

}  // namespace internal
}  // namespace neura::data
