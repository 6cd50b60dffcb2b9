#include "tokensvc/fleet/service/enrolment_handler.h"

#include <grpcpp/impl/service_type.h>
#include <grpcpp/server_context.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/fleet/v1/fleet.grpc.pb.h"
#include "tokensvc/fleet/service/renew_each.h"
#include "tokensvc/fleetlog/fleet_change_codec.h"
#include "tokensvc/macaroon/boot/worker_root_key.h"
#include "tokensvc/rpc/peer_identity.h"

namespace tokensvc {
namespace {

namespace pb = fly::fleet::v1;

class EnrolmentHandler final : public pb::Enrolment::Service {
 public:
  EnrolmentHandler(std::string fleet, const storage::SecretBytes& key, FleetLog& log, MachineAuthority& machines,
                   FleetAudit& audit, const Clock& clock)
      : fleet_(std::move(fleet)), key_(key), log_(log), machines_(machines), audit_(audit), clock_(clock) {}

  grpc::Status Enrol(grpc::ServerContext* context, const pb::EnrolRequest* request,
                     pb::EnrolResponse* response) override {
    const absl::StatusOr<PeerIdentity> peer = IdentifyPeer(*context, fleet_, clock_.Now());
    if (!peer.ok()) return audit_.Changed(*context, "Enrol", "", peer.status());
    return audit_.Changed(*context, "Enrol", peer->name, Fill(peer->name, request->key_epoch(), *response));
  }

  grpc::Status RenewOwnPlacements(grpc::ServerContext* context, const pb::RenewPlacementsRequest* request,
                                  pb::RenewPlacementsResponse* response) override {
    const absl::StatusOr<PeerIdentity> peer = IdentifyPeer(*context, fleet_, clock_.Now());
    if (!peer.ok()) return audit_.Changed(*context, "RenewOwnPlacements", "", peer.status());
    const absl::Status renewed = RenewEach(machines_, peer->name, *request, *response);
    return audit_.Changed(*context, "RenewOwnPlacements", absl::StrCat(request->machine_ids_size(), " machines"), renewed);
  }

 private:
  absl::Status Fill(const std::string& worker, uint32_t asked, pb::EnrolResponse& response) {
    const uint32_t epoch = asked == 0 ? kMacaroonKeyEpoch : asked;
    if (epoch > kMacaroonKeyEpoch) {
      return absl::InvalidArgumentError(absl::StrCat("key_epoch: ", asked, ", want at most ", kMacaroonKeyEpoch));
    }
    const absl::StatusOr<std::string> kid = macaroon::EncodeWorkerKid({.worker = worker, .key_epoch = epoch});
    if (!kid.ok()) return kid.status();
    const absl::StatusOr<storage::SecretBytes> root = macaroon::DeriveWorkerRootKey(key_, *kid);
    if (!root.ok()) return root.status();
    const std::optional<FleetSettings> settings = log_.settings();
    response.set_worker(worker);
    response.set_key_epoch(epoch);
    response.set_macaroon_root_key(std::string(root->Reveal()));
    for (const PlacementKey& key : settings->placement_keys) PlacementKeyToProto(key, *response.add_placement_keys());
    response.set_audience_base(settings->audience_base);
    response.set_issuer_base(settings->issuer_base);
    return absl::OkStatus();
  }

  const std::string fleet_;
  const storage::SecretBytes& key_;
  FleetLog& log_;
  MachineAuthority& machines_;
  FleetAudit& audit_;
  const Clock& clock_;
};

}  // namespace

std::unique_ptr<grpc::Service> MakeEnrolmentHandler(std::string fleet, const storage::SecretBytes& fleet_macaroon_key,
                                                    FleetLog& log, MachineAuthority& machines, FleetAudit& audit,
                                                    const Clock& clock) {
  return std::make_unique<EnrolmentHandler>(std::move(fleet), fleet_macaroon_key, log, machines, audit, clock);
}

}  // namespace tokensvc
