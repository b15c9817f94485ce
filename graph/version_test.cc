#include "neura/graph/version.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace neura {
namespace {

TEST(Version, IsThatOfVersionBzl) {
  EXPECT_STREQ(kGraphVersion, NEURA_EXPECTED_VERSION);
  EXPECT_THAT(kGraphVersion, ::testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
}

}  // namespace
}  // namespace neura
