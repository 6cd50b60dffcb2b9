#ifndef TOOLS_FLYDCTL_FLEET_PARTS_H_
#define TOOLS_FLYDCTL_FLEET_PARTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "tools/flydctl/session.h"

namespace tools {

// One program of the fleet, and what it said when it was asked.
struct FleetPart {
  std::string kind;  // "fleetd", "signer", "worker"
  std::string name;  // as the configuration has it; fleetd has none
  std::string address;
  absl::Status status;           // not OK: it did not answer, or refused
  nlohmann::ordered_json facts;  // an object; empty where status is not OK
};

// Asks each program that the configuration names, at most five seconds each:
//   fleetd   organizations, machines                 how many it has placed
//   signer   log_number, keys, bundle_issued         the last entry of the fleet log that its published keys come from
//   worker   machines, running, operations, cordon   cordon where it is cordoned: why
// Fails where there is no configuration.
absl::StatusOr<std::vector<FleetPart>> AskFleet(Session& session);

}  // namespace tools

#endif  // TOOLS_FLYDCTL_FLEET_PARTS_H_
