#include "neura/tensor/io/npz.h"

#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/tensor/io/testing.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"

namespace neura {
namespace {

using testing::Bytes;
using ::testing::HasSubstr;

// Written by NumPy: testdata/make.py.
std::string TestFile(const std::string& name) {
  return absl::StrCat("tensor/io/testdata/npz/", name, ".npz");
}

std::string ErrorIn(const std::string& name) {
  return std::string(LoadNpz(TestFile(name)).status().message());
}

TEST(NpzTest, ReadsWhatNumPyWrites) {
  for (const char* name : {"stored", "deflated"}) {
    const NamedTensors tensors = testing::Must(LoadNpz(TestFile(name)));
    ASSERT_EQ(tensors.size(), 3u) << name;
    EXPECT_EQ(tensors[0].first, "weight");
    EXPECT_TRUE(SameBits(tensors[0].second, Reshape(Arange(0.0, 6.0), {2, 3}))) << name;
    EXPECT_EQ(tensors[1].first, "steps");
    EXPECT_EQ(tensors[1].second.Item<int64_t>(), 7);
    EXPECT_EQ(tensors[2].second.dtype(), kBool);
  }
}

TEST(NpzTest, ReadsWhatItWrites) {
  const NamedTensors tensors = {{"a", Randn({3, 4})},
                                {"dir/b", Transpose(Arange(0, 6), 0, 0)},
                                {"\xc3\xa9", Zeros({0, 2}, {.dtype = kUInt8})}};
  for (bool compressed : {false, true}) {
    const std::string path = absl::StrCat(::testing::TempDir(), "/written.npz");
    SaveNpz(path, tensors, compressed);
    const NamedTensors back = testing::Must(LoadNpz(path));
    ASSERT_EQ(back.size(), tensors.size());
    for (size_t i = 0; i < back.size(); ++i) {
      EXPECT_EQ(back[i].first, tensors[i].first);
      EXPECT_TRUE(SameBits(back[i].second, tensors[i].second));
    }
  }
}

TEST(NpzTest, SaysWhatIsWrong) {
  EXPECT_THAT(ErrorIn("checksum"), HasSubstr("weight.npy: damaged archive: its checksum"));
  EXPECT_THAT(ErrorIn("truncated"), HasSubstr("no end of a zip archive"));
  EXPECT_THAT(ErrorIn("twice"), HasSubstr("a is there twice"));
  EXPECT_THAT(ErrorIn("bzip2"), HasSubstr("compression method 12"));
  EXPECT_THAT(ErrorIn("bomb"), HasSubstr("more bytes than deflate could hold"));
  EXPECT_THAT(ErrorIn("checksum"), HasSubstr("checksum.npz"));
  EXPECT_THAT(testing::ErrorOf([] {
                SaveNpz(::testing::TempDir() + "twice.npz", {{"a", Ones({1})}, {"a", Ones({1})}});
              }),
              HasSubstr("the name a is there twice"));
}

// Each byte that is changed gives another archive or an error, and every prefix an error.
TEST(NpzTest, SurvivesDamage) {
  const std::string bytes = Bytes(TestFile("deflated"));
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x55);
    static_cast<void>(ParseNpz(damaged).ok());
    EXPECT_FALSE(ParseNpz(bytes.substr(0, i)).ok());
  }
}

}  // namespace
}  // namespace neura
