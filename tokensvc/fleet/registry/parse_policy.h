#ifndef TOKENSVC_FLEET_REGISTRY_PARSE_POLICY_H_
#define TOKENSVC_FLEET_REGISTRY_PARSE_POLICY_H_

#include "absl/status/status.h"
#include "tokensvc/fleet/registry/machine_version.h"

namespace fly::fleet::v1 {
class PlacementPolicy;
}

namespace tokensvc {

// Sets policy and subject of `version`. Subject unspecified: MACHINE. InvalidArgument: a subject that has no meaning.
// Bounds are checked where the placement is encoded.
absl::Status ParsePolicy(const fly::fleet::v1::PlacementPolicy& proto, MachineVersion& version);

void PolicyToProto(const MachineVersion& version, fly::fleet::v1::PlacementPolicy& proto);

}  // namespace tokensvc

#endif  // TOKENSVC_FLEET_REGISTRY_PARSE_POLICY_H_
