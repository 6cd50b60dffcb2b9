#include "flyd/guest/rate_limiter.h"

#include <algorithm>

namespace flyd {

double RateLimiter::LevelAt(const Bucket& bucket, absl::Duration monotonic) const {
  const double gained = absl::ToDoubleSeconds(monotonic - bucket.at) * per_second_;
  return std::min<double>(burst_, bucket.level + std::max(gained, 0.0));
}

absl::Duration RateLimiter::Take(absl::string_view machine_id, absl::Duration monotonic) {
  absl::MutexLock lock(&mu_);
  if (buckets_.size() >= next_sweep_) {
    absl::erase_if(buckets_, [&](const auto& entry) { return LevelAt(entry.second, monotonic) >= burst_; });
    next_sweep_ = 256 + 2 * buckets_.size();
  }
  Bucket& bucket =
      buckets_.try_emplace(machine_id, Bucket{static_cast<double>(burst_), monotonic}).first->second;
  bucket.level = LevelAt(bucket, monotonic);
  bucket.at = monotonic;
  if (bucket.level >= 1) {
    bucket.level -= 1;
    return absl::ZeroDuration();
  }
  return absl::Seconds((1 - bucket.level) / per_second_);
}

}  // namespace flyd
