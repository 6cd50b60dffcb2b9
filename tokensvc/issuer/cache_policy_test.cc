#include "tokensvc/issuer/cache_policy.h"

#include <string>

#include "gtest/gtest.h"

namespace tokensvc {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);

struct PolicyCase {
  const char* name;
  absl::Duration until_next_key;
  const char* header;
};

class CachePolicyTest : public testing::TestWithParam<PolicyCase> {};

TEST_P(CachePolicyTest, IsComputedFromTheNextKey) {
  EXPECT_EQ(CacheControl(CachePolicyFor(kNow + GetParam().until_next_key, kNow)), GetParam().header);
}

constexpr PolicyCase kCases[] = {
    {"NoneScheduled", absl::InfiniteDuration(), "public, max-age=30, s-maxage=30, stale-if-error=86400"},
    {"FarAway", absl::Hours(48), "public, max-age=30, s-maxage=30, stale-if-error=86400"},
    {"AsFarAsAllIsAllowed", absl::Seconds(86'461), "public, max-age=30, s-maxage=30, stale-if-error=86400"},
    {"ASecondLess", absl::Seconds(86'460), "public, max-age=30, s-maxage=30, stale-if-error=86399"},
    {"AMinuteAndTheClockError", absl::Seconds(61), "public, max-age=30, s-maxage=30, stale-if-error=0"},
    {"AMillisecondLess", absl::Milliseconds(60'999), "public, max-age=29, s-maxage=29, stale-if-error=1"},
    {"ThreeSeconds", absl::Seconds(3), "public, max-age=1, s-maxage=1, stale-if-error=0"},
    {"TheClockError", absl::Seconds(1), "public, max-age=0, s-maxage=0, stale-if-error=0"},
    {"Now", absl::ZeroDuration(), "public, max-age=0, s-maxage=0, stale-if-error=0"},
    {"LongAgo", -absl::Hours(1), "public, max-age=0, s-maxage=0, stale-if-error=0"},
};
INSTANTIATE_TEST_SUITE_P(Bounds, CachePolicyTest, testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

TEST(CachePolicyTest, NoChainOfCachesOutlastsTheWarningOfAKey) {
  for (int tenths = 0; tenths < 2'000'000; tenths += 7) {
    const absl::Duration warning = absl::Milliseconds(100) * tenths;
    const CachePolicy policy = CachePolicyFor(kNow + warning, kNow);
    const absl::Duration oldest = policy.s_maxage + policy.stale_if_error + policy.max_age;
    ASSERT_TRUE(oldest == absl::ZeroDuration() || oldest + absl::Seconds(1) <= warning) << warning;
    ASSERT_LE(policy.max_age, absl::Seconds(30));
  }
}

}  // namespace
}  // namespace tokensvc
