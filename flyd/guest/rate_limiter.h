#ifndef FLYD_GUEST_RATE_LIMITER_H_
#define FLYD_GUEST_RATE_LIMITER_H_

#include <cstddef>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

namespace flyd {

// A token bucket for each machine: `burst` at once, then `per_second`. Buckets that are full again are forgotten, so that
// machines which are gone cost nothing. Thread-safe.
class RateLimiter {
 public:
  RateLimiter(double per_second, int burst) : per_second_(per_second), burst_(burst) {}

  // Takes one at `monotonic`. Zero: there was one. Else how long until there is, and nothing is taken.
  absl::Duration Take(absl::string_view machine_id, absl::Duration monotonic) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Bucket {
    double level;
    absl::Duration at;
  };
  double LevelAt(const Bucket& bucket, absl::Duration monotonic) const;

  const double per_second_;
  const int burst_;
  absl::Mutex mu_;
  absl::flat_hash_map<std::string, Bucket> buckets_ ABSL_GUARDED_BY(mu_);
  size_t next_sweep_ ABSL_GUARDED_BY(mu_) = 256;
};

}  // namespace flyd

#endif  // FLYD_GUEST_RATE_LIMITER_H_
