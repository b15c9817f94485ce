#include "neura/data/transforms.h"

#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
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

}  // namespace
}  // namespace neura::data
