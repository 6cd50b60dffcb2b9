#ifndef TOKENSVC_FLEET_REGISTRY_MACHINE_VERSION_H_
#define TOKENSVC_FLEET_REGISTRY_MACHINE_VERSION_H_

#include <string>

#include "absl/time/time.h"
#include "tokensvc/claims/identity_claims.h"
#include "tokensvc/placement/placement.h"

namespace tokensvc {

// One version of a machine's configuration: what its placement says beside the machine's own fields.
struct MachineVersion {
  std::string version;  // ULID
  std::string image;
  std::string image_digest;
  SubjectScope subject_scope = SubjectScope::kMachine;
  PlacementPolicy policy;
  absl::Duration lifetime;
  absl::Time expires;  // of its last placement
};

}  // namespace tokensvc

#endif  // TOKENSVC_FLEET_REGISTRY_MACHINE_VERSION_H_
