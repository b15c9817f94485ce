#include "neura/cuda/kernels/strided.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace neura::cuda {
namespace {

TEST(DividerTest, DividesAsTheOperatorDoes) {
  const int64_t numbers[] = {1,
                             2,
                             3,
                             5,
                             7,
                             10,
                             63,
                             64,
                             65,
                             641,
                             65535,
                             65536,
                             1000003,
                             INT32_MAX / 2,
                             INT32_MAX - 1,
                             INT32_MAX,
                             int64_t{1} << 31,
                             (int64_t{1} << 32) + 1,
                             int64_t{1} << 40};
  for (int64_t divisor : numbers) {
    const Divider divider = Divider::By(divisor);
    for (int64_t number : numbers) {
      for (int64_t n : {number - 1, number, number + 1, number * 7}) {
        EXPECT_EQ(divider.Divide(n), n / divisor) << n << " / " << divisor;
      }
    }
    for (int64_t n = 0; n < 5000; ++n) ASSERT_EQ(divider.Divide(n), n / divisor);
  }
}

TEST(StridedIndexTest, FindsElementsPastTwoToThe31) {
  LoopDims<2> dims;
  dims.Push(int64_t{1} << 20, {1, int64_t{1} << 22});
  dims.Push(3, {int64_t{1} << 40, 5});
  dims.Push(int64_t{1} << 12, {int64_t{1} << 50, 1});
  ASSERT_EQ(dims.extents.size(), 3u);
  const StridedIndex<2> index(dims, {100, 200});
  for (int64_t i : {int64_t{0}, int64_t{12345}, INT64_C(4294967297), dims.Count() - 1}) {
    EXPECT_EQ(index.At(i)[0], 100 + dims.OffsetOf(i, 0));
    EXPECT_EQ(index.At(i)[1], 200 + dims.OffsetOf(i, 1));
  }
}

}  // namespace
}  // namespace neura::cuda
