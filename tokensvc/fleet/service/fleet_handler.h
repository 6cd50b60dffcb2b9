#ifndef TOKENSVC_FLEET_SERVICE_FLEET_HANDLER_H_
#define TOKENSVC_FLEET_SERVICE_FLEET_HANDLER_H_

#include <memory>

#include "tokensvc/fleet/authority/machine_authority.h"
#include "tokensvc/fleet/authority/organization_authority.h"
#include "tokensvc/fleet/log/fleet_log.h"
#include "tokensvc/fleet/registry/registry.h"
#include "tokensvc/fleet/service/fleet_audit.h"

namespace grpc {
class Service;
}

namespace tokensvc {

// fly.fleet.v1.Fleet, as proto/fleet/v1/fleet.proto describes it. Everything outlives the service.
std::unique_ptr<grpc::Service> MakeFleetHandler(OrganizationAuthority& organizations, MachineAuthority& machines,
                                                Registry& registry, FleetLog& log, FleetAudit& audit);

}  // namespace tokensvc

#endif  // TOKENSVC_FLEET_SERVICE_FLEET_HANDLER_H_
