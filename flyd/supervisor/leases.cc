#include "flyd/supervisor/leases.h"

#include "flyd/supervisor/lease_check.h"
#include "flyd/supervisor/machine_refusals.h"

namespace flyd {
namespace {

constexpr size_t kNonceDigits = 12;

// A lease is no event of the machine's life: who watches it learns of changes, not of who may make them.
absl::StatusOr<storage::MachineRecord> Keep(MachineTable& table, const storage::MachineRecord& record) {
  return table.Commit({.record = record, .expected_revision = record.revision});
}

}  // namespace

absl::StatusOr<storage::MachineRecord> AcquireLease(MachineTable& table, tokensvc::UniqueIdSource& ids,
                                                    const LeaseRequest& request) {
  absl::MutexLock lock(&table.LockOf(request.machine_id));
  absl::StatusOr<storage::MachineRecord> record = table.store().Get(request.machine_id);
  if (!record.ok()) return record;
  const absl::Time now = table.clock().Now();
  if (absl::Status free = CheckLease(*record, request.nonce, now); !free.ok()) return free;
  if (record->state == storage::MachineState::kDestroyed) return WrongState(*record, "any other state");
  const bool prolongs = record->lease.has_value() && record->lease->expires_at > now;
  record->lease = storage::Lease{
      .nonce = prolongs ? record->lease->nonce : tokensvc::NewHexId(ids).substr(0, kNonceDigits),
      .owner = request.owner,
      .description = request.description,
      .expires_at = now + request.ttl};
  return Keep(table, *record);
}

absl::StatusOr<storage::MachineRecord> ReleaseLease(MachineTable& table, const std::string& machine_id,
                                                    const std::string& nonce) {
  absl::MutexLock lock(&table.LockOf(machine_id));
  absl::StatusOr<storage::MachineRecord> record = table.store().Get(machine_id);
  if (!record.ok() || !record->lease.has_value()) return record;
  if (absl::Status own = CheckLease(*record, nonce, table.clock().Now()); !own.ok()) return own;
  record->lease.reset();
  return Keep(table, *record);
}

}  // namespace flyd
