#include "neura/tensor/cpu/gemm.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "neura/tensor/cpu/testing.h"
#include "neura/tensor/parallel/thread_pool.h"

namespace neura::cpu {
namespace {

enum class Layout { kRowMajor, kColumnMajor, kSpread };

// A matrix of random values with one of the layouts.
template <typename T>
struct Matrix {
  Matrix(int64_t rows, int64_t columns, Layout layout, int seed) {
    row_stride = layout == Layout::kColumnMajor ? 1
                 : layout == Layout::kRowMajor  ? columns + 3
                                                : 2 * columns + 1;
    col_stride = layout == Layout::kColumnMajor ? rows + 2 : layout == Layout::kRowMajor ? 1 : 2;
    const int64_t last =
        rows * columns == 0 ? -1 : (rows - 1) * row_stride + (columns - 1) * col_stride;
    values = RandomValues<T>(last + 1, seed);
  }
  T At(int64_t i, int64_t j) const { return values[i * row_stride + j * col_stride]; }

  std::vector<T> values;
  int64_t row_stride;
  int64_t col_stride;
};

struct Shape {
  int64_t m, n, k;
};

template <typename T>
struct Problem {
  Problem(Shape s, Layout a_layout, Layout b_layout, bool accumulate, bool bias)
      : a(s.m, s.k, a_layout, 1),
        b(s.k, s.n, b_layout, 2),
        c(RandomValues<T>(s.m * (s.n + 5), 3)),
        row_bias(RandomValues<T>(s.m, 4)),
        column_bias(RandomValues<T>(s.n, 5)) {
    args.m = s.m;
    args.n = s.n;
    args.k = s.k;
    args.a = a.values.data();
    args.a_row_stride = a.row_stride;
    args.a_col_stride = a.col_stride;
    args.b = b.values.data();
    args.b_row_stride = b.row_stride;
    args.b_col_stride = b.col_stride;
    args.c_row_stride = s.n + 5;
    args.accumulate = accumulate;
    if (bias) {
      args.row_bias = row_bias.data();
      args.column_bias = column_bias.data();
    }
  }

  std::vector<T> Run() const {
    std::vector<T> result = c;
    GemmArgs<T> run = args;
    run.c = result.data();
    Gemm(run);
    return result;
  }

