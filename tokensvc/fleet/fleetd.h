#ifndef TOKENSVC_FLEET_FLEETD_H_
#define TOKENSVC_FLEET_FLEETD_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tokensvc/clock.h"
#include "tokensvc/fleet/fleet_server.h"
#include "tokensvc/fleet/fleetd_config.h"
#include "tokensvc/fleet/keys/hsm_fleet_key.h"
#include "tokensvc/pkcs11/pkcs11_token.h"
#include "tokensvc/rpc/json_log.h"

namespace tokensvc {

// The program: HSM, key, server, and the signals that end it.
class Fleetd {
 public:
  // Everything is open and listening, and has been announced (ready file, stdout). `clock` outlives the object. Blocks
  // SIGTERM and SIGINT in the calling thread and those made from it.
  static absl::StatusOr<std::unique_ptr<Fleetd>> Create(const FleetdConfig& config, const Clock& clock);

  // Returns OK after SIGTERM or SIGINT, or why the program cannot go on.
  absl::Status RunUntilSignalled();

 private:
  explicit Fleetd(const Clock& clock) : log_(clock, 2) {}
  JsonLog log_;
  std::unique_ptr<Pkcs11Token> token_;
  std::unique_ptr<HsmFleetKey> key_;
  std::unique_ptr<FleetServer> server_;
};

}  // namespace tokensvc

#endif  // TOKENSVC_FLEET_FLEETD_H_
