#include "neura/data/image.h"

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"
#include "neura/tensor/testing/values.h"

namespace neura::data {
namespace {

using neura::testing::ErrorOf;
using neura::testing::Values;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Written by testdata/make.py.
std::string TestFile(const std::string& name) { return absl::StrCat("data/testdata/image/", name); }

std::vector<float> Load(const std::string& name, const std::vector<int64_t>& shape,
                        ImageReadMode mode = ImageReadMode::kUnchanged) {
  const absl::StatusOr<Tensor> image = ReadImage(TestFile(name), mode);
  EXPECT_TRUE(image.ok()) << image.status();
  if (!image.ok()) return {};
  EXPECT_EQ(image->dtype(), kUInt8);
  EXPECT_THAT(image->shape(), ::testing::ElementsAreArray(shape)) << name;
  return Values(*image);
}

TEST(ReadImage, EveryKindOfPng) {
  EXPECT_THAT(Load("grey.png", {1, 2, 3}), ElementsAre(0, 10, 20, 30, 40, 50));
  EXPECT_THAT(Load("bits.png", {1, 2, 3}), ElementsAre(255, 0, 255, 0, 255, 0));
  EXPECT_THAT(Load("grey16.png", {1, 1, 2}), ElementsAre(0, 255));
  EXPECT_THAT(Load("grey_alpha.png", {2, 1, 2}), ElementsAre(7, 9, 0, 255));
  EXPECT_THAT(Load("rgb.png", {3, 1, 2}), ElementsAre(1, 250, 2, 100, 3, 0));
  EXPECT_THAT(Load("rgba.png", {4, 1, 1}), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(Load("palette.png", {3, 1, 2}), ElementsAre(0, 255, 255, 0, 0, 0));
  EXPECT_THAT(Load("transparent.png", {4, 1, 2}), ElementsAre(0, 255, 255, 0, 0, 0, 255, 128));
  const std::vector<float> interlaced = Load("interlaced.png", {1, 9, 9});
  for (size_t i = 0; i < interlaced.size(); ++i) {
    EXPECT_EQ(interlaced[i], static_cast<float>(20 * (i / 9) + i % 9));
  }
}

TEST(ReadImage, ChannelsAsAskedFor) {
  EXPECT_THAT(Load("grey.png", {3, 2, 3}, ImageReadMode::kRgb),
              ElementsAre(0, 10, 20, 30, 40, 50, 0, 10, 20, 30, 40, 50, 0, 10, 20, 30, 40, 50));
  EXPECT_THAT(Load("grey_alpha.png", {1, 1, 2}, ImageReadMode::kGray), ElementsAre(7, 9));
  EXPECT_THAT(Load("rgb.png", {4, 1, 2}, ImageReadMode::kRgbAlpha),
              ElementsAre(1, 250, 2, 100, 3, 0, 255, 255));
  // 0.299 r + 0.587 g + 0.114 b
  const std::vector<float> grey = Load("rgb.png", {1, 1, 2}, ImageReadMode::kGray);
  EXPECT_NEAR(grey[0], 1.815, 1);
  EXPECT_NEAR(grey[1], 133.45, 1);
  EXPECT_THAT(Load("rgba.png", {2, 1, 1}, ImageReadMode::kGrayAlpha),
              ElementsAre(::testing::FloatNear(1.8f, 1), 4));
  EXPECT_THAT(Load("flat.jpg", {2, 8, 8}, ImageReadMode::kGrayAlpha).back(), 255);
  EXPECT_THAT(Load("flat.jpg", {3, 8, 8}, ImageReadMode::kRgb), Each(168));
}

TEST(ReadImage, Jpeg) {
  EXPECT_THAT(Load("flat.jpg", {1, 8, 8}), Each(168));
  // Y 168, Cb 128 - 40, Cr 128 + 40, by the formulas of JFIF.
  const std::vector<float> colour = Load("colour.jpg", {3, 8, 8});
  EXPECT_NEAR(colour[0], 168 + 1.402 * 40, 1);
  EXPECT_NEAR(colour[64], 168 + 0.344136 * 40 - 0.714136 * 40, 1);
  EXPECT_NEAR(colour[128], 168 - 1.772 * 40, 1);
}

// The archive of libjpeg has a picture and what it was before it was compressed.
TEST(ReadImage, APhotographIsCloseToItsOriginal) {
  const std::string folder = "external/libjpeg_turbo/testimages/";
  const absl::StatusOr<Tensor> image = ReadImage(folder + "testorig.jpg");
  ASSERT_TRUE(image.ok()) << image.status();
  std::ifstream file(folder + "testorig.ppm", std::ios::binary);
  std::string magic;
  size_t width = 0, height = 0, most = 0;
  file >> magic >> width >> height >> most;
  file.get();
  const std::string original{std::istreambuf_iterator<char>(file), {}};
  ASSERT_EQ(original.size(), width * height * 3);
  EXPECT_THAT(image->shape(), ElementsAre(3, height, width));
  double sum = 0;
  for (size_t c = 0; c < 3; ++c) {
    for (size_t i = 0; i < width * height; ++i) {
      const int before = static_cast<uint8_t>(original[3 * i + c]);
      sum += std::abs(before - int{image->data<uint8_t>()[c * width * height + i]});
    }
  }
  EXPECT_LT(sum / static_cast<double>(original.size()), 3);
}

TEST(ReadImage, LoopsOverVectorsGiveTheSameJpeg) {
  std::vector<std::string> files;
  for (const int64_t height : {1, 7, 16, 45}) {
    for (const int64_t width : {1, 9, 32, 101}) {
      for (const int64_t channels : {1, 3}) {
        Tensor image = Empty({channels, height, width}, {.dtype = kUInt8});
        uint32_t state = 7;
        for (int64_t i = 0; i < image.numel(); ++i) {
          state = state * 1664525 + 1013904223;
          image.data<uint8_t>()[i] = static_cast<uint8_t>(state >> 24);
        }
        files.push_back(EncodeJpeg(image, height == 7 ? 100 : 80));
      }
    }
  }
  for (const std::string& name : {std::string("external/libjpeg_turbo/testimages/testorig.jpg"),
                                  TestFile("colour.jpg"), TestFile("flat.jpg")}) {
    std::ifstream file(name, std::ios::binary);
    ASSERT_TRUE(file) << name;
    files.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  for (const std::string& file : files) {
    const absl::StatusOr<Tensor> ours = DecodeImage(file, ImageReadMode::kRgb);
    absl::StatusOr<Tensor> plain;
    // What the machine has is found out once by each thread.
    ASSERT_EQ(setenv("JSIMD_FORCENONE", "1", 1), 0);
    std::thread([&] { plain = DecodeImage(file, ImageReadMode::kRgb); }).join();
    ASSERT_EQ(unsetenv("JSIMD_FORCENONE"), 0);
    ASSERT_TRUE(ours.ok() && plain.ok());
    EXPECT_EQ(Values(*ours), Values(*plain));
  }
}

TEST(ReadImage, DamagedFilesAreNamed) {
  const std::pair<std::string, std::string> expected[] = {
      {"truncated.png", "truncated"},      {"bad_crc.png", "CRC"},
      {"huge.png", "cannot be in a file"}, {"truncated.jpg", "truncated"},
      {"missing_blocks.jpg", "corrupt"},   {"huge.jpg", "at most 2^28"},
      {"twelve_bits.jpg", "precision"},    {"missing.png", "missing.png"},
  };
  for (const auto& [name, message] : expected) {
    const absl::StatusOr<Tensor> image = ReadImage(TestFile(name));
    ASSERT_FALSE(image.ok()) << name;
    EXPECT_THAT(image.status().message(), AllOf(HasSubstr(name), HasSubstr(message)));
  }
  // More pixels than the header says are nobody's.
  EXPECT_THAT(Load("bomb.png", {1, 1, 1}), ElementsAre(0));
  EXPECT_FALSE(DecodeImage("").ok());
  EXPECT_FALSE(DecodeImage("GIF89a").ok());
}

TEST(Encode, DecodesToTheSame) {
  for (int64_t channels = 1; channels <= 4; ++channels) {
    Tensor image = Zeros({channels, 5, 7}, {.dtype = kUInt8});
    for (int64_t i = 0; i < image.numel(); ++i) {
      image.data<uint8_t>()[i] = static_cast<uint8_t>(i * 37 % 251);
    }
    const absl::StatusOr<Tensor> again = DecodeImage(EncodePng(image));
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(Values(*again), Values(image));
    EXPECT_EQ(Values(*DecodeImage(EncodePng(Flip(image, {1}), 0))), Values(Flip(image, {1})));
    if (channels % 2 == 0) continue;
    Tensor smooth = Zeros({channels, 16, 16}, {.dtype = kUInt8});
    for (int64_t i = 0; i < smooth.numel(); ++i) {
      smooth.data<uint8_t>()[i] = static_cast<uint8_t>(60 + 4 * (i % 16) + 2 * (i / 16 % 16));
    }
    const absl::StatusOr<Tensor> near = DecodeImage(EncodeJpeg(smooth, 95));
    ASSERT_TRUE(near.ok()) << near.status();
    const std::vector<float> a = Values(*near), b = Values(smooth);
    ASSERT_EQ(a.size(), b.size());
    for (size_t i = 0; i < a.size(); ++i) EXPECT_NEAR(a[i], b[i], 6);
  }
  EXPECT_THAT(ErrorOf([] {
                EncodeJpeg(Zeros({2, 3, 3}, {.dtype = kUInt8}));
              }),
              HasSubstr("one or three"));
  EXPECT_THROW(EncodePng(Zeros({1, 3, 3})), Error);
  EXPECT_THROW(EncodePng(Zeros({1, 0, 3}, {.dtype = kUInt8})), Error);
  EXPECT_THROW(EncodeJpeg(Zeros({1, 3, 3}, {.dtype = kUInt8}), 101), Error);
}

}  // namespace
}  // namespace neura::data
