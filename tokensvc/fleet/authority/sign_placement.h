#ifndef TOKENSVC_FLEET_AUTHORITY_SIGN_PLACEMENT_H_
#define TOKENSVC_FLEET_AUTHORITY_SIGN_PLACEMENT_H_

#include <string>

#include "absl/status/statusor.h"
#include "tokensvc/fleet/keys/fleet_key.h"
#include "tokensvc/placement/placement.h"

namespace tokensvc {

// The serialized SignedPlacement of `placement` under `key`, whose id it takes. InvalidArgument, naming the field that is
// out of its bounds; Unavailable as FleetKey.
absl::StatusOr<std::string> SignPlacement(FleetKey& key, Placement placement);

}  // namespace tokensvc

#endif  // TOKENSVC_FLEET_AUTHORITY_SIGN_PLACEMENT_H_
