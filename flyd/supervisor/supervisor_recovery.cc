// How a new process finds the machines of the last one.
#include <csignal>
#include <variant>

#include "flyd/supervisor/supervisor.h"

namespace flyd {
namespace {

constexpr size_t kPage = 1000;

}  // namespace

absl::Status Supervisor::Recover() {
  const bool changeable = parts_.store.Changeable().ok();
  std::string after;
  while (true) {
    const absl::StatusOr<std::vector<Record>> page = parts_.store.List(after, kPage);
    if (!page.ok()) return page.status();
    for (const Record& record : *page) {
      const absl::Status status = changeable ? operations_.Recover(record) : operations_.Show(record);
      if (!status.ok()) return status;
    }
    if (page->size() < kPage) return changeable ? EndOrphans() : absl::OkStatus();
    after = page->back().id;
  }
}

// What runs and is no machine's boot was started by a process that could not record it, or belongs to a store that was
// put back: it is nobody's, and it is ended.
absl::Status Supervisor::EndOrphans() {
  const absl::StatusOr<std::vector<BootName>> boots = parts_.runtime.Boots("");
  if (!boots.ok()) return boots.status();
  for (const BootName& boot : *boots) {
    const absl::StatusOr<Record> record = parts_.store.Get(boot.machine_id);
    if (!record.ok() && !absl::IsNotFound(record.status())) return record.status();
    if (record.ok() && record->boot.has_value() && record->boot->boot_id == boot.boot_id) continue;
    const absl::StatusOr<BootObservation> seen = parts_.runtime.Observe(boot.machine_id, boot.boot_id);
    if (!seen.ok() || !std::holds_alternative<RunningBoot>(*seen)) continue;
    table_.Note("alarm.orphan_ended", boot.machine_id, boot.boot_id);
    if (absl::Status killed = parts_.runtime.Signal(boot.machine_id, boot.boot_id, SIGKILL); !killed.ok()) return killed;
  }
  return absl::OkStatus();
}

}  // namespace flyd
