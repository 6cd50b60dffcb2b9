#ifndef TOKENSVC_FLEET_SERVICE_PARSE_FLEET_REQUEST_H_
#define TOKENSVC_FLEET_SERVICE_PARSE_FLEET_REQUEST_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"
#include "tokensvc/fleet/authority/machine_authority.h"
#include "tokensvc/fleet/authority/organization_authority.h"
#include "tokensvc/fleetlog/fleet_log_values.h"

namespace fly::fleet::v1 {
class CreateOrganizationRequest;
class PlaceMachineRequest;
class SetOrganizationStateRequest;
}  // namespace fly::fleet::v1

// What arrives at fleetd, as values. Each answers InvalidArgument, naming the field. Names are checked where they are
// taken, placements where they are encoded.
namespace tokensvc {

absl::StatusOr<OrganizationAuthority::NewOrganization> ParseCreateOrganization(
    const fly::fleet::v1::CreateOrganizationRequest& request);

absl::StatusOr<IssuerState> ParseState(const fly::fleet::v1::SetOrganizationStateRequest& request);

absl::StatusOr<PlaceRequest> ParsePlaceMachine(const fly::fleet::v1::PlaceMachineRequest& request);

// 0 means 100; at most 1,000.
absl::StatusOr<size_t> ParsePageSize(int32_t page_size);

}  // namespace tokensvc

#endif  // TOKENSVC_FLEET_SERVICE_PARSE_FLEET_REQUEST_H_
