#include "neura/graph/sym_int.h"

#include <functional>
#include <limits>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "neura/graph/capture.h"
#include "neura/graph/program.h"
#include "neura/graph/size_fit.h"
#include "neura/tensor/tensor.h"
#include "neura/tensor/testing/error_of.h"

namespace neura::graph {
namespace {

using testing::ErrorOf;
using ::testing::HasSubstr;

const SymInt kN = SymInt::Extent(ValueId{0}, 0), kM = SymInt::Extent(ValueId{0}, 1);

std::string Text(const SymInt& size) {
  return size.ToString([](const SizeLeaf& leaf) { return leaf.index == 0 ? "n" : "m"; });
}

TEST(SymInt, EqualByTheRulesOfARing) {
  EXPECT_EQ(kN + kM, kM + kN);
  EXPECT_EQ((kN + 1) * (kM - 2), kN * kM - 2 * kN + kM - 2);
  EXPECT_EQ(kN - kN, SymInt(0));
  EXPECT_EQ((4 * kN + 8) / 4, kN + 2);
  EXPECT_EQ(SymInt::Mod(6 * kN, 3), SymInt(0));
  EXPECT_EQ(SymInt::Equal(kN, kN + 1), SymInt(0));
  EXPECT_EQ(SymInt::Where(kM, kN, kN), kN);
  EXPECT_NE(kN / 2 * 2, kN);
  EXPECT_NE(kN, kM);
  EXPECT_NE(SymInt::Element(ValueId{0}, 0), kN);
}

TEST(SymInt, IsWrittenAsASum) {
  EXPECT_EQ(Text(3), "3");
  EXPECT_EQ(Text(4 * kN), "4*n");
  EXPECT_EQ(Text(kN * kM - kN + 7), "-1*n + n*m + 7");
  EXPECT_EQ(Text(SymInt::Min(kN + 1, 7) / 2), "div(min(n + 1, 7), 2)");
}

TEST(SymInt, RefusesWhatHasNoValue) {
  const auto at = [](const SymInt& size, int64_t n) {
    return size.Evaluate([n](const SizeLeaf&) { return n; });
  };
  EXPECT_THAT(ErrorOf([&] { at(kN / (kM - 3), 3); }), HasSubstr("divided by 0"));
  EXPECT_THAT(ErrorOf([&] { at(kN * kN, int64_t{1} << 40); }), HasSubstr("overflows"));
  EXPECT_THAT(ErrorOf([&] { SymInt(INT64_MAX) + SymInt(1); }), HasSubstr("overflows"));
  // The side that is not taken may have none.
  EXPECT_EQ(at(SymInt::Where(SymInt::Equal(kN, 0), 1, 12 / kN), 0), 1);
  EXPECT_EQ(at(SymInt::Where(SymInt::Equal(kN, 0), 1, 12 / kN), 4), 3);
}

TEST(SymInt, KnowsWhatIsNeverNegative) {
  EXPECT_TRUE((kN * kM + 3).is_never_negative());
  EXPECT_TRUE(SymInt::Max(kN - 3, 0).is_never_negative());
  EXPECT_TRUE((SymInt::Min(kN, 4) / 2).is_never_negative());
  EXPECT_FALSE((kN - 1).is_never_negative());
  EXPECT_FALSE(SymInt::Min(kN, -1).is_never_negative());
  EXPECT_FALSE(SymInt::Element(ValueId{0}, 0).is_never_negative());
}

TEST(SymInt, DoesNotGrowWithoutEnd) {
  EXPECT_THAT(ErrorOf([] {
                SymInt size = kN;
                for (int i = 0; i < 60; ++i) size = SymInt::Min(size + 1, size * size);
              }),
              HasSubstr("too long"));
}

// An expression and what it is at sizes, computed otherwise.
struct Both {
  SymInt size;
  std::function<int64_t(int64_t n, int64_t m)> at;
};

Both RandomExpression(std::mt19937& random, int depth, bool branches = true) {
  if (depth == 0) {
    const int64_t number = static_cast<int64_t>(random() % 13) - 3;
    switch (random() % 3) {
      case 0:
        return {number, [number](int64_t, int64_t) { return number; }};
      case 1:
        return {kN, [](int64_t n, int64_t) { return n; }};
      default:
        return {kM, [](int64_t, int64_t m) { return m; }};
    }
  }
  const Both a = RandomExpression(random, depth - 1, branches);
  const Both b = RandomExpression(random, depth - 1, branches);
  const auto both = [&](SymInt size, int64_t (*combine)(int64_t, int64_t)) {
    return Both{std::move(size),
                [a, b, combine](int64_t n, int64_t m) { return combine(a.at(n, m), b.at(n, m)); }};
  };
  const int64_t divisor = static_cast<int64_t>(random() % 5) + 1;
  switch (random() % (branches ? 8 : 7)) {
    case 0:
      return both(a.size + b.size, [](int64_t x, int64_t y) { return x + y; });
    case 1:
      return both(a.size - b.size, [](int64_t x, int64_t y) { return x - y; });
    case 2:
      return both(a.size * b.size, [](int64_t x, int64_t y) { return x * y; });
    case 3:
      return both(SymInt::Min(a.size, b.size), [](int64_t x, int64_t y) { return x < y ? x : y; });
    case 4:
      return both(SymInt::Max(a.size, b.size), [](int64_t x, int64_t y) { return x < y ? y : x; });
    case 5:
      return {a.size / divisor,
              [a, divisor](int64_t n, int64_t m) { return a.at(n, m) / divisor; }};
    case 6:
      return {SymInt::Mod(a.size, divisor), [a, divisor](int64_t n, int64_t m) {
                return ((a.at(n, m) % divisor) + divisor) % divisor;
              }};
    default:
      return {SymInt::Where(SymInt::Equal(a.size, 4), a.size, b.size),
              [a, b](int64_t n, int64_t m) { return a.at(n, m) == 4 ? a.at(n, m) : b.at(n, m); }};
  }
}

TEST(SymInt, RandomExpressionsHaveTheirValues) {
  for (uint32_t seed = 0; seed < 600; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const Both expression = RandomExpression(random, 1 + static_cast<int>(seed % 4));
    for (int64_t n : {0, 1, 2, 5, 12}) {
      for (int64_t m : {1, 3, 8}) {
        const int64_t value =
            expression.size.Evaluate([&](const SizeLeaf& leaf) { return leaf.index == 0 ? n : m; });
        ASSERT_EQ(value, expression.at(n, m)) << Text(expression.size) << " at " << n << ", " << m;
      }
    }
  }
}

// What a function with two open sizes computes of them, as a bound of a slice. A bound or a period
// that none of the sizes shows at which a function is run would go unseen: these show all of them.
TEST(FitSize, CapturedExpressionsAreRightOrRefused) {
  const Tensor counting = Arange(3000);
  int captured = 0, refused = 0;
  for (uint32_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937 random(seed);
    const Both end = RandomExpression(random, 1 + static_cast<int>(seed % 3), /*branches=*/false);
    const auto fn = [&](const Tensor& x) {
      return Slice(counting, 0, 0, end.at(x.size(0), x.size(1)));
    };
    CaptureOptions options;
    options.dynamic_batch = false;
    options.dynamic_dims = {{0, 0, "n"}, {0, 1, "m"}};
    std::optional<Graph> graph;
    try {
      graph = Capture(fn, {Rand({5, 9})}, options);
    } catch (const Error&) {
      ++refused;
      continue;
    }
    ++captured;
    const Program program(*std::move(graph));
    for (int64_t n : {7, 8, 9, 11, 14, 15, 21, 30, 40, 64}) {
      for (int64_t m : {9, 10, 12, 13, 18, 27, 35, 50}) {
        const Tensor x = Zeros({n, m});
        ASSERT_EQ(program(x).shape(), fn(x).shape()) << n << ", " << m << "\n"
                                                     << program.graph().ToString();
      }
    }
  }
  EXPECT_GT(captured, 150);
  EXPECT_GT(refused, 150);
}

}  // namespace
}  // namespace neura::graph
