#ifndef TOOLS_FLYDCTL_FLYDCTL_CONFIG_H_
#define TOOLS_FLYDCTL_FLYDCTL_CONFIG_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "tokensvc/rpc/tls_credentials.h"

namespace tools {

// Where a fleet is and how to speak with it: the JSON file that FLYDCTL_CONFIG names. tools/dev writes one.
//
//   {"fleet": "dev", "fleetd": "127.0.0.1:7001", "workers": {"w1": "127.0.0.1:7002"},
//    "signers": {"s1": "127.0.0.1:7003"},
//    "tls": {"certificate_file": "…", "private_key_file": "…", "ca_file": "…"},
//    "issuer_ca_file": "", "region": "dev", "development": true}
struct FlydctlConfig {
  std::string fleet;
  std::string fleetd;                          // host:port
  std::map<std::string, std::string> workers;  // name -> host:port of its flyd
  std::map<std::string, std::string> signers;  // name -> host:port of its signerd; `fleet status` alone asks them
  tokensvc::TlsFiles tls;                      // a control-plane certificate
  std::string issuer_ca_file;                  // for https issuers with a private CA; empty: the system's roots
  std::string region = "dev";                  // where `machine run` places without --region
  bool development = false;                    // whether `org create` means development organizations
};

// NotFound: FLYDCTL_CONFIG is not set, or names no file. InvalidArgument: an unknown, missing or ill-typed member.
absl::StatusOr<FlydctlConfig> ReadFlydctlConfig();

}  // namespace tools

#endif  // TOOLS_FLYDCTL_FLYDCTL_CONFIG_H_
