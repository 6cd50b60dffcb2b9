#ifndef TOKENSVC_FLEET_FLEETD_CONFIG_H_
#define TOKENSVC_FLEET_FLEETD_CONFIG_H_

#include <string>

#include "absl/status/statusor.h"
#include "tokensvc/pkcs11/pkcs11_token.h"
#include "tokensvc/rpc/tls_credentials.h"

namespace tokensvc {

// fleetd's configuration, whole and within bounds; proto/fleet/v1/config.proto describes the file.
struct FleetdConfig {
  std::string fleet;
  std::string listen;
  TlsFiles tls;
  std::string state_dir;
  Pkcs11TokenOptions pkcs11;
  std::string key_label;
  std::string issuer_base;
  std::string audience_base;
  std::string public_key_file;  // empty: none
  std::string ready_file;       // empty: none
};

// Reads and checks the file. InvalidArgument or NotFound, naming file, line, found and wanted.
absl::StatusOr<FleetdConfig> ReadFleetdConfig(const std::string& path);

}  // namespace tokensvc

#endif  // TOKENSVC_FLEET_FLEETD_CONFIG_H_
