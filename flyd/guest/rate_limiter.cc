#include "flyd/guest/rate_limiter.h"

#include <algorithm>

namespace flyd {

absl::Duration RateLimiter::Take(absl::string_view machine_id, absl::Duration monotonic) {
  absl::MutexLock lock(&mu_);
  Bucket& bucket =
      buckets_.try_emplace(machine_id, Bucket{static_cast<double>(burst_), monotonic}).first->second;
  const double gained = absl::ToDoubleSeconds(monotonic - bucket.at) * per_second_;
  bucket.level = std::min<double>(burst_, bucket.level + std::max(gained, 0.0));
  bucket.at = monotonic;
  if (bucket.level >= 1) {
    bucket.level -= 1;
    return absl::ZeroDuration();
  }
  return absl::Seconds((1 - bucket.level) / per_second_);
}

void RateLimiter::Forget(absl::string_view machine_id) {
  absl::MutexLock lock(&mu_);
  buckets_.erase(machine_id);
}

}  // namespace flyd
