#include "flyd/supervisor/machine_waiters.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "flyd/supervisor/machine_state.h"
#include "tokensvc/rpc/error_details.h"

namespace flyd {
namespace {

using storage::MachineRecord;
using Verdict = std::optional<absl::StatusOr<MachineRecord>>;

// nullopt: the wait goes on.
Verdict Judge(const MachineRecord& record, const MachineWish& wish) {
  const std::string& version = wish.version;
  const bool booted = record.boot.has_value() && record.boot->version.version == version;
  const bool desired = record.desired.version == version;
  const bool of_version = version.empty() || booted || (desired && !record.boot.has_value());
  if (record.state == wish.state && of_version) return record;
  if (record.state == storage::MachineState::kDestroyed) {
    return absl::FailedPreconditionError(absl::StrCat("machine ", record.id, ": destroyed, want ", StateName(wish.state)));
  }
  if (!version.empty() && !booted && !desired) {
    return absl::FailedPreconditionError(
        absl::StrCat("machine ", record.id, ": version ", record.desired.version, ", want ", version, ", which is gone"));
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<uint64_t> MachineWaiters::Add(const std::string& machine_id, MachineWish wish, Done done) {
  absl::MutexLock lock(&mu_);
  if (machines_.size() >= kMostWaiting) {
    return tokensvc::WithRetryDelay(
        absl::ResourceExhaustedError(absl::StrCat("waits: ", kMostWaiting, " already, want fewer")), absl::Seconds(1));
  }
  const uint64_t ticket = ++last_ticket_;
  waits_[machine_id].push_back({.ticket = ticket, .wish = std::move(wish), .done = std::move(done)});
  machines_.emplace(ticket, machine_id);
  return ticket;
}

void MachineWaiters::Remove(uint64_t ticket) {
  Done dropped;  // destroyed outside the lock
  absl::MutexLock lock(&mu_);
  const auto machine = machines_.find(ticket);
  if (machine == machines_.end()) return;
  const auto waits = waits_.find(machine->second);
  const auto wait = std::find_if(waits->second.begin(), waits->second.end(),
                                 [ticket](const Wait& each) { return each.ticket == ticket; });
  dropped = std::move(wait->done);
  waits->second.erase(wait);
  if (waits->second.empty()) waits_.erase(waits);
  machines_.erase(machine);
}

void MachineWaiters::Tell(const MachineRecord& record) {
  std::vector<std::pair<Done, absl::StatusOr<MachineRecord>>> over;
  {
    absl::MutexLock lock(&mu_);
    const auto waits = waits_.find(record.id);
    if (waits == waits_.end()) return;
    std::erase_if(waits->second, [&](Wait& wait) ABSL_NO_THREAD_SAFETY_ANALYSIS {  // called here, under the lock
      Verdict verdict = Judge(record, wait.wish);
      if (!verdict.has_value()) return false;
      machines_.erase(wait.ticket);
      over.emplace_back(std::move(wait.done), *std::move(verdict));
      return true;
    });
    if (waits->second.empty()) waits_.erase(waits);
  }
  for (auto& [done, verdict] : over) done(std::move(verdict));
}

}  // namespace flyd
