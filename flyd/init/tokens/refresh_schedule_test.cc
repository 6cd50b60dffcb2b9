#include "flyd/init/tokens/refresh_schedule.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace flyd {
namespace {

TEST(RefreshDelayTest, LiesInFortyToFiftyPercentOfLife) {
  for (int i = 0; i < 1000; ++i) {
    const absl::Duration delay = RefreshDelay(absl::StrCat("148e21f0c1", i), absl::Seconds(600));
    EXPECT_GE(delay, absl::Seconds(240));
    EXPECT_LT(delay, absl::Seconds(300));
  }
}

TEST(RefreshDelayTest, SpreadsMachinesEvenly) {
  std::vector<int> tenths(10);
  for (int i = 0; i < 10000; ++i) {
    const absl::Duration phase = RefreshDelay(absl::StrCat("148e21f0c", i), absl::Seconds(600)) - absl::Seconds(240);
    ++tenths[static_cast<size_t>(phase / absl::Seconds(6))];
  }
  EXPECT_LE(*std::max_element(tenths.begin(), tenths.end()), 1200);
  EXPECT_GE(*std::min_element(tenths.begin(), tenths.end()), 800);
}

TEST(RefreshDelayTest, IsTheSameForAMachineEveryTime) {
  EXPECT_EQ(RefreshDelay("148e21", absl::Seconds(600)), RefreshDelay("148e21", absl::Seconds(600)));
}

TEST(RefreshDelayTest, IsNeverOverNineMinutes) {
  EXPECT_EQ(RefreshDelay("148e21", absl::Hours(24)), absl::Minutes(9));
}

TEST(RetryDelayTest, DoublesToThirtySeconds) {
  EXPECT_EQ(RetryDelay(1, 0), absl::Seconds(1));
  EXPECT_EQ(RetryDelay(2, 0), absl::Seconds(2));
  EXPECT_EQ(RetryDelay(5, 0), absl::Seconds(16));
  EXPECT_EQ(RetryDelay(6, 0), absl::Seconds(30));
  EXPECT_EQ(RetryDelay(1000, 0), absl::Seconds(30));
}

TEST(RetryDelayTest, JitterTakesUpToHalfAway) {
  EXPECT_EQ(RetryDelay(2, 0.5), absl::Milliseconds(1500));
  EXPECT_GT(RetryDelay(2, 0.999), absl::Seconds(1));
}

TEST(TokenLifetimeTest, IsExpLessIat) {
  EXPECT_EQ(TokenLifetime(absl::StrCat("e30.", absl::WebSafeBase64Escape(R"({"exp":700,"iat":100})"), ".c2ln")),
            absl::Seconds(600));
}

TEST(TokenLifetimeTest, IsAssumedWhereItCannotBeRead) {
  for (const char* claims : {"", "{}", "[]", R"({"exp":"700","iat":100})", R"({"exp":100,"iat":100})"}) {
    EXPECT_EQ(TokenLifetime(absl::StrCat("e30.", absl::WebSafeBase64Escape(claims), ".c2ln")), kAssumedTokenLifetime)
        << claims;
  }
  for (const char* token : {"", "x", "a.b", "a.%.c", "a.b.c.d"}) EXPECT_EQ(TokenLifetime(token), kAssumedTokenLifetime);
}

}  // namespace
}  // namespace flyd
