#include "tools/flydctl/check_worker.h"

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "tools/flydctl/call.h"

namespace tools {

namespace pb = fly::machines::v1;

absl::Status CheckWorkerTakes(pb::Machines::Stub& worker, const pb::MachineConfig& config) {
  const absl::StatusOr<pb::Worker> state = Call(worker, &pb::Machines::Stub::GetWorker, pb::GetWorkerRequest());
  if (!state.ok()) return state.status();
  if (state->cordoned()) {
    return absl::FailedPreconditionError(
        absl::StrCat("worker ", state->name(), ": cordoned, ", state->cordon_reason(), "; want it uncordoned, or another"));
  }
  const std::pair<const char*, uint32_t> limits[] = {{"cpus", config.guest().cpus()},
                                                     {"memory_mb", config.guest().memory_mb()},
                                                     {"pids", config.guest().pids()}};
  for (const auto& [name, value] : limits) {
    if (value == 0 || std::find(state->limits().begin(), state->limits().end(), name) != state->limits().end()) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("worker ", state->name(), ": holds machines to no ", name, ", want no such limit, or another worker"));
  }
  return absl::OkStatus();
}

}  // namespace tools
