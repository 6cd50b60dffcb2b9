#ifndef TOKENSVC_RPC_PEER_IDENTITY_H_
#define TOKENSVC_RPC_PEER_IDENTITY_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace grpc {
class AuthContext;
class ServerContextBase;
}  // namespace grpc

namespace tokensvc {

// What a program of the fleet is to the others: the first path segment of its certificate's URI.
enum class Role { kWorker, kControlPlane, kFleet, kSigner, kIssuer };

// "worker", "control-plane", "fleet", "signer", "issuer".
absl::string_view RoleName(Role role);

// NotFound: no role has the name.
absl::StatusOr<Role> ParseRole(absl::string_view name);

// Who is at the other end of a connection, by its certificate alone.
struct PeerIdentity {
  Role role = Role::kWorker;
  std::string name;  // [a-z0-9-], 1..63 bytes
  absl::Time certificate_not_before;  // for worker fences
  absl::Time certificate_not_after;
};

// The peer of `context`'s connection, whose chain the handshake has verified. Unauthenticated, with the reason for the
// log and never for the peer: no certificate, other than exactly one URI name, another fleet, an unknown role, a resumed
// session, or a certificate that is not valid at `now`.
absl::StatusOr<PeerIdentity> IdentifyPeer(const grpc::ServerContextBase& context, absl::string_view fleet,
                                          absl::Time now);

absl::StatusOr<PeerIdentity> IdentifyPeer(const grpc::AuthContext& context, absl::string_view fleet, absl::Time now);

// The same of a certificate in PEM. It checks names and times, not the chain.
absl::StatusOr<PeerIdentity> IdentifyCertificate(absl::string_view certificate_pem, absl::string_view fleet,
                                                 absl::Time now);

// For each message of a long stream: Unauthenticated once the certificate has expired.
absl::Status CheckNotExpired(const PeerIdentity& peer, absl::Time now);

// "spiffe://FLEET/ROLE/NAME".
std::string SpiffeUri(absl::string_view fleet, Role role, absl::string_view name);

}  // namespace tokensvc

#endif  // TOKENSVC_RPC_PEER_IDENTITY_H_
