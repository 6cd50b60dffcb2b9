#ifndef TOKENSVC_FLEET_SERVICE_FOLLOW_HANDLER_H_
#define TOKENSVC_FLEET_SERVICE_FOLLOW_HANDLER_H_

#include <memory>
#include <string>

#include "tokensvc/clock.h"
#include "tokensvc/fleet/log/fleet_log.h"
#include "tokensvc/rpc/json_log.h"

namespace grpc {
class Service;
}

namespace tokensvc {

// fly.fleet.v1.FleetLog: one stream for each signer, known by its certificate, whose expiry is looked at again for each
// message. Two threads serve a stream: one reads acknowledgements, one sends. Everything outlives the service.
std::unique_ptr<grpc::Service> MakeFollowHandler(std::string fleet, FleetLog& log, JsonLog& lines, const Clock& clock);

}  // namespace tokensvc

#endif  // TOKENSVC_FLEET_SERVICE_FOLLOW_HANDLER_H_
