#include "tokensvc/rpc/tls_credentials.h"

#include <grpcpp/security/auth_metadata_processor.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>
#include <grpcpp/security/tls_certificate_provider.h>
#include <grpcpp/security/tls_certificate_verifier.h>
#include <grpcpp/security/tls_credentials_options.h>
#include <stdlib.h>

#include <fstream>
#include <functional>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tokensvc/rpc/certificate_facts.h"
#include "tokensvc/rpc/role_table.h"

namespace tokensvc {
namespace {

constexpr unsigned kRefreshSeconds = 1;

// gRPC 1.51 has no public setting for the lowest version of TLS. The list of cipher suites applies to TLS 1.2 alone; one
// that needs a pre-shared key, which nobody here has, leaves TLS 1.3 as the only version that can be agreed on.
// gRPC reads the variable once, before it makes its first credentials.
void RequireTls13() {
  static const int done = setenv("GRPC_SSL_CIPHER_SUITES", "PSK-AES256-GCM-SHA384", 1);
  static_cast<void>(done);
}

absl::StatusOr<std::string> ReadWhole(const std::string& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) return absl::InvalidArgumentError(absl::StrCat(file, ": unreadable, want a PEM file"));
  return std::string(std::istreambuf_iterator<char>(stream), {});
}

// Refuses a call before its handler runs unless kRoleTable lets the peer's role make it.
class RoleGate final : public grpc::AuthMetadataProcessor {
 public:
  RoleGate(std::string fleet, const Clock& clock) : fleet_(std::move(fleet)), clock_(clock) {}

  bool IsBlocking() const override { return false; }

  grpc::Status Process(const InputMetadata& metadata, grpc::AuthContext* context, OutputMetadata*,
                       OutputMetadata*) override {
    const absl::StatusOr<PeerIdentity> peer = IdentifyPeer(*context, fleet_, clock_.Now());
    if (!peer.ok()) return grpc::Status(grpc::StatusCode::UNAUTHENTICATED, "unauthenticated");
    const InputMetadata::const_iterator path = metadata.find(":path");
    if (path == metadata.end()) return grpc::Status(grpc::StatusCode::PERMISSION_DENIED, "method: none, want one");
    const absl::Status allowed = CheckRole({path->second.data(), path->second.size()}, peer->role);
    if (allowed.ok()) return grpc::Status::OK;
    return grpc::Status(grpc::StatusCode::PERMISSION_DENIED, std::string(allowed.message()));
  }

 private:
  const std::string fleet_;
  const Clock& clock_;
};

// Accepts a server by its one URI. The chain has been verified before it is asked.
class ServerUriVerifier final : public grpc::experimental::ExternalCertificateVerifier {
 public:
  ServerUriVerifier(std::string fleet, Role role, const Clock& clock)
      : fleet_(std::move(fleet)), role_(role), clock_(clock) {}

  bool Verify(grpc::experimental::TlsCustomVerificationCheckRequest* request, std::function<void(grpc::Status)>,
              grpc::Status* sync_status) override {
    const grpc::string_ref pem = request->peer_cert();
    const absl::StatusOr<PeerIdentity> server = IdentifyCertificate({pem.data(), pem.size()}, fleet_, clock_.Now());
    if (!server.ok()) {
      *sync_status = grpc::Status(grpc::StatusCode::UNAUTHENTICATED, std::string(server.status().message()));
    } else if (server->role != role_) {
      *sync_status = grpc::Status(grpc::StatusCode::UNAUTHENTICATED,
                                  absl::StrCat("server: role ", RoleName(server->role), ", want ", RoleName(role_)));
    }
    return true;
  }

  void Cancel(grpc::experimental::TlsCustomVerificationCheckRequest*) override {}

 private:
  const std::string fleet_;
  const Role role_;
  const Clock& clock_;
};

std::shared_ptr<grpc::experimental::CertificateProviderInterface> Watch(const TlsFiles& files) {
  return std::make_shared<grpc::experimental::FileWatcherCertificateProvider>(
      files.private_key_file, files.certificate_file, files.ca_file, kRefreshSeconds);
}

}  // namespace

absl::Status CheckTlsFiles(const TlsFiles& files) {
  const absl::StatusOr<std::string> certificate = ReadWhole(files.certificate_file);
  if (!certificate.ok()) return certificate.status();
  const absl::StatusOr<std::string> key = ReadWhole(files.private_key_file);
  if (!key.ok()) return key.status();
  const absl::StatusOr<std::string> roots = ReadWhole(files.ca_file);
  if (!roots.ok()) return roots.status();
  if (absl::Status match = CheckKeyMatches(*certificate, *key); !match.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat(files.certificate_file, ", ", files.private_key_file, ": ", match.message()));
  }
  if (!ReadCertificate(*roots).ok()) {
    return absl::InvalidArgumentError(absl::StrCat(files.ca_file, ": no certificate, want the fleet's roots in PEM"));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> ServerCredentials(const TlsFiles& files,
                                                                           const std::string& fleet,
                                                                           const Clock& clock) {
  if (absl::Status usable = CheckTlsFiles(files); !usable.ok()) return usable;
  RequireTls13();
  grpc::experimental::TlsServerCredentialsOptions options(Watch(files));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_cert_request_type(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  std::shared_ptr<grpc::ServerCredentials> credentials = grpc::experimental::TlsServerCredentials(options);
  credentials->SetAuthMetadataProcessor(std::make_shared<RoleGate>(fleet, clock));
  return credentials;
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> ChannelCredentials(const TlsFiles& files,
                                                                             const std::string& fleet,
                                                                             Role server_role, const Clock& clock) {
  if (absl::Status usable = CheckTlsFiles(files); !usable.ok()) return usable;
  RequireTls13();
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(Watch(files));
  options.watch_root_certs();
  options.watch_identity_key_cert_pairs();
  options.set_verify_server_certs(true);
  options.set_check_call_host(false);
  options.set_certificate_verifier(
      grpc::experimental::ExternalCertificateVerifier::Create<ServerUriVerifier>(fleet, server_role, clock));
  return grpc::experimental::TlsCredentials(options);
}

}  // namespace tokensvc
