#ifndef TOKENSVC_FLEET_SERVICE_RENEW_EACH_H_
#define TOKENSVC_FLEET_SERVICE_RENEW_EACH_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/fleet/v1/fleet.pb.h"
#include "tokensvc/fleet/authority/machine_authority.h"

namespace tokensvc {

// Each machine's new placements or what stands against them, in the order asked for; `worker` as MachineAuthority::Renew.
// InvalidArgument: more than 1,000.
absl::Status RenewEach(MachineAuthority& machines, absl::string_view worker,
                       const fly::fleet::v1::RenewPlacementsRequest& request,
                       fly::fleet::v1::RenewPlacementsResponse& response);

}  // namespace tokensvc

#endif  // TOKENSVC_FLEET_SERVICE_RENEW_EACH_H_
