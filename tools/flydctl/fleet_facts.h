#ifndef TOOLS_FLYDCTL_FLEET_FACTS_H_
#define TOOLS_FLYDCTL_FLEET_FACTS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "proto/fleet/v1/fleet.grpc.pb.h"
#include "tools/trust/check_machines.h"
#include "tools/trust/trust_policy.h"

namespace tools {

// What fleetd says of who may have which token.
struct FleetFacts {
  std::vector<IssuerFacts> issuers;
  std::vector<MachineFacts> machines;  // by organization, app and name
};

// Asks fleetd for all organizations and machines, page by page. Whatever the calls answer.
absl::StatusOr<FleetFacts> ReadFleetFacts(fly::fleet::v1::Fleet::Stub& fleet);

}  // namespace tools

#endif  // TOOLS_FLYDCTL_FLEET_FACTS_H_
