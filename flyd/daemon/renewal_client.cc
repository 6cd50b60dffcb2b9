#include "flyd/daemon/renewal_client.h"

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "proto/fleet/v1/fleet.grpc.pb.h"
#include "tokensvc/rpc/server_settings.h"
#include "tokensvc/rpc/to_grpc_status.h"

namespace flyd {
namespace {

namespace pb = fly::fleet::v1;

constexpr auto kPatience = std::chrono::seconds(10);
constexpr size_t kMostAtOnce = 1000;

}  // namespace

absl::StatusOr<Renewals> RenewOwnPlacements(const FlydConfig& config, const std::vector<std::string>& machine_ids,
                                            const tokensvc::Clock& clock) {
  absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> credentials =
      tokensvc::ChannelCredentials(config.tls, config.fleet, tokensvc::Role::kFleet, clock);
  if (!credentials.ok()) return credentials.status();
  grpc::ChannelArguments arguments;
  tokensvc::ApplyChannelSettings(arguments);
  const auto stub = pb::Enrolment::NewStub(grpc::CreateCustomChannel(config.fleetd, *credentials, arguments));
  Renewals renewals;
  const auto until = std::chrono::system_clock::now() + kPatience;
  for (size_t i = 0; i < machine_ids.size(); i += kMostAtOnce) {
    pb::RenewPlacementsRequest request;
    for (size_t j = i; j < std::min(i + kMostAtOnce, machine_ids.size()); ++j) request.add_machine_ids(machine_ids[j]);
    pb::RenewPlacementsResponse response;
    grpc::ClientContext context;
    context.set_deadline(until);
    const grpc::Status status = stub->RenewOwnPlacements(&context, request, &response);
    if (!status.ok()) return tokensvc::FromGrpcStatus(status);
    for (const pb::RenewPlacementsResponse::Result& result : response.results()) {
      renewals.placements.insert(renewals.placements.end(), result.placements().begin(), result.placements().end());
      if (!result.error().empty()) renewals.refusals.push_back(result.error());
    }
  }
  return renewals;
}

}  // namespace flyd
