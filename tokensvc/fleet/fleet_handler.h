#ifndef TOKENSVC_FLEET_FLEET_HANDLER_H_
#define TOKENSVC_FLEET_FLEET_HANDLER_H_

#include <memory>

#include "tokensvc/fleet/fleet_audit.h"
#include "tokensvc/fleet/fleet_log.h"
#include "tokensvc/fleet/machine_authority.h"
#include "tokensvc/fleet/organization_authority.h"
#include "tokensvc/fleet/registry.h"

namespace grpc {
class Service;
}

namespace tokensvc {

// fly.fleet.v1.Fleet, as proto/fleet/v1/fleet.proto describes it. Everything outlives the service.
std::unique_ptr<grpc::Service> MakeFleetHandler(OrganizationAuthority& organizations, MachineAuthority& machines,
                                                Registry& registry, FleetLog& log, FleetAudit& audit);

}  // namespace tokensvc

#endif  // TOKENSVC_FLEET_FLEET_HANDLER_H_
