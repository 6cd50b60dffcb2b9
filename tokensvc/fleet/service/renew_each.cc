#include "tokensvc/fleet/service/renew_each.h"

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace tokensvc {
namespace {

constexpr int kMaxRenewals = 1000;

}  // namespace

absl::Status RenewEach(MachineAuthority& machines, absl::string_view worker,
                       const fly::fleet::v1::RenewPlacementsRequest& request,
                       fly::fleet::v1::RenewPlacementsResponse& response) {
  if (request.machine_ids_size() > kMaxRenewals) {
    return absl::InvalidArgumentError(
        absl::StrCat("machine_ids: ", request.machine_ids_size(), ", want at most ", kMaxRenewals));
  }
  for (const std::string& id : request.machine_ids()) {
    fly::fleet::v1::RenewPlacementsResponse::Result& result = *response.add_results();
    result.set_machine_id(id);
    const absl::StatusOr<std::vector<std::string>> placements = machines.Renew(id, worker);
    if (placements.ok()) {
      *result.mutable_placements() = {placements->begin(), placements->end()};
    } else {
      result.set_error(std::string(placements.status().message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace tokensvc
