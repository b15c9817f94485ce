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
#include <functional>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "neura/data/augmentations.h"
#include "neura/data/colour_transforms.h"
#include "neura/data/dataset.h"
#include "neura/data/geometry_transforms.h"
#include "neura/data/random.h"
#include "neura/tensor/core/tensor.h"
#include "neura/tensor/ops/shape.h"

namespace neura::data {

// A transform whose kind is known only at run time.
using AnyTransform = std::function<Tensor(const Tensor&, absl::Span<SampleRandom>)>;

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

// A function of the images alone.
struct Lambda {
  std::function<Tensor(const Tensor&)> function;
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;
};

// All of the transforms, to each image with probability p.
struct RandomApply {
  std::vector<AnyTransform> transforms;
  double p = 0.5;
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;
};

// One of the transforms to each image, with the probabilities p, which are in proportion to the
// numbers given, or equal. Throws InvalidArgument without transforms, and unless there is a number
// for each.
struct RandomChoice {
  std::vector<AnyTransform> transforms;
  std::vector<double> p = {};
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;
};

// All of the transforms in another random order for each image.
struct RandomOrder {
  std::vector<AnyTransform> transforms;
  Tensor operator()(const Tensor& images, absl::Span<SampleRandom> randoms) const;
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

  // Where the dataset makes batches, all images at once; else one by one, so that they may differ
  // in size before.
  ExampleOf<D> GetBatch(absl::Span<const int64_t> indices, const Epoch& epoch) const {
    if constexpr (!BatchDataset<D>) {
      return DefaultCollate(GetExamples(*this, indices, epoch));
    }
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
