#include "flyd/supervisor/host.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "tokensvc/rpc/error_details.h"

namespace flyd {

absl::StatusOr<std::unique_ptr<Host>> Host::Open(storage::HostStore& store, const tokensvc::Clock& clock,
                                                 FreeSpace free_space) {
  absl::StatusOr<storage::HostRecord> record = store.GetHost();
  if (!record.ok()) return record.status();
  return std::unique_ptr<Host>(new Host(store, clock, std::move(free_space), *std::move(record)));
}

absl::Status Host::Put(storage::HostRecord record) {
  record.changed_at = clock_.Now();
  absl::MutexLock lock(&mu_);
  if (absl::Status kept = store_.PutHost(record); !kept.ok()) return kept;
  record_ = std::move(record);
  return absl::OkStatus();
}

absl::Status Host::Cordon(absl::string_view reason) { return Put({.cordoned = true, .reason = std::string(reason)}); }
absl::Status Host::Uncordon() { return Put({}); }

storage::HostRecord Host::record() const {
  absl::MutexLock lock(&mu_);
  return record_;
}

absl::Status Host::Admit(OperationKind kind, size_t in_progress) const {
  const storage::HostRecord host = record();
  if (host.cordoned && kind == OperationKind::kStart) {
    return tokensvc::WithReason(
        absl::FailedPreconditionError(absl::StrCat("worker: cordoned", host.reason.empty() ? "" : ", ", host.reason,
                                                   ", want it uncordoned")),
        "HOST_CORDONED");
  }
  if (in_progress >= kMaxOperations) {
    return tokensvc::WithRetryDelay(absl::ResourceExhaustedError(absl::StrCat(
                                        "operations: ", in_progress, " in progress, want fewer than ", kMaxOperations)),
                                    absl::Seconds(1));
  }
  return HasRoom();
}

absl::Status Host::HasRoom() const {
  const uint64_t free = free_space_();
  if (free >= kSpaceReserveBytes) return absl::OkStatus();
  return tokensvc::WithRetryDelay(
      absl::ResourceExhaustedError(absl::StrCat("disk of the machine store: ", free >> 20, " MiB free, want at least ",
                                                kSpaceReserveBytes >> 20)),
      absl::Seconds(10));
}

}  // namespace flyd
