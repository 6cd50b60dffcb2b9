#include "tokensvc/rpc/peer_identity.h"

#include <grpc/grpc_security_constants.h>
#include <grpcpp/security/auth_context.h>
#include <grpcpp/server_context.h>

#include <memory>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tokensvc/limits.h"
#include "tokensvc/names.h"
#include "tokensvc/rpc/certificate_facts.h"

namespace tokensvc {
namespace {

constexpr Role kRoles[] = {Role::kWorker, Role::kControlPlane, Role::kFleet, Role::kSigner, Role::kIssuer};

absl::Status Refused(absl::string_view why) { return absl::UnauthenticatedError(absl::StrCat("peer: ", why)); }

}  // namespace

absl::string_view RoleName(Role role) {
  switch (role) {
    case Role::kWorker: return "worker";
    case Role::kControlPlane: return "control-plane";
    case Role::kFleet: return "fleet";
    case Role::kSigner: return "signer";
    case Role::kIssuer: return "issuer";
  }
  return "";
}

absl::StatusOr<Role> ParseRole(absl::string_view name) {
  for (Role role : kRoles) {
    if (RoleName(role) == name) return role;
  }
  return absl::NotFoundError(absl::StrCat("role: ", name, ", want worker, control-plane, fleet, signer or issuer"));
}

std::string SpiffeUri(absl::string_view fleet, Role role, absl::string_view name) {
  return absl::StrCat("spiffe://", fleet, "/", RoleName(role), "/", name);
}

absl::StatusOr<PeerIdentity> IdentifyCertificate(absl::string_view certificate_pem, absl::string_view fleet,
                                                 absl::Time now) {
  absl::StatusOr<CertificateFacts> facts = ReadCertificate(certificate_pem);
  if (!facts.ok()) return Refused(facts.status().message());
  if (facts->uris.size() != 1) return Refused(absl::StrCat("certificate with ", facts->uris.size(), " URIs, want 1"));
  absl::string_view rest = facts->uris.front();
  if (!absl::ConsumePrefix(&rest, absl::StrCat("spiffe://", fleet, "/"))) {
    return Refused(absl::StrCat("URI ", facts->uris.front(), ", want one of fleet ", fleet));
  }
  const std::vector<absl::string_view> parts = absl::StrSplit(rest, '/');
  if (parts.size() != 2) return Refused(absl::StrCat("URI ", facts->uris.front(), ", want spiffe://FLEET/ROLE/NAME"));
  absl::StatusOr<Role> role = ParseRole(parts[0]);
  if (!role.ok()) return Refused(role.status().message());
  if (!CheckName(parts[1], kMaxWorkerNameBytes).ok()) return Refused(absl::StrCat("name in ", facts->uris.front()));
  PeerIdentity peer{*role, std::string(parts[1]), facts->not_before, facts->not_after};
  if (now < peer.certificate_not_before) return Refused("certificate not yet valid");
  if (absl::Status valid = CheckNotExpired(peer, now); !valid.ok()) return valid;
  return peer;
}

absl::StatusOr<PeerIdentity> IdentifyPeer(const grpc::AuthContext& context, absl::string_view fleet, absl::Time now) {
  const std::vector<grpc::string_ref> reused = context.FindPropertyValues(GRPC_SSL_SESSION_REUSED_PROPERTY);
  if (!reused.empty() && reused.front() == "true") return Refused("resumed session, want a full handshake");
  const std::vector<grpc::string_ref> pem = context.FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (pem.size() != 1) return Refused(absl::StrCat(pem.size(), " certificates, want 1"));
  return IdentifyCertificate(absl::string_view(pem.front().data(), pem.front().size()), fleet, now);
}

absl::StatusOr<PeerIdentity> IdentifyPeer(const grpc::ServerContextBase& context, absl::string_view fleet,
                                          absl::Time now) {
  const std::shared_ptr<const grpc::AuthContext> auth = context.auth_context();
  if (auth == nullptr) return Refused("no TLS, want it");
  return IdentifyPeer(*auth, fleet, now);
}

absl::Status CheckNotExpired(const PeerIdentity& peer, absl::Time now) {
  return now <= peer.certificate_not_after ? absl::OkStatus() : Refused("expired certificate");
}

}  // namespace tokensvc
