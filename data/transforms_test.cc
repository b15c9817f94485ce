#include "neura/data/transforms.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/data/dataloader.h"
#include "neura/data/sampler.h"
#include "neura/data/tensor_dataset.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura::data {
namespace {

using neura::testing::ErrorOf;
using neura::testing::Values;
using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::HasSubstr;

std::vector<SampleRandom> Randoms(int64_t n, int64_t epoch = 0) {
  std::vector<SampleRandom> randoms;
  for (int64_t i = 0; i < n; ++i) randoms.emplace_back(Epoch{.seed = 3, .number = epoch}, i);
  return randoms;
}

template <typename Transform>
Tensor Apply(const Transform& transform, const Tensor& images) {
  std::vector<SampleRandom> randoms = Randoms(images.size(0));
  return transform(images, absl::MakeSpan(randoms));
}

TEST(SampleRandom, IsUniformAndDependsOnEverything) {
  double sum = 0;
  std::vector<int> counts(5);
  SampleRandom random({.seed = 1, .number = 2}, 3);
  for (int i = 0; i < 10000; ++i) {
    const double u = random.Uniform();
    ASSERT_GE(u, 0);
    ASSERT_LT(u, 1);
    sum += u;
    ++counts[static_cast<size_t>(random.Below(5))];
  }
  // Five standard deviations of each.
  EXPECT_NEAR(sum / 10000, 0.5, 5 * 0.2887 / 100);
  for (const int count : counts) EXPECT_NEAR(count, 2000, 5 * 40);
  const double first = SampleRandom({.seed = 1, .number = 2}, 3).Uniform();
  EXPECT_EQ(SampleRandom({.seed = 1, .number = 2}, 3).Uniform(), first);
  EXPECT_NE(SampleRandom({.seed = 0, .number = 2}, 3).Uniform(), first);
  EXPECT_NE(SampleRandom({.seed = 1, .number = 1}, 3).Uniform(), first);
  EXPECT_NE(SampleRandom({.seed = 1, .number = 2}, 2).Uniform(), first);
}

TEST(ToFloat, MapsBytesToUnitInterval) {
  const Tensor x = Apply(ToFloat(), FromList<uint8_t>({0, 51, 255}, {1, 1, 1, 3}));
  EXPECT_THAT(Values(x), ElementsAre(0, FloatEq(0.2f), 1));
  EXPECT_THROW(Apply(ToFloat(), Zeros({1, 1, 1, 1})), Error);
}

TEST(Normalize, ByChannel) {
  const Tensor images = FromList<float>({1, 2, 3, 4}, {1, 2, 1, 2});
  EXPECT_THAT(Values(Apply(Normalize({1, 2}, {2, 4}), images)), ElementsAre(0, 0.5f, 0.25f, 0.5f));
  EXPECT_THAT(Values(Apply(Normalize({1}, {2}), images)), ElementsAre(0, 0.5f, 1, 1.5f));
  EXPECT_THROW(Normalize({1}, {0}), Error);
  EXPECT_THROW(Normalize({1, 2}, {1}), Error);
  EXPECT_THROW(Apply(Normalize({1, 2, 3}, {1, 1, 1}), images), Error);
  EXPECT_THROW(Apply(Normalize({1}, {2}), Zeros({1, 1, 2, 2}, {.dtype = kUInt8})), Error);
}

TEST(RandomHorizontalFlip, MirrorsRowsOfChosenImages) {
  const Tensor images = FromList<float>({1, 2, 3, 4, 5, 6, 7, 8}, {2, 1, 2, 2});
  EXPECT_THAT(Values(Apply(RandomHorizontalFlip{.p = 0}, images)),
              ElementsAre(1, 2, 3, 4, 5, 6, 7, 8));
  EXPECT_THAT(Values(Apply(RandomHorizontalFlip{.p = 1}, images)),
              ElementsAre(2, 1, 4, 3, 6, 5, 8, 7));
  const Tensor many = Expand(FromList<float>({0, 1}, {1, 1, 1, 2}), {10000, 1, 1, 2});
  const std::vector<float> flipped = Values(Apply(RandomHorizontalFlip{.p = 0.3}, many));
  double count = 0;
  for (size_t i = 0; i < flipped.size(); i += 2) count += flipped[i];
  EXPECT_NEAR(count, 3000, 5 * 46);  // five standard deviations
}

TEST(RandomCrop, IsAWindowOfThePaddedImage) {
  // Pixels tell where they are: 1 + 10 * row + column. Outside is 0.
  std::vector<float> pixels;
  for (int row = 0; row < 4; ++row) {
    for (int column = 0; column < 4; ++column) {
      pixels.push_back(static_cast<float>(1 + 10 * row + column));
    }
  }
  const Tensor images = Expand(FromVector(pixels, {1, 1, 4, 4}), {200, 1, 4, 4});
  const Tensor crops = Apply(RandomCrop{.size = 3, .padding = 1}, images);
  EXPECT_THAT(crops.shape(), ElementsAre(200, 1, 3, 3));
  std::vector<int> seen(16);
  for (int64_t n = 0; n < 200; ++n) {
    const std::vector<float> crop = Values(Select(crops, 0, n));
    int matches = 0;
    for (int top = -1; top <= 2; ++top) {
      for (int left = -1; left <= 2; ++left) {
        bool same = true;
        for (int i = 0; i < 9; ++i) {
          const int row = top + i / 3, column = left + i % 3;
          const bool inside = row >= 0 && row < 4 && column >= 0 && column < 4;
          same &= crop[static_cast<size_t>(i)] ==
                  (inside ? static_cast<float>(1 + 10 * row + column) : 0.0f);
        }
        if (!same) continue;
        ++matches;
        ++seen[static_cast<size_t>((top + 1) * 4 + left + 1)];
      }
    }
    EXPECT_EQ(matches, 1) << "image " << n;
  }
  EXPECT_THAT(seen, ::testing::Each(::testing::Gt(0)));
  EXPECT_THROW(Apply(RandomCrop{.size = 7, .padding = 1}, images), Error);
}

TEST(Transforms, TakeBatchesOfImages) {
  const Tensor images = Zeros({2, 4, 4});
  EXPECT_THAT(
      ErrorOf([&] { Apply(RandomHorizontalFlip(), images); }),
      HasSubstr("RandomHorizontalFlip: images [N, C, H, W] are expected, not float32 [2, "));
  EXPECT_THAT(ErrorOf([&] { Apply(RandomCrop{.size = 2}, images); }), HasSubstr("RandomCrop: im"));
  EXPECT_THAT(ErrorOf([&] { Apply(Normalize({1}, {1}), images); }), HasSubstr("Normalize: images"));
  EXPECT_THAT(ErrorOf([&] {
                Apply(Normalize({1, 2}, {1, 1}), Zeros({2, 1, 4, 4}));
              }),
              HasSubstr("each channel of float32 [2, 1, 4, 4], is expected, not 2"));
  std::vector<SampleRandom> randoms = Randoms(3);
  const Tensor two = Zeros({2, 1, 4, 4});
  EXPECT_THAT(ErrorOf([&] { RandomHorizontalFlip()(two, absl::MakeSpan(randoms)); }),
              HasSubstr("not for 3"));
  EXPECT_THAT(ErrorOf([&] { RandomCrop{.size = 2}(two, absl::MakeSpan(randoms)); }),
              HasSubstr("not for 3"));
}

TEST(Transformed, BatchesAreTheExamplesStacked) {
  Tensor images = Reshape(Arange(0, 10 * 2 * 6 * 6, 1, {.dtype = kFloat32}), {10, 2, 6, 6});
  const Transformed dataset(TensorDataset(images, Arange(10)),
                            Compose(RandomCrop{.size = 5, .padding = 2}, RandomHorizontalFlip(),
                                    Normalize({10, 20}, {3, 4})));
  const Epoch epoch{.seed = 5, .number = 2};
  const std::vector<int64_t> indices = {7, 0, 3, 7};
  const auto [batch, labels] = dataset.GetBatch(indices, epoch);
  for (size_t i = 0; i < indices.size(); ++i) {
    const auto [image, label] = dataset.Get(indices[i], epoch);
    EXPECT_EQ(Values(image), Values(Select(batch, 0, static_cast<int64_t>(i))));
    EXPECT_EQ(label.Item<int64_t>(), indices[i]);
  }
  EXPECT_NE(Values(dataset.GetBatch(indices, {.seed = 5, .number = 3})[0]), Values(batch));
}

// Each pixel of a batch tells where it was: 100 * image + 10 * row + column.
Tensor Places(int64_t n, int64_t height, int64_t width, int64_t channels = 1) {
  Tensor images = Zeros({n, channels, height, width});
  for (int64_t i = 0; i < images.numel(); ++i) {
    images.data<float>()[i] = static_cast<float>(100 * (i / (channels * height * width)) +
                                                 10 * (i / width % height) + i % width);
  }
  return images;
}

// Images of 1 by 1, 2 by 2, ... pixels.
struct Growing {
  int64_t size() const { return 5; }
  Example<2> Get(int64_t index) const {
    return {Full({1, index + 1, index + 1}, index), ScalarTensor(index)};
  }
};

TEST(Transformed, ImagesOfDifferentSizesBecomeEqual) {
  const std::vector<int64_t> indices = {4, 0, 2};
  const Transformed all(Growing(), RandomResizedCrop(3));
  const auto [images, labels] = all.GetBatch(indices, Epoch());
  EXPECT_THAT(images.shape(), ElementsAre(3, 1, 3, 3));
  EXPECT_THAT(Values(labels), ElementsAre(4, 0, 2));
  const Transformed some(Subset(Growing(), {4, 3, 2, 1, 0}), RandomResizedCrop(3));
  EXPECT_THAT(some.GetBatch(indices, Epoch())[0].shape(), ElementsAre(3, 1, 3, 3));
}

// What is kept of the examples of a pass does not grow with the dataset.
TEST(Repeats, OfDatasetsOfAnySize) {
  for (const int64_t size : {int64_t{10}, int64_t{1} << 45}) {
    internal::Repeats repeats(size);
    const std::vector<int64_t> first = {size - 1, 0}, second = {3, size - 1}, outside = {-1, size};
    EXPECT_EQ(repeats.Of(first), 0u);
    EXPECT_NE(repeats.Of(second), 0u);
    EXPECT_EQ(repeats.Of(outside), 0u);
  }
  internal::Repeats none(0);
  EXPECT_EQ(none.Of(std::vector<int64_t>{0}), 0u);
}

// An example that a pass has twice is augmented anew, in one batch and in another one; and the same
// for any number of workers.
TEST(Transformed, RepeatedExamplesDiffer) {
  const TensorDataset<1> images(Reshape(Arange(0, 64, 1, {.dtype = kFloat32}), {1, 1, 8, 8}));
  const Transformed dataset(images, RandomCrop{.size = 2});
  std::vector<std::vector<float>> expected;
  for (const int workers : {0, 1, 3}) {
    DataLoader loader(dataset,
                      {.batch_size = 3,
                       .num_workers = workers,
                       .seed = 4,
                       .sampler = RandomSampler{.size = 1, .replacement = true, .num_samples = 9}});
    std::vector<std::vector<float>> crops;
    for (const auto& batch : loader) {
      for (int64_t i = 0; i < 3; ++i) crops.push_back(Values(Contiguous(Select(batch[0], 0, i))));
    }
    if (workers == 0) expected = crops;
    EXPECT_EQ(crops, expected);
  }
  EXPECT_GT(std::set<std::vector<float>>(expected.begin(), expected.end()).size(), 5u);
}

TEST(RandomVerticalFlip, MirrorsColumns) {
  EXPECT_THAT(Values(Apply(RandomVerticalFlip{.p = 1}, Places(1, 2, 2))),
              ElementsAre(10, 11, 0, 1));
  EXPECT_THROW(Apply(RandomVerticalFlip{.p = 1.5}, Places(1, 2, 2)), Error);
}

TEST(Resize, ExtentsFollowTheSides) {
  const auto shape = [](const Resize& resize, int64_t height, int64_t width) {
    const Tensor result = Apply(resize, Zeros({1, 1, height, width}));
    return std::pair(result.size(2), result.size(3));
  };
  EXPECT_EQ(shape(Resize({3, 5}), 10, 20), std::pair(int64_t{3}, int64_t{5}));
  EXPECT_EQ(shape(Resize(4), 10, 25), std::pair(int64_t{4}, int64_t{10}));
  EXPECT_EQ(shape(Resize(4), 25, 10), std::pair(int64_t{10}, int64_t{4}));
  EXPECT_EQ(shape(Resize(4, "nearest", 8), 10, 25), std::pair(int64_t{3}, int64_t{8}));
  EXPECT_THROW(Resize(0), Error);
  EXPECT_THROW(Resize({1, 2, 3}), Error);
  EXPECT_THROW(Resize(4, "bilinear", 4), Error);
  EXPECT_THROW(Apply(Resize(2, "lanczos"), Places(1, 4, 4)), Error);
}

TEST(RandomCrop, PadsInOtherModesAndWhereNeeded) {
  const Tensor images = Places(1, 2, 3);
  EXPECT_THAT(
      Values(Apply(RandomCrop{.size = {2, 5}, .pad_if_needed = true, .fill = 7}, images)).size(),
      10u);
  EXPECT_THAT(
      Values(Apply(RandomCrop{.size = {2, 7}, .padding = {{2, 0}}, .padding_mode = "reflect"},
                   images)),
      ElementsAre(2, 1, 0, 1, 2, 1, 0, 12, 11, 10, 11, 12, 11, 10));
  EXPECT_THROW(Apply(RandomCrop{.size = 3, .padding = {{1, 2, 3}}}, images), Error);
}

TEST(RandomResizedCrop, IsAPartOfTheImage) {
  const Tensor images = Places(300, 9, 9);
  const Tensor crops = Apply(RandomResizedCrop({4, 4}, {0.2, 0.9}, {0.5, 2.0}, "nearest"), images);
  std::set<float> corners;
  for (int64_t n = 0; n < 300; ++n) {
    const std::vector<float> crop = Values(Select(crops, 0, n));
    corners.insert(crop[0] - static_cast<float>(100 * n));
    // Rows and columns keep their order.
    for (size_t i = 1; i < 4; ++i) {
      EXPECT_GE(crop[i], crop[i - 1]);
      EXPECT_GE(crop[4 * i], crop[4 * (i - 1)]);
    }
  }
  EXPECT_GT(corners.size(), 10u);
  // Nothing fits: the middle of the nearest ratio.
  const Tensor wide = Places(1, 2, 8);
  EXPECT_THAT(Values(Apply(RandomResizedCrop({2, 2}, {5, 5}, {1, 1}, "nearest"), wide)),
              ElementsAre(3, 4, 13, 14));
  EXPECT_THROW(RandomResizedCrop(4, {0.5, 0.1}), Error);
}

TEST(RandomErasing, FillsARectangle) {
  const Tensor images = Ones({200, 2, 10, 8});
  const Tensor erased = Apply(RandomErasing(1, {0.1, 0.3}, {0.5, 2.0}, {5.0, 6.0}), images);
  for (int64_t n = 0; n < 200; ++n) {
    const std::vector<float> first = Values(Select(Select(erased, 0, n), 0, 0));
    const std::vector<float> second = Values(Select(Select(erased, 0, n), 0, 1));
    int64_t count = 0, left = 8, right = -1, top = 10, bottom = -1;
    for (int64_t i = 0; i < 80; ++i) {
      const bool gone = first[static_cast<size_t>(i)] == 5;
      EXPECT_EQ(second[static_cast<size_t>(i)], gone ? 6 : 1);
      if (!gone) continue;
      ++count;
      left = std::min(left, i % 8), right = std::max(right, i % 8);
      top = std::min(top, i / 8), bottom = std::max(bottom, i / 8);
    }
    EXPECT_EQ(count, (right - left + 1) * (bottom - top + 1));
    EXPECT_GE(count, 4);
    EXPECT_LE(count, 32);
  }
  EXPECT_EQ(Values(Apply(RandomErasing(0), images)), Values(images));
}

TEST(ColorJitter, StaysWithinItsRanges) {
  const Tensor images = Full({500, 3, 1, 1}, 0.5);
  const std::vector<float> bright = Values(Apply(ColorJitter(0.4), images));
  EXPECT_GE(*std::min_element(bright.begin(), bright.end()), 0.3f);
  EXPECT_LE(*std::max_element(bright.begin(), bright.end()), 0.7f);
  EXPECT_GT(*std::max_element(bright.begin(), bright.end()), 0.65f);
  EXPECT_EQ(Values(Apply(ColorJitter(), images)), Values(images));
  EXPECT_THROW(ColorJitter(-1), Error);
  EXPECT_THROW(ColorJitter(0, 0, 0, 0.6), Error);
}

TEST(Augmentations, KeepShapeDtypeAndRange) {
  Tensor images = Zeros({300, 3, 12, 10}, {.dtype = kUInt8});
  for (int64_t i = 0; i < images.numel(); ++i) {
    images.data<uint8_t>()[i] = static_cast<uint8_t>(i * 31 % 256);
  }
  for (const AnyTransform& transform :
       {AnyTransform(RandAugment()), AnyTransform(RandAugment(3, 30, 31, "bilinear")),
        AnyTransform(TrivialAugmentWide())}) {
    const Tensor result = Apply(transform, images);
    EXPECT_EQ(result.dtype(), kUInt8);
    EXPECT_EQ(result.shape(), images.shape());
    EXPECT_EQ(Values(result), Values(Apply(transform, images)));
    const Tensor floats = Apply(transform, Div(Cast(images, kFloat32), 255));
    EXPECT_EQ(floats.dtype(), kFloat32);
    for (const float value : Values(floats)) {
      ASSERT_GE(value, 0);
      ASSERT_LE(value, 1);
    }
  }
  EXPECT_THROW(RandAugment(2, 31), Error);
  EXPECT_THROW(TrivialAugmentWide(1), Error);
}

TEST(Composition, ChoosesForEachImage) {
  const auto plus = [](float x) {
    return AnyTransform(Lambda{[x](const Tensor& images) { return Add(images, x); }});
  };
  const auto times = [](float x) {
    return AnyTransform(Lambda{[x](const Tensor& images) { return Mul(images, x); }});
  };
  const Tensor images = Ones({9000, 1, 1, 1});
  const auto counts = [&](const AnyTransform& transform) {
    std::map<float, int> seen;
    for (const float value : Values(Apply(transform, images))) ++seen[value];
    return seen;
  };
  // Five standard deviations of each.
  auto seen = counts(RandomApply{.transforms = {plus(1), times(3)}, .p = 0.3});
  EXPECT_EQ(seen.size(), 2u);
  EXPECT_NEAR(seen[6], 2700, 5 * 44);
  seen = counts(RandomChoice{.transforms = {plus(1), plus(2), plus(3)}});
  EXPECT_NEAR(seen[2], 3000, 5 * 45);
  EXPECT_NEAR(seen[4], 3000, 5 * 45);
  seen = counts(RandomChoice{.transforms = {plus(1), plus(2), plus(3)}, .p = {1, 0, 3}});
  EXPECT_NEAR(seen[2], 2250, 5 * 41);
  EXPECT_EQ(seen[3], 0);
  seen = counts(RandomOrder{.transforms = {plus(1), times(3)}});
  EXPECT_NEAR(seen[6], 4500, 5 * 48);
  EXPECT_EQ(seen[6] + seen[4], 9000);
  EXPECT_THROW(Apply(RandomChoice{}, images), Error);
}

TEST(MixUp, AddsShares) {
  const Tensor images = Places(4, 2, 2);
  for (const double alpha : {0.2, 1.0, 5.0}) {
    double sum = 0, squares = 0;
    for (int64_t i = 0; i < 4000; ++i) {
      SampleRandom random({.seed = 1}, i);
      const auto mixed = MixUp{alpha, 3}(images, FromList<int64_t>({0, 1, 2, 1}), random);
      const std::vector<float> shares = Values(mixed[1]);
      const float lambda = shares[0];  // of image 0, which is mixed with image 3
      EXPECT_NEAR(shares[1], 1 - lambda, 1e-6);
      EXPECT_NEAR(Values(mixed[0])[0], 300 * (1 - lambda), 1e-3);
      sum += lambda;
      squares += (lambda - 0.5) * (lambda - 0.5);
    }
    // Beta(alpha, alpha) has the mean 1/2 and the variance 1 / (4 (2 alpha + 1)).
    const double variance = 1 / (4 * (2 * alpha + 1));
    EXPECT_NEAR(sum / 4000, 0.5, 5 * std::sqrt(variance / 4000));
    EXPECT_NEAR(squares / 4000, variance, 0.1 * variance);
  }
  SampleRandom random({}, 0);
  EXPECT_THROW((MixUp{1, 2}(images, FromList<int64_t>({0, 1, 2, 1}), random)), Error);
  EXPECT_THROW((MixUp{0, 3}(images, FromList<int64_t>({0, 1, 2, 1}), random)), Error);
}

TEST(CutMix, SharesAreAreas) {
  const Tensor images = Places(3, 8, 8);
  for (int64_t i = 0; i < 200; ++i) {
    SampleRandom random({.seed = 2}, i);
    const auto mixed = CutMix{1, 3}(images, FromList<int64_t>({0, 1, 2}), random);
    const std::vector<float> pixels = Values(mixed[0]), shares = Values(mixed[1]);
    int own = 0;
    for (size_t k = 0; k < 64; ++k) {
      own += pixels[64 + k] >= 100 && pixels[64 + k] < 200;
      EXPECT_EQ(static_cast<int>(pixels[64 + k]) % 100, 10 * (k / 8) + k % 8);
    }
    EXPECT_NEAR(shares[4], own / 64.0, 1e-6);
    EXPECT_NEAR(shares[3], 1 - own / 64.0, 1e-6);
  }
}

}  // namespace
}  // namespace neura::data
