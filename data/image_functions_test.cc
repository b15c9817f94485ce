#include "neura/data/image_functions.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura::data::functional {
namespace {

using neura::testing::ErrorOf;
using neura::testing::Values;
using ::testing::ElementsAre;
using ::testing::FloatNear;
using ::testing::HasSubstr;
using ::testing::Pointwise;

Tensor Image(const std::vector<float>& values, int64_t height, int64_t width) {
  const auto channels = static_cast<int64_t>(values.size()) / (height * width);
  return FromVector(values, {1, channels, height, width});
}
Tensor Bytes(const std::vector<float>& values, int64_t height, int64_t width) {
  return Cast(Image(values, height, width), kUInt8);
}

// Some bytes in any order.
Tensor Noise(const Dims& shape) {
  Tensor images = Zeros(shape, {.dtype = kUInt8});
  uint32_t state = 1;
  for (int64_t i = 0; i < images.numel(); ++i) {
    state = state * 1664525 + 1013904223;
    images.data<uint8_t>()[i] = static_cast<uint8_t>(state >> 24);
  }
  return images;
}

// What a pixel of a row of `out` is made of a row of `in`, by the definition.
double Weighed(int64_t in, int64_t out, int64_t i, const std::function<double(int64_t)>& row) {
  if (in == out) return row(i);
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double width = std::max(1.0, scale);
  double sum = 0, weights = 0;
  for (int64_t k = 0; k < in; ++k) {
    const double distance = (static_cast<double>(k) + 0.5) - scale * (static_cast<double>(i) + 0.5);
    const double weight = std::max(0.0, 1 - std::abs(distance) / width);
    sum += weight * row(k);
    weights += weight;
  }
  return sum / weights;
}

TEST(Resize, AnySizesAndParts) {
  const Tensor whole = Noise({2, 3, 41, 67});
  struct Case {
    int64_t top, left, height, width, out_height, out_width;
  };
  for (const Case& c : {Case{0, 0, 41, 67, 16, 16}, Case{3, 5, 17, 3, 9, 5}, Case{1, 2, 1, 1, 3, 2},
                        Case{7, 11, 30, 40, 30, 33}, Case{7, 11, 30, 40, 61, 40},
                        Case{0, 60, 41, 7, 2, 1}, Case{2, 1, 38, 65, 1, 130}}) {
    const Tensor part = Crop(whole, c.top, c.left, c.height, c.width);
    const Tensor bytes = Resize(part, c.out_height, c.out_width);
    const Tensor floats = Resize(Cast(part, kFloat32), c.out_height, c.out_width);
    const std::vector<float> in = Values(Contiguous(part));
    const std::vector<float> got_bytes = Values(bytes), got_floats = Values(floats);
    size_t at = 0;
    for (int64_t p = 0; p < 6; ++p) {
      for (int64_t y = 0; y < c.out_height; ++y) {
        for (int64_t x = 0; x < c.out_width; ++x, ++at) {
          const double expected = Weighed(c.width, c.out_width, x, [&](int64_t kx) {
            return Weighed(c.height, c.out_height, y, [&](int64_t ky) {
              return in[static_cast<size_t>((p * c.height + ky) * c.width + kx)];
            });
          });
          ASSERT_NEAR(got_floats[at], expected, 1e-3);
          ASSERT_NEAR(got_bytes[at], expected, 0.501);
        }
      }
    }
  }
  // Also of rows whose pixels lie apart.
  EXPECT_EQ(Values(Resize(Transpose(whole, 2, 3), 20, 30)),
            Values(Resize(Contiguous(Transpose(whole, 2, 3)), 20, 30)));
}

TEST(Resize, WeighsWhatFallsIntoAPixel) {
  // Triangles of the width of two pixels around 1 and 3: 0.75, 0.75 and 0.25 of 1.75.
  EXPECT_THAT(
      Values(Resize(Image({0, 1, 2, 3}, 1, 4), 1, 2)),
      Pointwise(FloatNear(1e-6f), std::vector<double>{1.25 / 1.75, (0.25 + 1.5 + 2.25) / 1.75}));
  EXPECT_THAT(
      Values(Resize(Image({0, 1, 2, 3}, 4, 1), 2, 1)),
      Pointwise(FloatNear(1e-6f), std::vector<double>{1.25 / 1.75, (0.25 + 1.5 + 2.25) / 1.75}));
  // Without, each is read between its two neighbours.
  EXPECT_THAT(Values(Resize(Image({0, 1, 2, 3}, 1, 4), 1, 2, "bilinear", false)),
              Pointwise(FloatNear(1e-6f), std::vector<double>{0.5, 2.5}));
  EXPECT_THAT(Values(Resize(Bytes({0, 10, 20, 30}, 1, 4), 1, 2, "nearest")), ElementsAre(0, 20));
  EXPECT_THAT(Values(Resize(Bytes({0, 255}, 1, 2), 1, 4)), ElementsAre(0, 64, 191, 255));
  // What is flat stays flat, and lines stay lines.
  for (const char* const mode : {"bilinear", "bicubic"}) {
    for (const float value : Values(Resize(Full({1, 2, 7, 5}, 3), 4, 9, mode))) {
      EXPECT_NEAR(value, 3, 1e-5);
    }
    std::vector<float> line;
    for (int i = 0; i < 40; ++i) line.push_back(static_cast<float>(i));
    const std::vector<float> half = Values(Resize(Image(line, 1, 40), 1, 20, mode));
    for (size_t i = 4; i < 16; ++i) EXPECT_NEAR(half[i], 2 * static_cast<double>(i) + 0.5, 1e-4);
  }
  EXPECT_THROW(Resize(Image({1}, 1, 1), 0, 1), Error);
  EXPECT_THROW(Resize(Zeros({1, 1, 0, 4}), 2, 2), Error);
}

TEST(Pad, EveryMode) {
  const Tensor row = Image({1, 2, 3}, 1, 3);
  EXPECT_THAT(Values(Pad(row, {2, 0, 2, 0}, {9})), ElementsAre(9, 9, 1, 2, 3, 9, 9));
  EXPECT_THAT(Values(Pad(row, {2, 0, 2, 0}, {0}, "edge")), ElementsAre(1, 1, 1, 2, 3, 3, 3));
  EXPECT_THAT(Values(Pad(row, {2, 0, 2, 0}, {0}, "reflect")), ElementsAre(3, 2, 1, 2, 3, 2, 1));
  EXPECT_THAT(Values(Pad(row, {2, 0, 2, 0}, {0}, "symmetric")), ElementsAre(2, 1, 1, 2, 3, 3, 2));
  EXPECT_THAT(Values(Pad(row, {-1, 0, 1, 1}, {5})), ElementsAre(2, 3, 5, 5, 5, 5));
  EXPECT_THAT(Values(Pad(Image({1, 2}, 1, 1), {0, 1, 0, 0}, {7, 8})), ElementsAre(7, 1, 8, 2));
  EXPECT_THAT(ErrorOf([&] { Pad(row, {3, 0, 0, 0}, {0}, "reflect"); }), HasSubstr("too large"));
  EXPECT_THROW(Pad(row, {0, 0, 0, 0}, {0}, "wrap"), Error);
  EXPECT_THROW(Pad(row, {0, 0, 0, 0}, {1, 2}), Error);
  EXPECT_THROW(Pad(row, {INT64_MAX, 0, 0, 0}), Error);
  EXPECT_THROW(Pad(row, {-2, 0, -1, 0}), Error);
}

TEST(Crop, PartsAndWhatIsBeyond) {
  const Tensor image = Image({1, 2, 3, 4, 5, 6}, 2, 3);
  EXPECT_THAT(Values(Crop(image, 0, 1, 2, 2)), ElementsAre(2, 3, 5, 6));
  EXPECT_THAT(Values(Crop(image, 1, -1, 2, 3)), ElementsAre(0, 4, 5, 0, 0, 0));
  EXPECT_THAT(Values(CenterCrop(image, 1, 1)), ElementsAre(2));
  EXPECT_THAT(Values(CenterCrop(image, 2, 5)), ElementsAre(0, 1, 2, 3, 0, 0, 4, 5, 6, 0));
  EXPECT_THROW(Crop(image, INT64_MIN, 0, 1, 1), Error);
}

TEST(Affine, MovesTurnsAndScales) {
  const Tensor image = Image({1, 2, 3, 4, 5, 6, 7, 8, 9}, 3, 3);
  EXPECT_THAT(Values(Affine(image, InverseAffineMatrix({0, 0}, 0, {1, 0}, 1, {0, 0}))),
              ElementsAre(0, 1, 2, 0, 4, 5, 0, 7, 8));
  EXPECT_THAT(
      Values(Affine(image, InverseAffineMatrix({0, 0}, 0, {0, 0.5}, 1, {0, 0}), "bilinear", {10})),
      ElementsAre(5.5, 6, 6.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5));
  // A quarter of a turn, clockwise, and the other way round.
  EXPECT_THAT(Values(Affine(image, InverseAffineMatrix({0, 0}, 90, {0, 0}, 1, {0, 0}))),
              ElementsAre(7, 4, 1, 8, 5, 2, 9, 6, 3));
  EXPECT_THAT(Values(Rotate(image, 90)), ElementsAre(3, 6, 9, 2, 5, 8, 1, 4, 7));
  // Sheared by 45 degrees, rows move by their distance from the middle.
  EXPECT_THAT(Values(Affine(image, InverseAffineMatrix({0, 0}, 0, {0, 0}, 1, {45, 0}))),
              ElementsAre(0, 1, 2, 4, 5, 6, 8, 9, 0));
  EXPECT_THAT(Values(Affine(image, InverseAffineMatrix({0, 0}, 0, {0, 0}, 3, {0, 0}))),
              ElementsAre(5, 5, 5, 5, 5, 5, 5, 5, 5));
  const Tensor wide = Image({1, 2, 3, 4, 5, 6}, 2, 3);
  const Tensor turned = Rotate(wide, 90, "nearest", true);
  EXPECT_THAT(turned.shape(), ElementsAre(1, 1, 3, 2));
  EXPECT_THAT(Values(turned), ElementsAre(3, 6, 2, 5, 1, 4));
  EXPECT_THROW(Rotate(image, 10, "bicubic"), Error);
}

TEST(Perspective, SendsCornersToCorners) {
  const Tensor image = Image({1, 2, 3, 4, 5, 6, 7, 8, 9}, 3, 3);
  const Corners square = {{{0, 0}, {3, 0}, {3, 3}, {0, 3}}};
  EXPECT_EQ(Values(Perspective(image, square, square, "nearest")), Values(image));
  const Corners mirrored = {{{3, 0}, {0, 0}, {0, 3}, {3, 3}}};
  EXPECT_THAT(Values(Perspective(image, square, mirrored, "nearest")),
              ElementsAre(3, 2, 1, 6, 5, 4, 9, 8, 7));
  const Corners line = {{{0, 0}, {1, 1}, {2, 2}, {3, 3}}};
  EXPECT_THROW(Perspective(image, square, line), Error);
}

TEST(Colours, FormulasOfEachPixel) {
  const Tensor bytes = Noise({2, 3, 4, 5});
  const Tensor floats = Div(Cast(bytes, kFloat32), 255);
  const std::vector<float> b = Values(bytes), f = Values(floats);
  const auto blend = [](double x, double y, double factor, double bound) {
    return std::clamp(factor * x + (1 - factor) * y, 0.0, bound);
  };
  for (const double factor : {0.0, 0.4, 1.0, 1.7}) {
    const std::vector<float> bright = Values(AdjustBrightness(bytes, factor));
    const std::vector<float> saturated = Values(AdjustSaturation(floats, factor));
    const std::vector<float> contrast = Values(AdjustContrast(floats, factor));
    for (size_t i = 0; i < b.size(); ++i) {
      EXPECT_NEAR(bright[i], std::floor(blend(b[i], 0, factor, 255)), 1);
      const size_t image = i / 60 * 60, red = image + i % 20;
      const auto grey = [&](size_t r) {
        return 0.2989 * f[r] + 0.587 * f[r + 20] + 0.114 * f[r + 40];
      };
      EXPECT_NEAR(saturated[i], blend(f[i], grey(red), factor, 1), 1e-5);
      double mean = 0;
      for (size_t k = 0; k < 20; ++k) mean += grey(image + k) / 20;
      EXPECT_NEAR(contrast[i], blend(f[i], mean, factor, 1), 1e-5);
    }
  }
  const std::vector<float> inverted = Values(Invert(bytes));
  const std::vector<float> posterized = Values(Posterize(bytes, 3));
  const std::vector<float> solarized = Values(Solarize(bytes, 100));
  const std::vector<float> gamma = Values(AdjustGamma(floats, 2, 0.5));
  for (size_t i = 0; i < b.size(); ++i) {
    EXPECT_EQ(inverted[i], 255 - b[i]);
    EXPECT_EQ(posterized[i], std::floor(b[i] / 32) * 32);
    EXPECT_EQ(solarized[i], b[i] >= 100 ? 255 - b[i] : b[i]);
    EXPECT_NEAR(gamma[i], 0.5 * f[i] * f[i], 1e-6);
  }
  EXPECT_THROW(AdjustBrightness(bytes, -1), Error);
  EXPECT_THROW(AdjustContrast(Noise({1, 2, 3, 3}), 1), Error);
  EXPECT_THROW(Solarize(floats, 2), Error);
  EXPECT_THROW(Posterize(bytes, 9), Error);
  EXPECT_THROW(Invert(Cast(bytes, kInt64)), Error);
  EXPECT_THROW(Invert(Noise({3, 4, 5})), Error);
}

TEST(AdjustHue, TurnsTheCircle) {
  // A third of the circle: red becomes green, green blue, blue red; greys stay.
  const Tensor colours = Image({1, 0, 0, 0.5f, 0, 1, 0, 0.5f, 0, 0, 1, 0.5f}, 1, 4);
  EXPECT_THAT(
      Values(AdjustHue(colours, 1.0 / 3)),
      Pointwise(FloatNear(1e-5f), std::vector<double>{0, 0, 1, 0.5, 1, 0, 0, 0.5, 0, 1, 0, 0.5}));
  const Tensor bytes = Noise({1, 3, 6, 6});
  const std::vector<float> before = Values(bytes), same = Values(AdjustHue(bytes, 0)),
                           around = Values(AdjustHue(AdjustHue(bytes, 0.5), -0.5));
  for (size_t i = 0; i < before.size(); ++i) {
    EXPECT_NEAR(same[i], before[i], 1);
    EXPECT_NEAR(around[i], before[i], 3);
  }
  EXPECT_THROW(AdjustHue(bytes, 0.6), Error);
}

TEST(Contrast, StretchesAndEqualizes) {
  EXPECT_THAT(Values(Autocontrast(Bytes({50, 100, 150, 7, 7, 7}, 1, 3))),
              ElementsAre(0, 127, 255, 7, 7, 7));
  EXPECT_THAT(Values(Autocontrast(Image({0.25f, 0.5f, 0.75f}, 1, 3))), ElementsAre(0, 0.5, 1));
  // 512 pixels of four values that are equally frequent: step 1, then the sums before each.
  std::vector<float> values;
  for (int i = 0; i < 512; ++i) values.push_back(static_cast<float>(10 * (i % 4)));
  const std::vector<float> equal = Values(Equalize(Bytes(values, 16, 32)));
  EXPECT_EQ(equal[0], 0);
  EXPECT_EQ(equal[1], 128);
  EXPECT_EQ(equal[2], 255);
  EXPECT_EQ(equal[3], 255);
  EXPECT_THAT(Values(Equalize(Bytes({1, 2, 3}, 1, 3))), ElementsAre(1, 2, 3));
}

TEST(Smoothing, WeighsNeighbours) {
  Tensor dot = Zeros({1, 1, 5, 5});
  dot.data<float>()[12] = 1;
  const std::vector<float> blurred = Values(GaussianBlur(dot, {3, 3}, {0.8, 1.3}));
  const auto weight = [](double x, double sigma) {
    const double side = std::exp(-0.5 / (sigma * sigma));
    return (x == 0 ? 1 : side) / (1 + 2 * side);
  };
  for (int y = -1; y <= 1; ++y) {
    for (int x = -1; x <= 1; ++x) {
      EXPECT_NEAR(blurred[static_cast<size_t>(12 + 5 * y + x)], weight(x, 0.8) * weight(y, 1.3),
                  1e-6);
    }
  }
  // Beyond the edges the image is mirrored: a flat one stays flat.
  for (const float value : Values(GaussianBlur(Full({1, 2, 4, 3}, 2), {5, 3}, {2, 2}))) {
    EXPECT_NEAR(value, 2, 1e-5);
  }
  EXPECT_THAT(Values(AdjustSharpness(dot, 0))[12], FloatNear(5.0f / 13, 1e-6f));
  EXPECT_THAT(Values(AdjustSharpness(dot, 0))[6], FloatNear(1.0f / 13, 1e-6f));
  EXPECT_EQ(Values(AdjustSharpness(dot, 1)), Values(dot));
  EXPECT_THROW(GaussianBlur(dot, {2, 3}, {1, 1}), Error);
  EXPECT_THROW(GaussianBlur(dot, {11, 3}, {1, 1}), Error);
  EXPECT_THROW(GaussianBlur(dot, {3, 3}, {0, 1}), Error);
}

TEST(Grayscale, ChannelsAsAskedFor) {
  const Tensor colours = Bytes({100, 50, 200}, 1, 1);
  EXPECT_THAT(Values(RgbToGrayscale(colours)), ElementsAre(std::floor(29.89 + 29.35 + 22.8)));
  EXPECT_THAT(Values(RgbToGrayscale(colours, 3)), ElementsAre(82, 82, 82));
  EXPECT_THROW(RgbToGrayscale(colours, 2), Error);
}

TEST(ConvertDtype, KeepsTheMeaning) {
  EXPECT_THAT(Values(ConvertDtype(Bytes({0, 51, 255}, 1, 3), kFloat32)),
              Pointwise(FloatNear(1e-7f), std::vector<double>{0, 0.2, 1}));
  EXPECT_THAT(Values(ConvertDtype(Image({0, 0.5f, 1}, 1, 3), kUInt8)), ElementsAre(0, 127, 255));
  EXPECT_THAT(Values(ConvertDtype(Bytes({1, 2}, 1, 2), kInt16)), ElementsAre(128, 256));
  EXPECT_THAT(Values(ConvertDtype(Cast(Image({256, 130}, 1, 2), kInt16), kUInt8)),
              ElementsAre(2, 1));
  EXPECT_THROW(ConvertDtype(Image({1}, 1, 1), kInt64), Error);
}

}  // namespace
}  // namespace neura::data::functional
