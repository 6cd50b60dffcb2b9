#include "flyd/supervisor/restart_policy.h"

#include "gtest/gtest.h"

namespace flyd {
namespace {

using Verdict = RestartDecision::Verdict;
using storage::ExitReport;

constexpr RestartSettings kNo{};
constexpr RestartSettings kOnFailure{.policy = RestartPolicy::kOnFailure, .max_retries = 3};
constexpr RestartSettings kAlways{.policy = RestartPolicy::kAlways};

struct PolicyCase {
  const char* name;
  RestartSettings settings;
  ExitReport exit;
  uint32_t restarts;
  absl::Duration ran;
  Verdict verdict;
  absl::Duration delay;
};

class RestartPolicyTest : public testing::TestWithParam<PolicyCase> {};

TEST_P(RestartPolicyTest, Decides) {
  const PolicyCase& c = GetParam();
  const RestartDecision decision = DecideRestart(c.settings, c.exit, c.restarts, c.ran);
  EXPECT_EQ(decision.verdict, c.verdict);
  EXPECT_EQ(decision.delay, c.delay);
}

const absl::Duration kShort = absl::Seconds(1);
const absl::Duration kNone = absl::ZeroDuration();

INSTANTIATE_TEST_SUITE_P(
    Policies, RestartPolicyTest,
    testing::Values(
        PolicyCase{"NoNeverRestarts", kNo, {.exit_code = 1}, 0, kShort, Verdict::kRest, kNone},
        PolicyCase{"OnFailureRestsAfterSuccess", kOnFailure, {.exit_code = 0}, 0, kShort, Verdict::kRest, kNone},
        PolicyCase{"OnFailureRestartsAfterACode", kOnFailure, {.exit_code = 1}, 0, kShort, Verdict::kRestart, absl::Seconds(1)},
        PolicyCase{"OnFailureRestartsAfterAnError", kOnFailure, {.error = "runner: gone"}, 1, kShort, Verdict::kRestart, absl::Seconds(2)},
        PolicyCase{"TheLastTry", kOnFailure, {.exit_code = 1}, 2, kShort, Verdict::kRestart, absl::Seconds(4)},
        PolicyCase{"OnePastTheLastTry", kOnFailure, {.exit_code = 1}, 3, kShort, Verdict::kGiveUp, kNone},
        PolicyCase{"ALongRunStartsTheCountAgain", kOnFailure, {.exit_code = 1}, 3, kCalmAfter, Verdict::kRestart, absl::Seconds(1)},
        PolicyCase{"AlmostLongIsNotLong", kOnFailure, {.exit_code = 1}, 3, kCalmAfter - absl::Nanoseconds(1), Verdict::kGiveUp, kNone},
        PolicyCase{"AlwaysRestartsAfterSuccess", kAlways, {.exit_code = 0}, 0, kShort, Verdict::kRestart, absl::Seconds(1)},
        PolicyCase{"AlwaysNeverGivesUpAndWaitsAMinuteAtMost", kAlways, {.exit_code = 1}, 1000, kShort, Verdict::kRestart, absl::Minutes(1)},
        PolicyCase{"AnOrderedStopIsFinal", kAlways, {.exit_code = 1, .requested_stop = true}, 0, kShort, Verdict::kRest, kNone}),
    [](const auto& info) { return info.param.name; });

TEST(RestartPolicyTest, ACalmBootLeavesNoCountBehind) {
  EXPECT_EQ(DecideRestart(kOnFailure, {.exit_code = 0}, 3, kCalmAfter).restarts, 0u);
  EXPECT_EQ(DecideRestart(kOnFailure, {.exit_code = 1}, 1, kShort).restarts, 2u);
}

}  // namespace
}  // namespace flyd
