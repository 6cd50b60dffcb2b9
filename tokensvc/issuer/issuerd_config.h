#ifndef TOKENSVC_ISSUER_ISSUERD_CONFIG_H_
#define TOKENSVC_ISSUER_ISSUERD_CONFIG_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tokensvc/rpc/tls_credentials.h"

namespace tokensvc {

// issuerd's configuration, whole; proto/issuer/v1/config.proto describes the file.
struct IssuerdConfig {
  std::string fleet;
  std::string listen;
  TlsFiles tls;
  std::vector<std::string> signers;
  std::string data_dir;
  std::string https_certificate_file;  // empty: plain HTTP
  std::string https_private_key_file;
  std::string bundle_key_spki;  // DER; empty: pinned at first contact
  std::string ready_file;
};

// InvalidArgument or NotFound, naming file, line, found and wanted.
absl::StatusOr<IssuerdConfig> ReadIssuerdConfig(const std::string& path);

}  // namespace tokensvc

#endif  // TOKENSVC_ISSUER_ISSUERD_CONFIG_H_
