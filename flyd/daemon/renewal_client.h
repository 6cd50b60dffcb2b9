#ifndef FLYD_DAEMON_RENEWAL_CLIENT_H_
#define FLYD_DAEMON_RENEWAL_CLIENT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "flyd/daemon/flyd_config.h"
#include "tokensvc/clock.h"

namespace flyd {

struct Renewals {
  std::vector<std::string> placements;  // serialized SignedPlacements
  std::vector<std::string> refusals;    // `subject: found, want`, one for each machine that has none
};

// Asks fleetd to sign the placements of these machines anew. Blocks for at most ten seconds. Unavailable: it does not
// answer; what is placed stays good until it expires.
absl::StatusOr<Renewals> RenewOwnPlacements(const FlydConfig& config, const std::vector<std::string>& machine_ids,
                                            const tokensvc::Clock& clock);

}  // namespace flyd

#endif  // FLYD_DAEMON_RENEWAL_CLIENT_H_
