// Transforms that move the pixels of images; torchvision.transforms has them under the same names
// and with the same parameters. All throw InvalidArgument for parameters that make no sense, when
// they are made, and for images that they do not fit.
#ifndef NEURA_DATA_GEOMETRY_TRANSFORMS_H_
#define NEURA_DATA_GEOMETRY_TRANSFORMS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "neura/data/parameters.h"
#include "neura/data/random.h"
#include "neura/tensor/core/tensor.h"

namespace neura::data {

// To `size`: height and width; or of one number, which the shorter side gets, unless the longer one
// would exceed max_size then. See functional::Resize.
class Resize {
 public:
  explicit Resize(Integers size, std::string interpolation = "bilinear",
                  std::optional<int64_t> max_size = std::nullopt, bool antialias = true);
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;

 private:
  Integers size_;
  std::string interpolation_;
  std::optional<int64_t> max_size_;
  bool antialias_;
};

// The middle; zeros where the images are smaller.
struct CenterCrop {
  Integers size;
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;
};

// See functional::Pad. `padding` is one number for all sides, one for left and right and one for
// top and bottom, or left, top, right and bottom.
struct Pad {
  Integers padding;
  Fill fill = {};
  std::string padding_mode = "constant";
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;
};

// A part of `size` at a random place of each image, after it was padded (see Pad); with
// pad_if_needed so much that the part fits.
struct RandomCrop {
  Integers size;
  std::optional<Integers> padding = std::nullopt;
  bool pad_if_needed = false;
  Fill fill = {};
  std::string padding_mode = "constant";
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;
};

// A part that has a random share of the area, from `scale`, and a random ratio of width to height,
// whose logarithm is uniform, resized to `size`. Where none fits in ten attempts, the largest part
// in the middle that has such a ratio (Szegedy et al., arXiv:1409.4842).
class RandomResizedCrop {
 public:
  explicit RandomResizedCrop(Integers size, Numbers scale = {0.08, 1.0},
                             Numbers ratio = {3.0 / 4, 4.0 / 3},
                             std::string interpolation = "bilinear", bool antialias = true);
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;

 private:
  Integers size_;
  Range scale_, ratio_;
  std::string interpolation_;
  bool antialias_;
};

// Mirrors each image left to right with probability p.
struct RandomHorizontalFlip {
  double p = 0.5;
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;
};

// Mirrors each image top to bottom with probability p.
struct RandomVerticalFlip {
  double p = 0.5;
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;
};

// Turns by an angle from `degrees`, or from -degrees to degrees; see functional::Rotate. `center`
// is x and y from the upper left corner.
class RandomRotation {
 public:
  explicit RandomRotation(Numbers degrees, std::string interpolation = "nearest",
                          bool expand = false, std::optional<Numbers> center = std::nullopt,
                          Fill fill = {});
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;

 private:
  Range degrees_;
  std::string interpolation_;
  bool expand_;
  std::optional<Numbers> center_;
  Fill fill_;
};

// Turns by an angle from `degrees`, moves by at most these shares of width and height, scales by a
// factor from `scale` and shears by degrees from `shear`: along x from one number or two, and along
// y from two more; see functional::Affine.
class RandomAffine {
 public:
  explicit RandomAffine(Numbers degrees, std::optional<Numbers> translate = std::nullopt,
                        std::optional<Numbers> scale = std::nullopt,
                        std::optional<Numbers> shear = std::nullopt,
                        std::string interpolation = "nearest", Fill fill = {},
                        std::optional<Numbers> center = std::nullopt);
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;

 private:
  Range degrees_, scale_ = {1, 1}, shear_x_, shear_y_;
  std::optional<Numbers> translate_;
  bool scales_;
  std::string interpolation_;
  Fill fill_;
  std::optional<Numbers> center_;
};

// With probability p, moves each corner inwards by at most distortion_scale of half the extents;
// see functional::Perspective.
class RandomPerspective {
 public:
  explicit RandomPerspective(double distortion_scale = 0.5, double p = 0.5,
                             std::string interpolation = "bilinear", Fill fill = {});
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;

 private:
  double distortion_scale_, p_;
  std::string interpolation_;
  Fill fill_;
};

namespace internal {
// Throws InvalidArgument unless images are [N, C, H, W] with random numbers for each.
void CheckImages(const char* transform, const Tensor& images, absl::Span<SampleRandom> randoms);
Tensor ImageOf(const Tensor& images, size_t i);
// What `images` became; these where there are none.
Tensor JoinImages(const std::vector<Tensor>& results, const Tensor& images);

// f(image [1, C, H, W], its random numbers) of each image, joined.
template <typename F>
Tensor EachImage(const char* transform, const Tensor& images, absl::Span<SampleRandom> randoms,
                 const F& f) {
  CheckImages(transform, images, randoms);
  std::vector<Tensor> results;
  results.reserve(randoms.size());
  for (size_t i = 0; i < randoms.size(); ++i) results.push_back(f(ImageOf(images, i), randoms[i]));
  return JoinImages(results, images);
}
}  // namespace internal

}  // namespace neura::data

#endif  // NEURA_DATA_GEOMETRY_TRANSFORMS_H_
