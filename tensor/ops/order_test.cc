// Orders against std::stable_sort: lanes around the sizes where their ways change, ties, NaN.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <vector>

#include "neura/tensor/tensor.h"

namespace neura {
namespace {

// Where the elements of a vector stand in order, the first `count`.
std::vector<int64_t> PlacesInOrder(const Tensor& vector, bool descending, int64_t count) {
  const Tensor wide = Contiguous(Cast(vector, kFloat64));
  const double* const x = wide.data<double>();
  std::vector<int64_t> places(static_cast<size_t>(vector.numel()));
  std::iota(places.begin(), places.end(), 0);
  const auto less = [](double a, double b) { return std::isnan(b) ? !std::isnan(a) : a < b; };
  std::stable_sort(places.begin(), places.end(), [&](int64_t a, int64_t b) {
    return descending ? less(x[b], x[a]) : less(x[a], x[b]);
  });
  places.resize(static_cast<size_t>(count));
  return places;
}

void ExpectPlaces(const ValuesAndIndices& actual, const Tensor& lane, bool descending,
                  int64_t count, const std::string& what) {
  const std::vector<int64_t> expected = PlacesInOrder(lane, descending, count);
  const Tensor indices = FromVector(expected, {count});
  EXPECT_TRUE(SameBits(Contiguous(actual.indices), indices)) << what;
  EXPECT_TRUE(SameBits(Contiguous(actual.values), IndexSelect(lane, 0, indices))) << what;
}

// Of a few values, so that many are equal, or of all that the dtype has.
std::vector<Tensor> Lanes(int64_t length, DType dtype) {
  Generator generator(static_cast<uint64_t>(length));
  std::vector<Tensor> lanes;
  if (dtype == kBool) return {Bernoulli({length}, 0.3, {.dtype = kBool}, &generator)};
  if (IsFloating(dtype)) {
    Tensor few = Round(Normal({length}, 0, 2, {.dtype = kFloat32}, &generator));
    few = Where(few == 3, NAN, Where(few == -4, -INFINITY, Where(few == 4, INFINITY, few)));
    few = Where(few == 1, -0.0, few);
    lanes = {few, Normal({length}, 0, 1e3, {.dtype = kFloat64}, &generator)};
    if (dtype == kFloat64)
      lanes.push_back(Exp(Normal({length}, 0, 99, {.dtype = dtype}, &generator)));
  } else {
    const int64_t low = dtype == kUInt8 || dtype == kUInt64 ? 0 : -3;
    lanes = {RandInt(low, 5, {length}, {.dtype = kInt64}, &generator)};
    // Doubles, in which the reference compares, hold these.
    if (dtype == kInt64)
      lanes.push_back(
          RandInt(-(int64_t{1} << 52), int64_t{1} << 52, {length}, {.dtype = kInt64}, &generator));
  }
  for (Tensor& lane : lanes) lane = Cast(lane, dtype);
  return lanes;
}

TEST(OrderTest, IsThatOfAStableSort) {
  for (DType dtype :
       {kFloat32, kFloat64, kFloat16, kBFloat16, kInt64, kUInt64, kInt32, kInt8, kUInt8, kBool}) {
    for (int64_t length : {1, 2, 17, 127, 128, 129, 255, 256, 257, 1000, 5000}) {
      for (const Tensor& lane : Lanes(length, dtype)) {
        for (bool descending : {false, true}) {
          const std::string what = std::string(DTypeName(dtype)) + " " + std::to_string(length);
          ExpectPlaces(Sort(lane, {.dim = 0, .descending = descending}), lane, descending, length,
                       what);
          for (int64_t k :
               {int64_t{0}, int64_t{1}, int64_t{3}, length / 20, length / 8, length / 3, length}) {
            if (k > length) continue;
            ExpectPlaces(TopK(lane, k, 0, descending), lane, descending, k,
                         what + " first " + std::to_string(k));
          }
          const int64_t k = (length + 15) / 16;
          const ValuesAndIndices kth = KthValue(lane, k, 0, false);
          EXPECT_EQ(kth.indices.Item<int64_t>(), PlacesInOrder(lane, false, k).back()) << what;
        }
      }
    }
  }
}

TEST(OrderTest, OfEveryDimensionOfViews) {
  Generator generator(1);
  const Tensor x = Round(Normal({6, 150, 40}, 0, 3, {}, &generator));
  for (const Tensor& view : {x, Transpose(x, 0, 2), Flip(x, {1}), Slice(x, 2, 1, 40, 3)}) {
    for (int64_t dim = 0; dim < 3; ++dim) {
      const int64_t k = std::min<int64_t>(view.size(dim), 5);
      const auto [values, indices] = TopK(view, k, dim);
      const auto [sorted, places] = Sort(view, {.dim = dim, .descending = true});
      EXPECT_TRUE(SameBits(values, Contiguous(Narrow(sorted, dim, 0, k)))) << dim;
      EXPECT_TRUE(SameBits(indices, Contiguous(Narrow(places, dim, 0, k)))) << dim;
      EXPECT_TRUE(SameBits(sorted, Gather(view, dim, places))) << dim;
      const Tensor rows = Reshape(Contiguous(MoveDim(view, {dim}, {-1})), {-1, view.size(dim)});
      const Tensor sorted_rows = Reshape(Contiguous(MoveDim(places, {dim}, {-1})), rows.shape());
      for (int64_t r = 0; r < rows.size(0); r += 37) {
        const Tensor expected =
            FromVector(PlacesInOrder(Select(rows, 0, r), true, rows.size(1)), {rows.size(1)});
        EXPECT_TRUE(SameBits(Contiguous(Select(sorted_rows, 0, r)), expected)) << dim;
      }
    }
  }
}

TEST(OrderTest, UniqueElementsOfLongVectors) {
  Generator generator(3);
  const Tensor x = RandInt(-50, 50, {5000}, {.dtype = kInt64}, &generator);
  const UniqueElements unique = Unique(x);
  EXPECT_TRUE(SameBits(IndexSelect(unique.output, 0, unique.inverse_indices), x));
  EXPECT_TRUE(All(Slice(unique.output, 0, 1) > Slice(unique.output, 0, 0, -1)).Item<bool>());
  EXPECT_EQ(Sum(unique.counts).Item<int64_t>(), 5000);
  EXPECT_EQ(unique.output.numel(), unique.counts.numel());
}

}  // namespace
}  // namespace neura
