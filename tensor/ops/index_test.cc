// Corners of indexing that the cases of //tensor/testing do not reach.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

#include "neura/tensor/tensor.h"

namespace neura {
namespace {

using ::testing::ElementsAre;

TEST(IndexTest, SumsOfIntegersWrap) {
  const Tensor most = FromList<int64_t>({INT64_MAX, 0}), one = FromList<int64_t>({1});
  const Tensor at = FromList<int64_t>({0});
  EXPECT_EQ(IndexAdd(most, 0, at, one).data<int64_t>()[0], INT64_MIN);
  EXPECT_EQ(ScatterAdd(most, 0, at, one).data<int64_t>()[0], INT64_MIN);
  const Tensor windows = FromList<int64_t>({INT64_MAX, 1}, {2});
  EXPECT_EQ(AsStridedGrad(windows, {1}, {0}, 0).data<int64_t>()[0], INT64_MIN);
}

TEST(IndexTest, SelectsFromViews) {
  const Tensor x = Reshape(Arange(2 * 3 * 4 * 5), {2, 3, 4, 5});
  const Tensor index = FromList<int64_t>({2, 0, 2});
  const std::vector<Tensor> views = {Permute(x, {3, 1, 0, 2}), Slice(x, 3, 0, 5, 2),
                                     Slice(x, 2, 1, 4), Transpose(x, 0, 2),
                                     Expand(Slice(x, 0, 0, 1), {7, 3, 4, 5})};
  for (const Tensor& view : views) {
    for (int64_t dim = 0; dim < 4; ++dim) {
      if (view.size(dim) < 3) continue;
      const Tensor expected = IndexSelect(Clone(view), dim, index);
      EXPECT_TRUE(All(IndexSelect(view, dim, index) == expected).Item<bool>()) << dim;
    }
  }
  for (DType dtype : {kBool, kFloat16, kComplex64, kComplex128}) {
    const Tensor columns = Transpose(Cast(Reshape(Arange(6), {2, 3}), dtype), 0, 1);
    const Tensor rows = IndexSelect(columns, 0, index);
    EXPECT_EQ(Cast(rows, kInt64).data<int64_t>()[0], dtype == kBool ? 1 : 2);
    EXPECT_EQ(Cast(rows, kInt64).data<int64_t>()[1], dtype == kBool ? 1 : 5);
  }
}

}  // namespace
}  // namespace neura
