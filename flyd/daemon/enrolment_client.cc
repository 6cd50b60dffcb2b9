#include "flyd/daemon/enrolment_client.h"

#include <grpcpp/grpcpp.h>

#include <chrono>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto/fleet/v1/fleet.grpc.pb.h"
#include "storage/secret_bytes.h"
#include "tokensvc/fleetlog/fleet_change_codec.h"
#include "tokensvc/rpc/server_settings.h"
#include "tokensvc/rpc/to_grpc_status.h"

namespace flyd {
namespace {

namespace pb = fly::fleet::v1;

constexpr auto kPatience = std::chrono::seconds(3);

absl::StatusOr<pb::EnrolResponse> Ask(const FlydConfig& config, const tokensvc::Clock& clock) {
  absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> credentials =
      tokensvc::ChannelCredentials(config.tls, config.fleet, tokensvc::Role::kFleet, clock);
  if (!credentials.ok()) return credentials.status();
  grpc::ChannelArguments arguments;
  tokensvc::ApplyChannelSettings(arguments);
  const auto stub = pb::Enrolment::NewStub(grpc::CreateCustomChannel(config.fleetd, *credentials, arguments));
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kPatience);
  pb::EnrolResponse response;
  const grpc::Status status = stub->Enrol(&context, pb::EnrolRequest(), &response);
  if (!status.ok()) return tokensvc::FromGrpcStatus(status);
  return response;
}

// The key goes to the keyring, everything else beside it.
absl::Status Keep(pb::EnrolResponse& response, storage::Keyring& keyring) {
  const storage::SecretBytes key(std::exchange(*response.mutable_macaroon_root_key(), ""));
  if (absl::Status kept = keyring.Put(response.key_epoch(), key); !kept.ok()) return kept;
  return keyring.PutEnrolment(response.SerializeAsString());
}

absl::StatusOr<WorkerIdentity> ReadEnrolment(const FlydConfig& config, const storage::Keyring& keyring) {
  const absl::StatusOr<std::string> bytes = keyring.GetEnrolment();
  if (!bytes.ok()) return bytes.status();
  pb::EnrolResponse enrolment;
  if (bytes->empty() || !enrolment.ParseFromString(*bytes)) {
    return absl::NotFoundError("enrolment: none in the keyring, want one from fleetd");
  }
  if (enrolment.worker() != config.worker) {
    return absl::FailedPreconditionError(
        absl::StrCat("enrolment: of worker ", enrolment.worker(), ", configuration says ", config.worker));
  }
  WorkerIdentity identity{.worker = enrolment.worker(), .key_epoch = enrolment.key_epoch()};
  for (const pb::PlacementKey& key : enrolment.placement_keys()) {
    absl::StatusOr<tokensvc::PlacementKey> parsed = tokensvc::PlacementKeyFromProto(key);
    if (!parsed.ok()) return parsed.status();
    identity.placement_keys.push_back(*std::move(parsed));
  }
  return identity;
}

}  // namespace

absl::StatusOr<WorkerIdentity> Enrol(const FlydConfig& config, storage::Keyring& keyring, const tokensvc::Clock& clock) {
  absl::StatusOr<pb::EnrolResponse> response = Ask(config, clock);
  if (response.ok()) {
    if (absl::Status kept = Keep(*response, keyring); !kept.ok()) return kept;
  }
  absl::StatusOr<WorkerIdentity> identity = ReadEnrolment(config, keyring);
  if (identity.ok() || !absl::IsNotFound(identity.status()) || response.ok()) return identity;
  return absl::UnavailableError(absl::StrCat("fleetd ", config.fleetd, ": ", response.status().message(),
                                             ", want it to enrol this worker"));
}

}  // namespace flyd
