#include "tokensvc/issuer/cache_policy.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace tokensvc {
namespace {

// A Kubernetes API server refuses a key that it does not know until max-age less 30 s has run out. Schedules give 24 h of
// warning, but the kids of a new epoch (panic) have none: with 30 s it follows at once.
constexpr absl::Duration kLongestFresh = absl::Seconds(30);
// As long as a key is published before it signs: what the schedule does not name yet is not missed by more than errors.
constexpr absl::Duration kLongestStale = absl::Hours(24);
// A signer whose clock may be further off signs nothing.
constexpr absl::Duration kClockError = absl::Seconds(1);

absl::Duration WholeSeconds(absl::Duration duration) {
  return std::max(absl::ZeroDuration(), absl::Floor(duration, absl::Seconds(1)));
}

}  // namespace

CachePolicy CachePolicyFor(absl::Time next_key_signs, absl::Time now) {
  const absl::Duration left = WholeSeconds(next_key_signs - now - kClockError);
  const absl::Duration fresh = std::min(kLongestFresh, WholeSeconds(left / 2));
  return {.max_age = fresh, .s_maxage = fresh, .stale_if_error = std::min(kLongestStale, left - 2 * fresh)};
}

std::string CacheControl(const CachePolicy& policy) {
  return absl::StrCat("public, max-age=", absl::ToInt64Seconds(policy.max_age),
                      ", s-maxage=", absl::ToInt64Seconds(policy.s_maxage),
                      ", stale-if-error=", absl::ToInt64Seconds(policy.stale_if_error));
}

}  // namespace tokensvc
