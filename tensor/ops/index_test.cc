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

// Sizes beyond those of the cases: many rows to a task, and many tasks to a row.
TEST(IndexTest, GathersAndScattersManyElements) {
  Generator generator(7);
  for (const Dims& shape :
       {Dims{300, 70, 9}, Dims{2, 40'000}, Dims{50'000, 1}, Dims{1, 33'000, 2}}) {
    const auto rank = static_cast<int64_t>(shape.size());
    for (DType dtype : {kFloat32, kUInt8, kComplex64}) {
      const Tensor x = Cast(RandInt(0, 100, shape, {.dtype = kInt64}, &generator), dtype);
      for (const Tensor& view :
           {x, Flip(x, {0}), Transpose(Contiguous(Transpose(x, 0, 1)), 0, 1)}) {
        for (int64_t dim = 0; dim < rank; ++dim) {
          const Tensor index =
              RandInt(0, view.size(dim), view.shape(), {.dtype = kInt64}, &generator);
          // The same by flat places.
          Tensor flat = Zeros({1}, {.dtype = kInt64});
          for (int64_t d = 0; d < rank; ++d) {
            Dims along(static_cast<size_t>(rank), 1);
            along[static_cast<size_t>(d)] = view.size(d);
            const Tensor at = d == dim ? index : Reshape(Arange(view.size(d)), along);
            flat = flat * view.size(d) + at;
          }
          const Tensor places = Ravel(Contiguous(flat)), elements = Ravel(Contiguous(view));
          EXPECT_TRUE(SameBits(Ravel(Gather(view, dim, index)), IndexSelect(elements, 0, places)));
          if (dtype == kUInt8) continue;
          const Tensor sums =
              IndexAdd(Zeros(elements.shape(), {.dtype = dtype}), 0, places, elements);
          EXPECT_TRUE(SameBits(
              Ravel(ScatterAdd(Zeros(view.shape(), {.dtype = dtype}), dim, index, view)), sums));
          const Tensor some = RandInt(0, view.size(dim), {50}, {.dtype = kInt64}, &generator);
          const Tensor picked = IndexSelect(view, dim, some);
          for (int64_t i : {0, 1, 25, 49}) {
            EXPECT_TRUE(SameBits(Contiguous(Select(picked, dim, i)),
                                 Contiguous(Select(view, dim, some.data<int64_t>()[i]))));
          }
        }
      }
    }
  }
}

TEST(IndexTest, IndicesOutsideAreNamed) {
  const Tensor x = Zeros({4});
  for (int64_t bad : {int64_t{4}, int64_t{-1}, INT64_MIN, INT64_MAX}) {
    const Tensor index = FromList<int64_t>({0, 3, bad});
    EXPECT_THROW(IndexSelect(x, 0, index), Error) << bad;
    EXPECT_THROW(Gather(x, 0, index), Error) << bad;
    EXPECT_THROW(ScatterAdd(x, 0, index, Zeros({3})), Error) << bad;
  }
}

TEST(IndexTest, TrianglesOfFarDiagonals) {
  const Tensor x = Reshape(Arange(24) + 1, {2, 3, 4});
  for (const Tensor& view : {x, Transpose(x, 1, 2)}) {
    for (int64_t diagonal : {INT64_MIN, int64_t{-5}, int64_t{-3}, int64_t{-1}, int64_t{0},
                             int64_t{2}, int64_t{4}, INT64_MAX}) {
      const Tensor low = Tril(view, diagonal), high = Triu(view, diagonal);
      for (int64_t i = 0; i < low.numel(); ++i) {
        const int64_t row = i / view.size(2) % view.size(1), col = i % view.size(2);
        const bool below = diagonal > 9 || (diagonal > -9 && col - row <= diagonal);
        const bool above = diagonal < -9 || (diagonal < 9 && col - row >= diagonal);
        const int64_t value = Contiguous(view).data<int64_t>()[i];
        EXPECT_EQ(low.data<int64_t>()[i], below ? value : 0) << diagonal;
        EXPECT_EQ(high.data<int64_t>()[i], above ? value : 0) << diagonal;
      }
    }
  }
}

}  // namespace
}  // namespace neura
