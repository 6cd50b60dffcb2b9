#include "tokensvc/fleet/service/parse_fleet_request.h"

#include "absl/strings/str_cat.h"
#include "proto/fleet/v1/fleet.pb.h"
#include "tokensvc/fleet/registry/parse_policy.h"
#include "tokensvc/names.h"

namespace tokensvc {
namespace {

namespace pb = fly::fleet::v1;

constexpr int32_t kDefaultPageSize = 100;
constexpr int32_t kMaxPageSize = 1000;
constexpr int64_t kMaxLifetimeSeconds = 86'400;

}  // namespace

absl::StatusOr<OrganizationAuthority::NewOrganization> ParseCreateOrganization(
    const pb::CreateOrganizationRequest& request) {
  OrganizationAuthority::NewOrganization parsed{
      .slug = request.slug(), .id = request.id(), .development = request.development()};
  if (request.algorithm() == pb::SIGNING_ALGORITHM_ES256) {
    parsed.algorithm = SigningAlgorithm::kEs256;
  } else if (request.algorithm() != pb::SIGNING_ALGORITHM_RS256 &&
             request.algorithm() != pb::SIGNING_ALGORITHM_UNSPECIFIED) {
    return absl::InvalidArgumentError(
        absl::StrCat("algorithm: ", static_cast<int>(request.algorithm()), ", want 1 (RS256) or 2 (ES256)"));
  }
  return parsed;
}

absl::StatusOr<IssuerState> ParseState(const pb::SetOrganizationStateRequest& request) {
  if (request.state() == pb::OrganizationIssuer::STATE_ACTIVE) return IssuerState::kActive;
  if (request.state() == pb::OrganizationIssuer::STATE_STOPPED) return IssuerState::kStopped;
  if (request.state() == pb::OrganizationIssuer::STATE_DELETED) return IssuerState::kDeleted;
  return absl::InvalidArgumentError(
      absl::StrCat("state: ", static_cast<int>(request.state()), ", want 1 (active), 2 (stopped) or 3 (deleted)"));
}

absl::StatusOr<PlaceRequest> ParsePlaceMachine(const pb::PlaceMachineRequest& request) {
  if (request.lifetime_seconds() < 0 || request.lifetime_seconds() > kMaxLifetimeSeconds) {
    return absl::InvalidArgumentError(absl::StrCat("lifetime_seconds: ", request.lifetime_seconds(), ", want 60..",
                                                   kMaxLifetimeSeconds, ", or 0 for the default"));
  }
  if (!request.machine_id().empty()) {
    if (absl::Status id = CheckMachineId(request.machine_id()); !id.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("machine_id: ", id.message()));
    }
  }
  PlaceRequest parsed{.organization_slug = request.organization_slug(),
                      .app_name = request.app_name(),
                      .machine_id = request.machine_id(),
                      .machine_name = request.machine_name(),
                      .worker = request.worker(),
                      .region = request.region(),
                      .version = {.version = request.machine_version(),
                                  .image = request.image(),
                                  .image_digest = request.image_digest(),
                                  .subject_scope = SubjectScope::kMachine,
                                  .policy = {},
                                  .lifetime = absl::Seconds(request.lifetime_seconds()),
                                  .expires = absl::InfinitePast()}};
  if (absl::Status policy = ParsePolicy(request.policy(), parsed.version); !policy.ok()) return policy;
  return parsed;
}

absl::StatusOr<size_t> ParsePageSize(int32_t page_size) {
  if (page_size == 0) return kDefaultPageSize;
  if (page_size > 0 && page_size <= kMaxPageSize) return static_cast<size_t>(page_size);
  return absl::InvalidArgumentError(absl::StrCat("page_size: ", page_size, ", want 0..", kMaxPageSize));
}

}  // namespace tokensvc
