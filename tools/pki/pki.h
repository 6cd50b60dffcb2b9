#ifndef TOOLS_PKI_PKI_H_
#define TOOLS_PKI_PKI_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

// A fleet's certificates as files. Each file appears whole (temporary file, fsync, rename) and is readable by its owner
// alone.
namespace tools {

// Writes DIR/ca.pem and DIR/ca.key, making DIR if need be. `fleet` is the trust domain. AlreadyExists: DIR has a root;
// InvalidArgument: `fleet` is not [a-z0-9.-], 1..63 bytes; Unavailable, naming the file that cannot be written.
absl::Status CreateAuthority(const std::string& dir, absl::string_view fleet, absl::Time now);

struct LeafRequest {
  std::string role;  // "worker", "control-plane", "fleet", "signer", "issuer"
  std::string name;  // [a-z0-9-], 1..63 bytes
  absl::Duration lifetime = absl::Hours(24);
  bool localhost = false;  // also for HTTPS on loopback
};

// Issues a leaf of the authority in `authority_dir` with the one URI spiffe://FLEET/ROLE/NAME, and writes OUT_DIR/cert.pem,
// OUT_DIR/key.pem and a copy of the root as OUT_DIR/ca.pem, making OUT_DIR if need be. Files that exist are replaced, the
// key first, which is how a certificate is renewed. InvalidArgument: role, name or a lifetime outside [1 s, 1 year].
absl::Status IssueLeaf(const std::string& authority_dir, const LeafRequest& request, const std::string& out_dir,
                       absl::Time now);

}  // namespace tools

#endif  // TOOLS_PKI_PKI_H_
