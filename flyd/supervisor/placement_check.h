#ifndef FLYD_SUPERVISOR_PLACEMENT_CHECK_H_
#define FLYD_SUPERVISOR_PLACEMENT_CHECK_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tokensvc/fleetlog/fleet_log_values.h"
#include "tokensvc/placement/placement.h"

namespace flyd {

// Which placements this worker takes: signed by one of the authority's keys as enrolment gave them, for this worker.
class PlacementCheck {
 public:
  PlacementCheck(std::string worker, std::vector<tokensvc::PlacementKey> keys)
      : worker_(std::move(worker)), keys_(std::move(keys)) {}

  // InvalidArgument, saying what does not hold: bytes, key, signature, worker, or time at `now`. signerd checks all of it
  // again; here it is found before a machine is started that could never get a token.
  absl::StatusOr<tokensvc::VerifiedPlacement> Check(absl::string_view signed_placement, absl::Time now) const;

 private:
  const std::string worker_;
  const std::vector<tokensvc::PlacementKey> keys_;
};

}  // namespace flyd

#endif  // FLYD_SUPERVISOR_PLACEMENT_CHECK_H_
