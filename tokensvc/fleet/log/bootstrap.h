#ifndef TOKENSVC_FLEET_LOG_BOOTSTRAP_H_
#define TOKENSVC_FLEET_LOG_BOOTSTRAP_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tokensvc/fleet/keys/fleet_key.h"
#include "tokensvc/fleet/log/fleet_log.h"

namespace tokensvc {

// What the configuration says of a fleet.
struct FleetIdentity {
  std::string fleet;
  std::string issuer_base;
  std::string audience_base;
  std::string ca_roots_pem;  // one or more certificates
};

// Makes the fleet log say what the configuration says. A new log gets the settings, with `key` as the placement key, and
// one key slot for each algorithm, published and signing at once: nobody has cached anything yet. Later, changed roots,
// audience base or key are appended.
//   FailedPrecondition: another fleet or issuer base than the log's. Verifiers have trusted the old one.
absl::Status Bootstrap(FleetLog& log, const FleetIdentity& identity, const FleetKey& key, absl::Time now);

}  // namespace tokensvc

#endif  // TOKENSVC_FLEET_LOG_BOOTSTRAP_H_
