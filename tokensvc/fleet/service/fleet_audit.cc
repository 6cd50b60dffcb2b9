#include "tokensvc/fleet/service/fleet_audit.h"

#include <grpcpp/server_context.h>

#include "tokensvc/rpc/error_details.h"
#include "tokensvc/rpc/peer_identity.h"
#include "tokensvc/rpc/to_grpc_status.h"

namespace tokensvc {

grpc::Status FleetAudit::Changed(const grpc::ServerContextBase& context, absl::string_view method,
                                 absl::string_view subject, const absl::Status& status) {
  const absl::StatusOr<PeerIdentity> peer = IdentifyPeer(context, fleet_, clock_.Now());
  const std::string uri = peer.ok() ? SpiffeUri(fleet_, peer->role, peer->name) : "";
  const std::string reason = ReasonOf(status);
  const std::string code = absl::StatusCodeToString(status.code());
  log_.Write(status.ok() ? "fleet.changed" : "fleet.refused",
             {{"method", method},
              {"subject", subject},
              {"peer", uri},
              {"code", code},
              {"reason", reason},
              {"detail", status.message()}});
  return ToGrpcStatus(status, kFleetErrorDomain);
}

grpc::Status FleetAudit::Read(const grpc::ServerContextBase& context, absl::string_view method,
                              absl::string_view subject, const absl::Status& status) {
  return status.ok() ? grpc::Status::OK : Changed(context, method, subject, status);
}

}  // namespace tokensvc
