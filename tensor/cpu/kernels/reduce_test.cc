// Reductions of every dtype along every kind of dimension, against plain loops over elements read
// one by one.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/values.h"

namespace neura::cpu {
namespace {

std::vector<double> Values(const Tensor& tensor) {
  const Tensor wide = Cast(Contiguous(tensor), kFloat64);
  const auto* data = static_cast<const double*>(wide.raw_data());
  return {data, data + wide.numel()};
}

// What is folded into one output, in order.
struct Folded {
  double sum = 0, max = -std::numeric_limits<double>::infinity();
  double min = std::numeric_limits<double>::infinity();
  int64_t argmax = -1, argmin = -1, count = 0;
  void Add(double x) {
    sum += x;
    if (argmax < 0 || x > max || (std::isnan(x) && !std::isnan(max))) max = x, argmax = count;
    if (argmin < 0 || x < min || (std::isnan(x) && !std::isnan(min))) min = x, argmin = count;
    ++count;
  }
};

// Over `dim` of a three-dimensional tensor, or over all of it.
std::vector<Folded> Fold(const Tensor& x, std::optional<int64_t> dim) {
  const std::vector<double> values = Values(x);
  const int64_t a = x.size(0), b = x.size(1), c = x.size(2);
  const int64_t outputs = !dim ? 1 : *dim == 0 ? b * c : *dim == 1 ? a * c : a * b;
  std::vector<Folded> folded(static_cast<size_t>(outputs));
  for (int64_t i = 0; i < a; ++i) {
    for (int64_t j = 0; j < b; ++j) {
      for (int64_t k = 0; k < c; ++k) {
        const int64_t o = !dim ? 0 : *dim == 0 ? j * c + k : *dim == 1 ? i * c + k : i * b + j;
        folded[static_cast<size_t>(o)].Add(values[static_cast<size_t>((i * b + j) * c + k)]);
      }
    }
  }
  return folded;
}

template <typename Of>
void ExpectFolded(const Tensor& actual, const std::vector<Folded>& expected, double tolerance,
                  Of of) {
  const std::vector<double> values = Values(actual);
  ASSERT_EQ(values.size(), expected.size());
  for (size_t i = 0; i < values.size(); ++i) {
    const double wanted = of(expected[i]);
    if (std::isnan(wanted)) {
      EXPECT_TRUE(std::isnan(values[i])) << i;
    } else {
      ASSERT_NEAR(values[i], wanted, tolerance * (1 + std::abs(wanted))) << i;
    }
  }
}

void ExpectReductions(const Tensor& x) {
  for (std::optional<int64_t> dim : std::vector<std::optional<int64_t>>{{}, 0, 1, 2}) {
    SCOPED_TRACE(::testing::Message() << "dim " << (dim ? *dim : -1));
    const std::vector<Folded> expected = Fold(x, dim);
    ReduceOptions options;
    if (dim) options.dims = {*dim};
    const double tolerance = x.dtype() == kFloat32 ? 1e-6 : 1e-13;
    ExpectFolded(Sum(x, options), expected, tolerance, [](const Folded& f) { return f.sum; });
    ExpectFolded(AMax(x, options), expected, 0, [](const Folded& f) { return f.max; });
    ExpectFolded(AMin(x, options), expected, 0, [](const Folded& f) { return f.min; });
    ExpectFolded(Any(x, options), expected, 0,
                 [](const Folded& f) { return std::isnan(f.max) || f.max != 0 || f.min != 0; });
    ExpectFolded(ArgMax(x, {.dim = dim}), expected, 0,
                 [](const Folded& f) { return static_cast<double>(f.argmax); });
    ExpectFolded(ArgMin(x, {.dim = dim}), expected, 0,
                 [](const Folded& f) { return static_cast<double>(f.argmin); });
  }
}

class ReduceTest : public ::testing::TestWithParam<DType> {
 protected:
  // Few different values, so that many are extreme; between `low` and 60.
  Tensor Random(DimsView shape) const {
    Generator generator(1);
    const int64_t low = GetParam() == kUInt8 || GetParam() == kBool ? 0 : -60;
    return Cast(RandInt(low, GetParam() == kBool ? 2 : 60, shape, {.dtype = kInt64}, &generator),
                GetParam());
  }
};

TEST_P(ReduceTest, OfEveryShape) {
  for (const Dims& shape : std::vector<Dims>{{1, 1, 1},
                                             {2, 3, 5},
                                             {3, 7, 16},
                                             {2, 9, 33},
                                             {40, 3, 530},
                                             {2, 300, 200},
                                             {1, 3, 70'000},
                                             {2, 9'000, 4}}) {
    SCOPED_TRACE(::testing::Message() << shape[0] << "x" << shape[1] << "x" << shape[2]);
    ExpectReductions(Random(shape));
    ExpectReductions(Permute(Random(shape), {2, 0, 1}));
    ExpectReductions(Permute(Random(shape), {1, 2, 0}));
  }
}

INSTANTIATE_TEST_SUITE_P(DTypes, ReduceTest,
                         ::testing::Values(kFloat32, kFloat64, kInt64, kInt32, kUInt8, kBool),
                         [](const auto& info) { return std::string(DTypeName(info.param)); });

TEST(ReduceNaNTest, WinsWhereverItStands) {
  for (DType dtype : {kFloat32, kFloat64}) {
    Generator generator(1);
    const Tensor x = Normal({3, 40, 50}, 0, 1, {.dtype = dtype}, &generator);
    const Tensor holes = Uniform({3, 40, 50}, 0, 1, {}, &generator) < 0.02;
    ExpectReductions(MaskedFill(x, holes, std::nan("")));
    ExpectReductions(Permute(MaskedFill(x, holes, std::nan("")), {2, 0, 1}));
  }
}

TEST(SortTest, NaNIsTheLargestAndEqualsKeepTheirOrder) {
  const float nan = std::nanf("");
  for (DType dtype : {kFloat16, kBFloat16, kFloat32, kFloat64}) {
    const Tensor x = Cast(FromList<float>({2, nan, -0.0f, -INFINITY, 0, nan, INFINITY}), dtype);
    const auto order = [&](bool descending) {
      return testing::Values<int64_t>(Sort(x, {.descending = descending}).indices);
    };
    EXPECT_EQ(order(false), (std::vector<int64_t>{3, 2, 4, 0, 6, 1, 5}));
    EXPECT_EQ(order(true), (std::vector<int64_t>{1, 5, 6, 0, 2, 4, 3}));
    EXPECT_EQ(Sort(x).values.dtype(), dtype);
  }
  const std::vector<int64_t> extremes = {std::numeric_limits<int64_t>::max(), -1,
                                         std::numeric_limits<int64_t>::min()};
  EXPECT_EQ(testing::Values<int64_t>(Sort(FromVector(extremes, {3})).indices),
            (std::vector<int64_t>{2, 1, 0}));
  EXPECT_EQ(Sort(ScalarTensor(3.0f)).indices.Item<int64_t>(), 0);
}

TEST(ReduceFloatTest, ProductsThatSink) {
  Generator generator(1);
  // Of 70000 normal numbers the product is far below what double holds.
  const Tensor small = Normal({70'000, 3}, 0, 1, {}, &generator);
  EXPECT_EQ(Prod(small).Item<float>(), 0);
  for (int64_t dim : {0, 1}) {
    const Tensor columns =
        Prod(dim == 0 ? small : Contiguous(Transpose(small, 0, 1)), {.dims = {dim}});
    EXPECT_EQ(NonZero(columns).numel(), 0);
  }
  // With its sign.
  const Tensor odd = Cat({Full({1}, -1e-3f), Full({1279}, 1e-3f)});
  for (const Tensor& zero : {Prod(odd), Prod(FromList<float>({-0.0f, 1})),
                             Prod(FromList<float>({-0.0f, 1}, {2, 1}), {.dims = {0}})}) {
    EXPECT_TRUE(std::signbit(zero.Item<float>()));
  }
  // What sinks by less rises again: to 10^-240 in every lane and back.
  const Tensor down = Full({1280}, 1e-3f), up = Full({1280}, 1e3f);
  EXPECT_NEAR(Prod(Cat({down, up})).Item<float>(), 1, 1e-4);
  // A NaN, an infinity and 0 come through.
  EXPECT_TRUE(std::isnan(Prod(Cat({small, Full({1, 3}, std::nan(""))})).Item<float>()));
  EXPECT_TRUE(std::isnan(Prod(Cat({Full({700}, 1e30f), Zeros({1})})).Item<float>()));
  EXPECT_EQ(Prod(Full({700}, -1e30f)).Item<float>(), INFINITY);
  // The same bits from strided elements.
  const Tensor near = Exp(Normal({70'001, 3}, 0, 0.01, {}, &generator));
  const Tensor strided = Select(near, 1, 1);
  EXPECT_EQ(Prod(strided).Item<float>(), Prod(Contiguous(strided)).Item<float>());
  EXPECT_EQ(Prod(Select(small, 1, 1)).Item<float>(), 0);
}

TEST(ReduceIntegerTest, SumsAndProductsWrap) {
  const int64_t least = std::numeric_limits<int64_t>::min();
  const Tensor x = Full({40}, least + 3, {.dtype = kInt64});
  // 40 * (-2^63 + 3) is 120 modulo 2^64.
  EXPECT_EQ(Sum(x).Item<int64_t>(), 120);
  uint64_t product = 1;
  for (int i = 0; i < 40; ++i) product *= static_cast<uint64_t>(least + 3);
  EXPECT_EQ(Prod(x).Item<int64_t>(), static_cast<int64_t>(product));
}

}  // namespace
}  // namespace neura::cpu
