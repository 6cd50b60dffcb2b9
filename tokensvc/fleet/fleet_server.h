#ifndef TOKENSVC_FLEET_FLEET_SERVER_H_
#define TOKENSVC_FLEET_FLEET_SERVER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tokensvc/clock.h"
#include "tokensvc/fleet/fleetd_config.h"
#include "tokensvc/fleet/keys/fleet_key.h"
#include "tokensvc/rpc/json_log.h"
#include "tokensvc/unique_id_source.h"

namespace tokensvc {

// The authority with its state opened and its services listening. Destroying it ends the streams and closes the state.
class FleetServer {
 public:
  // Opens or makes the state in `config.state_dir`, brings the log up to the configuration, and listens. Errors name
  // what does not open. Everything by reference outlives the server.
  static absl::StatusOr<std::unique_ptr<FleetServer>> Start(const FleetdConfig& config, FleetKey& key, JsonLog& lines,
                                                            UniqueIdSource& ids, const Clock& clock);
  virtual ~FleetServer() = default;

  // HOST:PORT that it listens on.
  virtual const std::string& address() const = 0;

  // OK, or why the program must end and start again: what is in memory is no longer what is on disk.
  virtual absl::Status health() const = 0;
};

}  // namespace tokensvc

#endif  // TOKENSVC_FLEET_FLEET_SERVER_H_