  Matrix<T> a, b;
  std::vector<T> c, row_bias, column_bias;
  GemmArgs<T> args;
};

template <typename T>
void ExpectCorrect(const Problem<T>& problem, const std::string& label) {
  const std::vector<T> result = problem.Run();
  const GemmArgs<T>& g = problem.args;
  for (int64_t i = 0; i < g.m; ++i) {
    for (int64_t j = 0; j < g.c_row_stride; ++j) {
      const T before = problem.c[i * g.c_row_stride + j];
      const T got = result[i * g.c_row_stride + j];
      if (j >= g.n) {
        ASSERT_EQ(got, before) << label << ": wrote beyond row " << i;
        continue;
      }
      Sum sum;
      if (g.accumulate) sum.Add(before);
      if (g.row_bias != nullptr) sum.Add(g.row_bias[i]);
      if (g.column_bias != nullptr) sum.Add(g.column_bias[j]);
      for (int64_t k = 0; k < g.k; ++k) {
        sum.Add(static_cast<long double>(problem.a.At(i, k)) * problem.b.At(k, j));
      }
      ASSERT_NEAR(got, static_cast<double>(sum.value), sum.Tolerance<T>())
          << label << " at " << i << ", " << j;
    }
  }
}

const Layout kLayouts[] = {Layout::kRowMajor, Layout::kColumnMajor, Layout::kSpread};

template <typename T>
class FloatGemmTest : public ::testing::Test {};
using FloatTypes = ::testing::Types<float, double>;
TYPED_TEST_SUITE(FloatGemmTest, FloatTypes);

TYPED_TEST(FloatGemmTest, EveryShapeAndLayout) {
  const Shape shapes[] = {{1, 1, 1},    {1, 1, 40},    {2, 3, 4},     {5, 1, 7},     {1, 7, 5},
                          {1, 300, 33}, {300, 1, 33},  {4, 17, 129},  {8, 8, 8},     {9, 50, 31},
                          {13, 31, 16}, {14, 32, 64},  {15, 33, 65},  {28, 100, 70}, {29, 47, 200},
                          {64, 64, 64}, {65, 63, 66},  {100, 10, 90}, {33, 129, 5},  {90, 91, 400},
                          {3, 5, 4100}, {40, 2, 2100}, {200, 70, 385}};
  for (const Shape& shape : shapes) {
    for (Layout a : kLayouts) {
      for (Layout b : kLayouts) {
        for (bool accumulate : {false, true}) {
          ExpectCorrect(Problem<TypeParam>(shape, a, b, accumulate, /*bias=*/!accumulate),
                        absl::StrCat(shape.m, "x", shape.n, "x", shape.k, " layouts ",
                                     static_cast<int>(a), static_cast<int>(b)));
          if (this->HasFatalFailure()) return;
        }
      }
    }
  }
}

TYPED_TEST(FloatGemmTest, BlocksInEveryDimension) {
  for (Layout b : {Layout::kRowMajor, Layout::kColumnMajor}) {
    ExpectCorrect(Problem<TypeParam>({1100, 40, 800}, Layout::kRowMajor, b, true, true), "rows");
    ExpectCorrect(Problem<TypeParam>({50, 1060, 800}, Layout::kColumnMajor, b, true, true),
                  "columns");
  }
}

TYPED_TEST(FloatGemmTest, AccumulateWithBiases) {
  for (const Shape& shape :
       {Shape{1, 20, 30}, Shape{20, 1, 30}, Shape{50, 60, 70}, Shape{0, 4, 4}, Shape{4, 0, 4}}) {
    for (Layout b : kLayouts) {
      ExpectCorrect(Problem<TypeParam>(shape, Layout::kRowMajor, b, true, true), "both");
    }
  }
}

TYPED_TEST(FloatGemmTest, NoProductsLeaveTheEpilogue) {
  for (const Shape& shape : {Shape{3, 4, 0}, Shape{1, 4, 0}, Shape{4, 1, 0}, Shape{40, 70, 0}}) {
    for (Layout b : kLayouts) {
      for (bool accumulate : {false, true}) {
        for (bool bias : {false, true}) {
          ExpectCorrect(Problem<TypeParam>(shape, Layout::kRowMajor, b, accumulate, bias), "k = 0");
        }
      }
    }
  }
}

TYPED_TEST(FloatGemmTest, BroadcastAndReversedOperands) {
  using T = TypeParam;
  const std::vector<T> x = RandomValues<T>(64, 1);
  GemmArgs<T> g;
  g.m = 6;
  g.n = 40;
  g.k = 64;
  g.a = x.data() + 63;  // every row of A is x backwards
  g.a_row_stride = 0;
  g.a_col_stride = -1;
  g.b = x.data();  // every column of B is x
  g.b_row_stride = 1;
  g.b_col_stride = 0;
  std::vector<T> c(6 * 40);
  g.c = c.data();
  g.c_row_stride = 40;
  Gemm(g);
  Sum expected;
  for (int k = 0; k < 64; ++k) expected.Add(static_cast<long double>(x[63 - k]) * x[k]);
  for (T value : c)
    ASSERT_NEAR(value, static_cast<double>(expected.value), expected.Tolerance<T>());
}

TYPED_TEST(FloatGemmTest, PropagatesInfinityAndNaN) {
  using T = TypeParam;
  for (const Shape& shape : {Shape{2, 40, 20}, Shape{70, 70, 70}}) {
    Problem<T> problem(shape, Layout::kRowMajor, Layout::kRowMajor, false, false);
    problem.a.values[0] = 0;
    problem.b.values[0] = std::numeric_limits<T>::infinity();  // 0 * inf
    problem.b.values[1] = std::numeric_limits<T>::quiet_NaN();
    const std::vector<T> c = problem.Run();
    EXPECT_TRUE(std::isnan(c[0]));
    EXPECT_TRUE(std::isnan(c[1]));
    EXPECT_TRUE(std::isfinite(c[2]));
    EXPECT_TRUE(std::isinf(c[problem.args.c_row_stride]));
  }
}

TYPED_TEST(FloatGemmTest, SameBitsForEveryThreadCount) {
  for (const Shape& shape :
       {Shape{1, 3000, 700}, Shape{8, 999, 500}, Shape{300, 310, 900}, Shape{1100, 40, 64}}) {
    for (Layout b : {Layout::kRowMajor, Layout::kColumnMajor}) {
      const Problem<TypeParam> problem(shape, Layout::kRowMajor, b, true, true);
      SCOPED_TRACE(shape.m);
      ExpectSameForAllThreads([&] { return problem.Run(); });
    }
  }
}

template <typename T>
class IntegerGemmTest : public ::testing::Test {};
using IntegerTypes = ::testing::Types<int32_t, int64_t, uint8_t>;
TYPED_TEST_SUITE(IntegerGemmTest, IntegerTypes);

TYPED_TEST(IntegerGemmTest, WrapsModuloThePowerOfTwo) {
  using T = TypeParam;
  using U = std::make_unsigned_t<T>;
  for (const Shape& shape : {Shape{5, 7, 9}, Shape{1, 30, 3}, Shape{30, 1, 3}, Shape{2, 3, 0}}) {
    for (Layout layout : kLayouts) {
      const Problem<T> problem(shape, layout, layout, true, true);
      const std::vector<T> result = problem.Run();
      for (int64_t i = 0; i < shape.m; ++i) {
        for (int64_t j = 0; j < shape.n; ++j) {
          uint64_t sum = static_cast<uint64_t>(problem.c[i * (shape.n + 5) + j]) +
                         static_cast<uint64_t>(problem.row_bias[i]) +
                         static_cast<uint64_t>(problem.column_bias[j]);
          for (int64_t k = 0; k < shape.k; ++k) {
            sum += static_cast<uint64_t>(problem.a.At(i, k)) *
                   static_cast<uint64_t>(problem.b.At(k, j));
          }
          ASSERT_EQ(static_cast<U>(result[i * (shape.n + 5) + j]), static_cast<U>(sum));
        }
      }
    }
  }
}

struct BatchCase {
  int64_t count, m, n, k;
  bool broadcast_a, broadcast_b;
};

TEST(BatchedGemmTest, MatchesSingleProducts) {
  const BatchCase cases[] = {{0, 3, 4, 5, false, false},       {1, 3, 4, 5, false, false},
                             {7, 5, 6, 4, false, false},       {7, 5, 6, 4, true, false},
                             {7, 5, 6, 4, false, true},        {7, 5, 6, 4, true, true},
                             {100, 8, 8, 8, false, false},     {3, 70, 80, 90, false, true},
                             {2, 260, 260, 260, false, false}, {4, 3, 3, 0, false, false}};
  for (const BatchCase& t : cases) {
    const std::vector<float> a = RandomValues<float>((t.broadcast_a ? 1 : t.count) * t.m * t.k, 1);
    const std::vector<float> b = RandomValues<float>((t.broadcast_b ? 1 : t.count) * t.k * t.n, 2);
    std::vector<float> got(t.count * t.m * t.n, 7.0f);
    BatchedGemmArgs<float> batch;
    batch.count = t.count;
    batch.a_stride = t.broadcast_a ? 0 : t.m * t.k;
    batch.b_stride = t.broadcast_b ? 0 : t.k * t.n;
    batch.c_stride = t.m * t.n;
    batch.product.m = t.m;
    batch.product.n = t.n;
    batch.product.k = t.k;
    batch.product.a = a.data();
    batch.product.a_row_stride = t.k;
    batch.product.b = b.data();
    batch.product.b_row_stride = t.n;
    batch.product.c = got.data();
    batch.product.c_row_stride = t.n;
    BatchedGemm(batch);
    for (int64_t i = 0; i < t.count * t.m * t.n; ++i) {
      const int64_t p = i / (t.m * t.n), row = i / t.n % t.m, column = i % t.n;
      Sum sum;
      for (int64_t k = 0; k < t.k; ++k) {
        sum.Add(static_cast<long double>(a[p * batch.a_stride + row * t.k + k]) *
                b[p * batch.b_stride + k * t.n + column]);
      }
      ASSERT_NEAR(got[i], static_cast<double>(sum.value), sum.Tolerance<float>())
          << t.count << "x" << t.m << " at " << i;
    }
  }
}

}  // namespace
}  // namespace neura::cpu
