#include "neura/trainer/ticks.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace neura::trainer {
namespace {

using ::testing::ElementsAre;

std::vector<std::string> Labels(double low, double high) {
  const Ticks ticks = RoundTicks(low, high);
  std::vector<std::string> labels;
  for (double value : ticks.values) labels.push_back(absl::StrFormat("%.*f", ticks.digits, value));
  return labels;
}

TEST(RoundTicks, StepsAreOneTwoOrFiveTimesAPowerOfTen) {
  EXPECT_THAT(Labels(0.237, 0.484),
              ElementsAre("0.20", "0.25", "0.30", "0.35", "0.40", "0.45", "0.50"));
  EXPECT_THAT(Labels(84.3, 92.5), ElementsAre("84", "86", "88", "90", "92", "94"));
  EXPECT_THAT(Labels(0.011, 0.012),
              ElementsAre("0.0110", "0.0112", "0.0114", "0.0116", "0.0118", "0.0120"));
  EXPECT_THAT(Labels(-3, 30), ElementsAre("-10", "0", "10", "20", "30"));
}

TEST(RoundTicks, EndsThatAreRoundStay) {
  EXPECT_THAT(Labels(0, 1), ElementsAre("0.0", "0.2", "0.4", "0.6", "0.8", "1.0"));
  EXPECT_THAT(Labels(99.2, 100), ElementsAre("99.2", "99.4", "99.6", "99.8", "100.0"));
}

TEST(RoundTicks, OneValueGetsRoomAroundIt) {
  EXPECT_THAT(Labels(0.4369, 0.4369),
              ElementsAre("0.38", "0.40", "0.42", "0.44", "0.46", "0.48", "0.50"));
  EXPECT_THAT(Labels(0, 0), ElementsAre("-1.0", "-0.5", "0.0", "0.5", "1.0"));
}

TEST(RoundTicks, ARangeThatIsNotFiniteIsFromZeroToOne) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(Labels(0.5, infinity), Labels(0, 1));
  EXPECT_EQ(Labels(infinity, -infinity), Labels(0, 1));
  EXPECT_EQ(Labels(std::nan(""), std::nan("")), Labels(0, 1));
}

TEST(RoundTicks, CoverTheRangeWithFourToSevenTicks) {
  for (double low : {-40.0, 0.0, 0.0123, 0.3, 77.7}) {
    for (double width = 1e-4; width < 1e5; width *= 1.37) {
      const std::vector<double> ticks = RoundTicks(low, low + width).values;
      EXPECT_GE(ticks.size(), 4u) << low << " " << width;
      EXPECT_LE(ticks.size(), 7u) << low << " " << width;
      const double step = ticks[1] - ticks[0];
      EXPECT_LE(ticks.front(), low + 1e-5 * step);
      EXPECT_GE(ticks.back(), low + width - 1e-5 * step);
    }
  }
}

}  // namespace
}  // namespace neura::trainer
