#ifndef TOKENSVC_FLEET_SERVICE_ENROLMENT_HANDLER_H_
#define TOKENSVC_FLEET_SERVICE_ENROLMENT_HANDLER_H_

#include <memory>
#include <string>

#include "storage/secret_bytes.h"
#include "tokensvc/clock.h"
#include "tokensvc/fleet/authority/machine_authority.h"
#include "tokensvc/fleet/log/fleet_log.h"
#include "tokensvc/fleet/service/fleet_audit.h"

namespace grpc {
class Service;
}

namespace tokensvc {

// The present epoch of the workers' Macaroon root keys.
inline constexpr uint32_t kMacaroonKeyEpoch = 1;

// fly.fleet.v1.Enrolment: a worker gets the root key of its own name and placements of its own machines, as its certificate
// says, and of no other.
// Everything by reference outlives the service.
std::unique_ptr<grpc::Service> MakeEnrolmentHandler(std::string fleet, const storage::SecretBytes& fleet_macaroon_key,
                                                    FleetLog& log, MachineAuthority& machines, FleetAudit& audit,
                                                    const Clock& clock);

}  // namespace tokensvc

#endif  // TOKENSVC_FLEET_SERVICE_ENROLMENT_HANDLER_H_
