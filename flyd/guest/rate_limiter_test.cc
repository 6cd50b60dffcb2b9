#include "flyd/guest/rate_limiter.h"

#include <string>

#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace flyd {
namespace {

TEST(RateLimiterTest, ABurstThenTheRateThenTheTimeToWait) {
  RateLimiter limiter(10, 30);
  for (int i = 0; i < 30; ++i) EXPECT_EQ(limiter.Take("m", absl::Seconds(5)), absl::ZeroDuration()) << i;
  EXPECT_EQ(limiter.Take("m", absl::Seconds(5)), absl::Milliseconds(100));
  EXPECT_EQ(limiter.Take("m", absl::Seconds(5) + absl::Milliseconds(100)), absl::ZeroDuration());
  EXPECT_GT(limiter.Take("m", absl::Seconds(5) + absl::Milliseconds(100)), absl::ZeroDuration());
}

TEST(RateLimiterTest, MachinesDoNotShareABucket) {
  RateLimiter limiter(10, 1);
  EXPECT_EQ(limiter.Take("a", absl::Seconds(5)), absl::ZeroDuration());
  EXPECT_EQ(limiter.Take("b", absl::Seconds(5)), absl::ZeroDuration());
  EXPECT_GT(limiter.Take("a", absl::Seconds(5)), absl::ZeroDuration());
}

TEST(RateLimiterTest, RestDoesNotFillTheBucketBeyondTheBurst) {
  RateLimiter limiter(10, 2);
  EXPECT_EQ(limiter.Take("m", absl::Seconds(5)), absl::ZeroDuration());
  for (int i = 0; i < 2; ++i) EXPECT_EQ(limiter.Take("m", absl::Hours(5)), absl::ZeroDuration());
  EXPECT_GT(limiter.Take("m", absl::Hours(5)), absl::ZeroDuration());
}

TEST(RateLimiterTest, ABucketThatIsNotFullOutlivesThousandsOfOthers) {
  RateLimiter limiter(0.001, 1);
  EXPECT_EQ(limiter.Take("m", absl::Seconds(5)), absl::ZeroDuration());
  for (int i = 0; i < 5000; ++i) limiter.Take(std::to_string(i), absl::Seconds(5) + absl::Milliseconds(i));
  EXPECT_GT(limiter.Take("m", absl::Seconds(15)), absl::ZeroDuration());
}

}  // namespace
}  // namespace flyd
