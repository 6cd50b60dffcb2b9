#ifndef TOOLS_PKI_CERTIFICATE_AUTHORITY_H_
#define TOOLS_PKI_CERTIFICATE_AUTHORITY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace tools {

// A certificate with its P-256 key, both PEM. The key is secret.
struct CertifiedKey {
  std::string certificate_pem;
  std::string private_key_pem;
};

// What a leaf says. A leaf of the fleet has one URI, spiffe://FLEET/ROLE/NAME; others exist for tests of refusals.
struct LeafSpec {
  std::vector<std::string> uris;
  bool localhost = false;  // also DNS:localhost, IP:127.0.0.1 and IP:::1, for HTTPS on loopback
  absl::Time not_before;
  absl::Time not_after;
};

// A root that signs the leaves of one fleet: development, tests and small fleets. A production fleet brings its own.
// Keys are made by the cryptographic library and used for nothing else.

// A new self-signed root, valid for ten years from `now`. Its one URI is spiffe://`fleet`.
absl::StatusOr<CertifiedKey> CreateRoot(absl::string_view fleet, absl::Time now);

// A new key and a leaf for it, for TLS servers and clients, signed by `root`. InvalidArgument: `root` is not readable.
absl::StatusOr<CertifiedKey> IssueCertificate(const CertifiedKey& root, const LeafSpec& spec);

}  // namespace tools

#endif  // TOOLS_PKI_CERTIFICATE_AUTHORITY_H_
