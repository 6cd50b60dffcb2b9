#ifndef TOKENSVC_SIGNER_FLEET_FLEET_LOG_CLIENT_H_
#define TOKENSVC_SIGNER_FLEET_FLEET_LOG_CLIENT_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "tokensvc/clock.h"
#include "tokensvc/rpc/json_log.h"
#include "tokensvc/signer/fleet/fleet_view.h"

namespace grpc {
class ChannelCredentials;
}

namespace tokensvc {

// Follows fleetd's log on a thread of its own and applies it to the view; connects again, with growing pauses, for as long
// as it lives. An entry is acknowledged when it is on the disk and `before_acknowledging` has returned.
class FleetLogClient {
 public:
  // Called after each message that was applied. Returns when no token can leave any more that an older state allowed.
  using BeforeAcknowledging = std::function<void(const FleetSnapshot& fleet)>;

  // The references outlive the client.
  FleetLogClient(const std::string& address, std::shared_ptr<grpc::ChannelCredentials> credentials, FleetView& view,
                 BeforeAcknowledging before_acknowledging, JsonLog& log);
  ~FleetLogClient();

 private:
  class Core;
  const std::unique_ptr<Core> core_;
};

}  // namespace tokensvc

#endif  // TOKENSVC_SIGNER_FLEET_FLEET_LOG_CLIENT_H_
