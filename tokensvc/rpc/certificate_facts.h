#ifndef TOKENSVC_RPC_CERTIFICATE_FACTS_H_
#define TOKENSVC_RPC_CERTIFICATE_FACTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace tokensvc {

// What a certificate says; nothing here is verified.
struct CertificateFacts {
  std::vector<std::string> uris;  // of the subject alternative name
  absl::Time not_before;
  absl::Time not_after;
};

// InvalidArgument: `pem` does not begin with a certificate in PEM.
absl::StatusOr<CertificateFacts> ReadCertificate(absl::string_view pem);

// Whether `key_pem` is the private key of the first certificate in `certificate_pem`. InvalidArgument, naming which of
// the two is at fault.
absl::Status CheckKeyMatches(absl::string_view certificate_pem, absl::string_view key_pem);

}  // namespace tokensvc

#endif  // TOKENSVC_RPC_CERTIFICATE_FACTS_H_
