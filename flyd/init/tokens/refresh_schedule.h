#ifndef FLYD_INIT_TOKENS_REFRESH_SCHEDULE_H_
#define FLYD_INIT_TOKENS_REFRESH_SCHEDULE_H_

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace flyd {

// No token file is older than this when it is replaced, however long its token lives.
inline constexpr absl::Duration kLatestRefresh = absl::Minutes(9);
// Life of a token that does not say how long it lives.
inline constexpr absl::Duration kAssumedTokenLifetime = absl::Minutes(10);
inline constexpr absl::Duration kFirstRetry = absl::Seconds(1);
inline constexpr absl::Duration kLongestRetry = absl::Seconds(30);

// How long after a token was written the next is fetched: in 40 to 50 % of its life, at a phase that the machine's id
// alone decides, so that machines that started together do not ask together.
absl::Duration RefreshDelay(absl::string_view machine_id, absl::Duration token_lifetime);

// How long after failure number `failures` (from 1) the next try is: doubles from one second to thirty. `jitter` in
// [0, 1) takes up to half of it away.
absl::Duration RetryDelay(int failures, double jitter);

// "exp" less "iat" of a compact JWT, unverified: only to plan the refresh. kAssumedTokenLifetime if it cannot be read.
absl::Duration TokenLifetime(absl::string_view jwt);

}  // namespace flyd

#endif  // FLYD_INIT_TOKENS_REFRESH_SCHEDULE_H_
