#include "neura/data/idx.h"

#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/tensor/tensor.h"

namespace neura::data {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Written by testdata/make.py.
std::string TestFile(const std::string& name) { return absl::StrCat("data/testdata/idx/", name); }

template <typename T>
std::vector<T> Load(const std::string& name, const std::vector<int64_t>& shape) {
  const absl::StatusOr<Tensor> tensor = LoadIdx(TestFile(name));
  EXPECT_TRUE(tensor.ok()) << tensor.status();
  EXPECT_THAT(tensor->shape(), ::testing::ElementsAreArray(shape)) << name;
  return std::vector<T>(tensor->data<T>(), tensor->data<T>() + tensor->numel());
}

TEST(LoadIdx, EveryTypePlainAndCompressed) {
  EXPECT_THAT(Load<uint8_t>("u8.idx", {2, 3}), ElementsAre(0, 1, 2, 3, 254, 255));
  EXPECT_THAT(Load<uint8_t>("u8.idx.gz", {2, 3}), ElementsAre(0, 1, 2, 3, 254, 255));
  EXPECT_THAT(Load<int8_t>("i8.idx.gz", {2}), ElementsAre(-1, 2));
  EXPECT_THAT(Load<int16_t>("i16.idx.gz", {2}), ElementsAre(-300, 2));
  EXPECT_THAT(Load<int32_t>("i32.idx.gz", {2}), ElementsAre(-70000, 2));
  EXPECT_THAT(Load<float>("f32.idx", {1, 2}), ElementsAre(1.5f, -0.25f));
  EXPECT_THAT(Load<double>("f64.idx", {1, 2}), ElementsAre(1.5, -0.25));
  EXPECT_THAT(Load<uint8_t>("scalar.idx", {}), ElementsAre(7));
  EXPECT_THAT(Load<uint8_t>("empty.idx.gz", {0, 28, 28}), ElementsAre());
}

TEST(LoadIdx, DamagedFilesAreNamed) {
  const std::pair<std::string, std::string> expected[] = {
      {"bad_type.idx", "not an IDX file"},
      {"overflow.idx", "more"},
      {"lying.idx.gz", "truncated"},
      {"excess.idx.gz", "more bytes"},
      {"trailing.idx.gz", "1 bytes more"},
      {"bomb.idx.gz", "more bytes"},
      {"checksum.idx.gz", "incorrect data check"},
      {"absent.idx", "opening"},
  };
  for (const auto& [name, named] : expected) {
    const absl::Status status = LoadIdx(TestFile(name)).status();
    EXPECT_FALSE(status.ok()) << name;
    EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr(name), HasSubstr(named)));
  }
}

TEST(ParseIdx, LyingExtentsAllocateNothing) {
  const int64_t before = CpuAllocator().Stats().allocations;
  EXPECT_FALSE(LoadIdx(TestFile("lying.idx.gz")).ok());
  EXPECT_FALSE(LoadIdx(TestFile("overflow.idx")).ok());
  EXPECT_EQ(CpuAllocator().Stats().allocations, before);
}

TEST(ParseIdx, TooManyDimensionsAreRefused) {
  std::string bytes("\0\0\x08\xff", 4);
  for (int i = 0; i < 255; ++i) bytes += std::string("\0\0\0\1", 4);
  EXPECT_THAT(std::string(ParseIdx(bytes + "x").status().message()), HasSubstr("255 dimensions"));
}

TEST(ParseIdx, EveryTruncationIsAnError) {
  for (const std::string name : {"u8.idx", "u8.idx.gz", "i32.idx.gz"}) {
    std::ifstream file(TestFile(name), std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    ASSERT_TRUE(ParseIdx(bytes).ok()) << name;
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(ParseIdx(std::string_view(bytes).substr(0, size)).ok()) << name << " " << size;
    }
  }
}

}  // namespace
}  // namespace neura::data
