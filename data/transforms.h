// Transforms of images, and datasets that apply them.
//
// A transform is a function of a batch of images [N, C, H, W] and of the random numbers of each
// image:
//
//   Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;
//
// A single image is a batch of one. Transforms that choose nothing at random need no random
// numbers.
#ifndef NEURA_DATA_TRANSFORMS_H_
#define NEURA_DATA_TRANSFORMS_H_

#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "neura/data/dataset.h"
#include "neura/data/random.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/shape.h"

namespace neura::data {

// uint8 in [0, 255] to float32 in [0, 1].
struct ToFloat {
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

// Mirrors each image left to right with probability p.
struct RandomHorizontalFlip {
  double p = 0.5;
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;
};

// A square of `size` pixels a side, at a random place of each image after `padding` pixels of zeros
// were added around it. Throws InvalidArgument when the padded image is smaller than that.
struct RandomCrop {
  int64_t size = 0;
  int64_t padding = 0;
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;
};

// One transform after the other.
template <typename... Transforms>
class Compose {
 public:
  explicit Compose(Transforms... transforms) : transforms_(std::move(transforms)...) {}

  Tensor operator()(Tensor images, absl::Span<SampleRandom> randoms) const {
    std::apply(
        [&](const Transforms&... transform) { ((images = transform(images, randoms)), ...); },
        transforms_);
    return images;
  }

 private:
  std::tuple<Transforms...> transforms_;
};

namespace internal {
std::vector<SampleRandom> RandomsOf(absl::Span<const int64_t> indices, const Epoch& epoch);
}  // namespace internal

// Another dataset with the first tensor of its examples, an image [C, H, W], transformed:
//
//   Transformed train(images_and_labels, Compose(ToFloat(), RandomHorizontalFlip()));
template <Dataset D, typename Transform>
class Transformed {
 public:
  Transformed(D dataset, Transform transform)
      : dataset_(std::move(dataset)), transform_(std::move(transform)) {}

  int64_t size() const { return dataset_.size(); }

  ExampleOf<D> Get(int64_t index, const Epoch& epoch = {}) const {
    ExampleOf<D> example = GetExample(dataset_, index, epoch);
    SampleRandom random(epoch, index);
    const Tensor images = transform_(Unsqueeze(example[0], 0), absl::MakeSpan(&random, 1));
    example[0] = Squeeze(images, {0});
    return example;
  }

  ExampleOf<D> GetBatch(absl::Span<const int64_t> indices, const Epoch& epoch) const {
    ExampleOf<D> batch = data::GetBatch(dataset_, indices, epoch);
    std::vector<SampleRandom> randoms = internal::RandomsOf(indices, epoch);
    batch[0] = transform_(batch[0], absl::MakeSpan(randoms));
    return batch;
  }

 private:
  D dataset_;
  Transform transform_;
};

}  // namespace neura::data

#endif  // NEURA_DATA_TRANSFORMS_H_
