#include "flyd/supervisor/metadata.h"

#include "absl/strings/str_cat.h"
#include "flyd/supervisor/lease_check.h"
#include "flyd/supervisor/machine_refusals.h"
#include "tokensvc/rpc/error_details.h"

namespace flyd {
namespace {

absl::Status CheckSize(const std::map<std::string, std::string>& metadata) {
  size_t bytes = 0;
  for (const auto& [key, value] : metadata) bytes += key.size() + value.size();
  if (metadata.size() <= kMaxMetadata && bytes <= kMaxMetadataBytes) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("metadata: ", metadata.size(), " entries of ", bytes,
                                                 " bytes, want at most ", kMaxMetadata, " of ", kMaxMetadataBytes));
}

}  // namespace

absl::StatusOr<storage::MachineRecord> ChangeMetadata(MachineTable& table, const MetadataChange& change) {
  absl::MutexLock lock(&table.LockOf(change.machine_id));
  absl::StatusOr<storage::MachineRecord> record = table.store().Get(change.machine_id);
  if (!record.ok()) return record;
  if (absl::Status free = CheckLease(*record, change.lease_nonce, table.clock().Now()); !free.ok()) return free;
  if (change.expected_revision != 0 && change.expected_revision != record->metadata_revision) {
    return tokensvc::WithReason(absl::AbortedError(absl::StrCat("machine ", record->id, " metadata: revision ",
                                                                change.expected_revision, ", store has ",
                                                                record->metadata_revision)),
                                "REVISION_MISMATCH");
  }
  if (record->state == storage::MachineState::kDestroyed) return WrongState(*record, "any other state");
  for (const std::string& key : change.remove) record->metadata.erase(key);
  for (const auto& [key, value] : change.put) record->metadata[key] = value;
  if (absl::Status fits = CheckSize(record->metadata); !fits.ok()) return fits;
  ++record->metadata_revision;
  return table.Commit(table.ChangeOf(*record, "metadata", "user", ""));
}

}  // namespace flyd
