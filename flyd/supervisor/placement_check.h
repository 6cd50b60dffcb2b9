#ifndef FLYD_SUPERVISOR_PLACEMENT_CHECK_H_
#define FLYD_SUPERVISOR_PLACEMENT_CHECK_H_

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "tokensvc/fleetlog/fleet_log_values.h"
#include "tokensvc/placement/placement.h"

namespace flyd {

// The authority's placement keys as they are now; may block for seconds. Thread-safe.
using PlacementKeySource = std::function<absl::StatusOr<std::vector<tokensvc::PlacementKey>>()>;

// Which placements this worker takes: signed by one of the authority's keys, for this worker. Thread-safe.
class PlacementCheck {
 public:
  // `keys` as enrolment gave them. A key that is not among them is asked for, every ten seconds at most: the authority has
  // another since. Empty: those are all.
  PlacementCheck(std::string worker, std::vector<tokensvc::PlacementKey> keys, PlacementKeySource source)
      : worker_(std::move(worker)), source_(std::move(source)), keys_(std::move(keys)) {}

  // InvalidArgument, saying what does not hold: bytes, key, signature, worker, or time at `now`. signerd checks all of it
  // again; here it is found before a machine is started that could never get a token.
  absl::StatusOr<tokensvc::VerifiedPlacement> Check(absl::string_view signed_placement, absl::Time now) const
      ABSL_LOCKS_EXCLUDED(mu_);

 private:
  std::optional<tokensvc::PlacementKey> Find(absl::string_view key_id) const ABSL_LOCKS_EXCLUDED(mu_);
  std::optional<tokensvc::PlacementKey> FindAnew(absl::string_view key_id, absl::Time now) const ABSL_LOCKS_EXCLUDED(mu_);

  const std::string worker_;
  const PlacementKeySource source_;
  mutable absl::Mutex mu_;
  mutable std::vector<tokensvc::PlacementKey> keys_ ABSL_GUARDED_BY(mu_);
  mutable absl::Time asked_ ABSL_GUARDED_BY(mu_) = absl::InfinitePast();
};

}  // namespace flyd

#endif  // FLYD_SUPERVISOR_PLACEMENT_CHECK_H_
