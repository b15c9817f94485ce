#include "neura/tensor/tensor.h"

#include <cmath>

#include "absl/status/status.h"
#include "gtest/gtest.h"

namespace neura {
namespace {

TEST(SameBits, ComparesElementsWhateverTheStrides) {
  const Tensor x = FromList<float>({1, 2, 3, 4, 5, 6}, {2, 3});
  EXPECT_TRUE(SameBits(x, Clone(x)));
  EXPECT_TRUE(SameBits(Transpose(x, 0, 1), FromList<float>({1, 4, 2, 5, 3, 6}, {3, 2})));
  EXPECT_TRUE(SameBits(Expand(Ones({1, 3}), {2, 3}), Ones({2, 3})));
  EXPECT_TRUE(SameBits(Slice(x, 1, 1, 2), FromList<float>({2, 5}, {2, 1})));
  EXPECT_FALSE(SameBits(Slice(x, 1, 1, 2), FromList<float>({2, 6}, {2, 1})));
  EXPECT_FALSE(SameBits(x, FromList<float>({1, 2, 3, 4, 5, 7}, {2, 3})));
}

TEST(SameBits, IsAboutBitsDTypesAndShapes) {
  EXPECT_TRUE(SameBits(ScalarTensor(NAN), ScalarTensor(NAN)));
  EXPECT_FALSE(SameBits(ScalarTensor(0.0), ScalarTensor(-0.0)));
  EXPECT_FALSE(SameBits(Zeros({2}), Zeros({2}, {.dtype = kInt32})));
  EXPECT_FALSE(SameBits(Zeros({2, 1}), Zeros({2})));
  EXPECT_TRUE(SameBits(Zeros({0, 3}), Zeros({0, 3})));
  EXPECT_FALSE(SameBits(Zeros({0, 3}), Zeros({0, 2})));
  EXPECT_TRUE(SameBits(Tensor(), Tensor()));
  EXPECT_FALSE(SameBits(Tensor(), Zeros({})));
}

TEST(Tensor, BytesAreThoseOfItsElements) {
  EXPECT_EQ(Zeros({2, 3}).nbytes(), 24u);
  EXPECT_EQ(Expand(Zeros({1}, {.dtype = kInt64}), {5}).nbytes(), 40u);
  EXPECT_EQ(Zeros({0, 3}).nbytes(), 0u);
}

TEST(ThrowStatus, KeepsCodeAndMessage) {
  try {
    ThrowStatus(absl::DataLossError("half a file"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), absl::StatusCode::kDataLoss);
    EXPECT_EQ(error.message(), "half a file");
  }
}

}  // namespace
}  // namespace neura
