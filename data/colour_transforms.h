// Transforms that change the values of images; torchvision.transforms has them under the same names
// and with the same parameters. What they do is said beside their functions, in image_functions.h.
// All throw InvalidArgument for parameters that make no sense, when they are made, and for images
// that they do not fit.
#ifndef NEURA_DATA_COLOUR_TRANSFORMS_H_
#define NEURA_DATA_COLOUR_TRANSFORMS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/types/span.h"
#include "neura/data/parameters.h"
#include "neura/data/random.h"
#include "neura/tensor/core/tensor.h"

namespace neura::data {

// uint8 in [0, 255] to float32 in [0, 1].
struct ToFloat {
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;
};

// To a dtype of the same meaning: uint8 from 0 to 255, float32 from 0 to 1.
struct ConvertImageDtype {
  DType dtype = kFloat32;
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;
};

// To a dtype; with scale, as ConvertImageDtype does.
struct ToDtype {
  DType dtype = kFloat32;
  bool scale = false;
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;
};

// (images - mean) / std, with a mean and a standard deviation for each channel, or one for all.
class Normalize {
 public:
  // Throws InvalidArgument when the lists differ in length, are empty, or a standard deviation is
  // not positive.
  Normalize(const std::vector<double>& mean, const std::vector<double>& std);
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;

 private:
  Tensor mean_;  // [channels, 1, 1]
  Tensor std_;
};

struct Grayscale {
  int64_t num_output_channels = 1;
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;
};

// Grey in as many channels, with probability p.
struct RandomGrayscale {
  double p = 0.1;
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;
};

// In a random order: brightness, contrast and saturation times a factor from the given range, or
// from 1 - x to 1 + x of one number x; the hue turned by a share from the range, or from -x to x.
class ColorJitter {
 public:
  explicit ColorJitter(Numbers brightness = 0.0, Numbers contrast = 0.0, Numbers saturation = 0.0,
                       Numbers hue = 0.0);
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;

 private:
  Range brightness_, contrast_, saturation_, hue_;
};

// With a standard deviation from `sigma`, of a range or one number. kernel_size is one odd number,
// or those along x and y.
class GaussianBlur {
 public:
  explicit GaussianBlur(Integers kernel_size, Numbers sigma = {0.1, 2.0});
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;

 private:
  Integers kernel_size_;
  Range sigma_;
};

// Each with probability p.
struct RandomInvert {
  double p = 0.5;
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;
};
struct RandomPosterize {
  int64_t bits = 8;
  double p = 0.5;
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;
};
struct RandomSolarize {
  double threshold = 0;
  double p = 0.5;
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;
};
struct RandomAdjustSharpness {
  double sharpness_factor = 1;
  double p = 0.5;
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;
};
struct RandomAutocontrast {
  double p = 0.5;
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;
};
struct RandomEqualize {
  double p = 0.5;
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;
};

}  // namespace neura::data

#endif  // NEURA_DATA_COLOUR_TRANSFORMS_H_
