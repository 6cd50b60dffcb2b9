#ifndef TOKENSVC_RPC_TLS_CREDENTIALS_H_
#define TOKENSVC_RPC_TLS_CREDENTIALS_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tokensvc/clock.h"
#include "tokensvc/rpc/peer_identity.h"

namespace grpc {
class ChannelCredentials;
class ServerCredentials;
}  // namespace grpc

// Mutual TLS 1.3 between the programs of one fleet. The files are read again within seconds of a change, so that a
// certificate is renewed by replacing them; connections made before go on with the old one until they age out.
namespace tokensvc {

// PEM files. Certificate and key must match at every instant that a reader may look: replace the key first.
struct TlsFiles {
  std::string certificate_file;  // leaf first
  std::string private_key_file;
  std::string ca_file;  // roots of the fleet
};

// InvalidArgument, naming the file: missing, not PEM, or key and certificate do not match.
absl::Status CheckTlsFiles(const TlsFiles& files);

// For a server of `fleet`: a client certificate is required and verified, and each call passes kRoleTable (role_table.h)
// before its handler runs: Unauthenticated without detail, or PermissionDenied. Errors as CheckTlsFiles.
// `clock` outlives the server.
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentials(const TlsFiles& files,
                                                                           const std::string& fleet,
                                                                           const Clock& clock);

// For a channel to a server whose one URI is spiffe://`fleet`/`server_role`/any name. Host names are not looked at.
// A server that is anything else fails the connection: calls end with Unavailable.
absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ChannelCredentials(const TlsFiles& files,
                                                                             const std::string& fleet,
                                                                             Role server_role, const Clock& clock);

}  // namespace tokensvc

#endif  // TOKENSVC_RPC_TLS_CREDENTIALS_H_
