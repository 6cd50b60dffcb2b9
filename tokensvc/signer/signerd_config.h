#ifndef TOKENSVC_SIGNER_SIGNERD_CONFIG_H_
#define TOKENSVC_SIGNER_SIGNERD_CONFIG_H_

#include <string>

#include "absl/status/statusor.h"
#include "tokensvc/pkcs11/pkcs11_token.h"
#include "tokensvc/rpc/tls_credentials.h"

namespace tokensvc {

// signerd's configuration, whole and within bounds; proto/signer/v1/config.proto describes the file.
struct SignerdConfig {
  std::string fleet;
  std::string listen;
  TlsFiles tls;
  Pkcs11TokenOptions hsm;
  std::string fleetd;
  std::string fleet_key_spki;  // the content of fleet_key_file, DER
  std::string data_dir;
  std::string ready_file;  // empty: none
  bool require_synchronized_clock = false;
  std::string key_group;
};

// Reads and checks the file. InvalidArgument or NotFound, naming file, line, found and wanted.
absl::StatusOr<SignerdConfig> ReadSignerdConfig(const std::string& path);

}  // namespace tokensvc

#endif  // TOKENSVC_SIGNER_SIGNERD_CONFIG_H_
