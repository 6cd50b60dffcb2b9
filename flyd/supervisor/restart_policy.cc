#include "flyd/supervisor/restart_policy.h"

#include <algorithm>

namespace flyd {
namespace {

constexpr absl::Duration kFirstDelay = absl::Seconds(1);
constexpr absl::Duration kLongestDelay = absl::Minutes(1);

absl::Duration DelayBefore(uint32_t restart) {
  absl::Duration delay = kFirstDelay;
  for (uint32_t i = 1; i < restart && delay < kLongestDelay; ++i) delay *= 2;
  return std::min(delay, kLongestDelay);
}

}  // namespace

RestartDecision DecideRestart(const RestartSettings& settings, const storage::ExitReport& exit, uint32_t restarts,
                              absl::Duration ran) {
  using Verdict = RestartDecision::Verdict;
  if (ran >= kCalmAfter) restarts = 0;
  const bool failed = exit.exit_code != 0 || !exit.error.empty();
  const bool wanted = settings.policy == RestartPolicy::kAlways || (settings.policy == RestartPolicy::kOnFailure && failed);
  if (exit.requested_stop || !wanted) return {.restarts = restarts};
  if (settings.policy == RestartPolicy::kOnFailure && restarts >= settings.max_retries) {
    return {.verdict = Verdict::kGiveUp, .restarts = restarts};
  }
  return {.verdict = Verdict::kRestart, .delay = DelayBefore(restarts + 1), .restarts = restarts + 1};
}

}  // namespace flyd
