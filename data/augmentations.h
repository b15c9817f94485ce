// Transforms that choose among others, erase parts, and mix examples; torchvision.transforms has
// them under the same names and with the same parameters.
#ifndef NEURA_DATA_AUGMENTATIONS_H_
#define NEURA_DATA_AUGMENTATIONS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/types/span.h"
#include "neura/data/dataset.h"
#include "neura/data/parameters.h"
#include "neura/data/random.h"
#include "neura/tensor/core/tensor.h"

namespace neura::data {

// With probability p, fills a rectangle that has a share of the area from `scale` and a ratio of
// height to width from `ratio`, whose logarithm is uniform (Zhong et al., arXiv:1708.04896).
class RandomErasing {
 public:
  explicit RandomErasing(double p = 0.5, Numbers scale = {0.02, 0.33}, Numbers ratio = {0.3, 3.3},
                         Fill value = {});
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;

 private:
  double p_;
  Range scale_, ratio_;
  Fill value_;
};

// num_ops random ones of fourteen transforms, all of the strength that is number `magnitude` of
// num_magnitude_bins (Cubuk et al., arXiv:1909.13719).
class RandAugment {
 public:
  explicit RandAugment(int64_t num_ops = 2, int64_t magnitude = 9, int64_t num_magnitude_bins = 31,
                       std::string interpolation = "nearest",
                       std::optional<Fill> fill = std::nullopt);
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;

 private:
  int64_t num_ops_, magnitude_, bins_;
  std::string interpolation_;
  Fill fill_;
};

// One random one of fourteen transforms, of a random strength (Müller and Hutter,
// arXiv:2103.10158).
class TrivialAugmentWide {
 public:
  explicit TrivialAugmentWide(int64_t num_magnitude_bins = 31,
                              std::string interpolation = "nearest",
                              std::optional<Fill> fill = std::nullopt);
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;

 private:
  int64_t bins_;
  std::string interpolation_;
  Fill fill_;
};

// A batch, images [N, ...] of a floating point dtype and labels [N] of int64 or shares of classes
// [N, num_classes], each mixed with the one before it, the first with the last: lambda of each, and
// 1 - lambda of the other, where lambda is Beta(alpha, alpha) distributed. The labels become
// shares, float32. (Zhang et al., arXiv:1710.09412)
struct MixUp {
  double alpha = 1;
  int64_t num_classes = 0;
  // Throws InvalidArgument for other tensors, and labels outside of the classes.
  Example<2> operator()(const Tensor& images, const Tensor& labels, SampleRandom& random) const;
};

// The same, but that a rectangle of 1 - lambda of the area comes from the other image, [N, C, H, W]
// of any dtype (Yun et al., arXiv:1905.04899).
struct CutMix {
  double alpha = 1;
  int64_t num_classes = 0;
  Example<2> operator()(const Tensor& images, const Tensor& labels, SampleRandom& random) const;
};

}  // namespace neura::data

#endif  // NEURA_DATA_AUGMENTATIONS_H_
