#include "flyd/supervisor/due_renewals.h"

#include <cstdint>

#include "absl/strings/numbers.h"
#include "tokensvc/placement/placement.h"

namespace flyd {
namespace {

constexpr size_t kPage = 1000;
constexpr int kPhases = 1000;

using storage::MachineRecord;

// A placement that is not there or does not decode is due at once: one that is signed anew takes its place.
absl::StatusOr<bool> IsDue(const storage::MachineStore& store, const MachineRecord& record, const std::string& sha256,
                           absl::Time now) {
  const absl::StatusOr<std::string> bytes = store.GetPlacement(sha256);
  if (absl::IsNotFound(bytes.status())) return true;
  if (!bytes.ok()) return bytes.status();
  const absl::StatusOr<tokensvc::UnverifiedPlacement> decoded = tokensvc::DecodePlacement(*bytes);
  if (!decoded.ok()) return true;
  const tokensvc::Placement& placement = decoded->placement;
  const absl::Duration life = placement.expires - placement.not_before;
  uint64_t number = 0;  // ids are random hex digits; another one has no phase
  (void)absl::SimpleHexAtoi(record.id, &number);
  const auto phase = static_cast<int64_t>(number % kPhases);
  return now >= placement.not_before + life / 2 + life / 12 * phase / kPhases;
}

absl::StatusOr<bool> IsDue(const storage::MachineStore& store, const MachineRecord& record, absl::Time now) {
  if (record.state == storage::MachineState::kDestroyed || record.state == storage::MachineState::kMigrated) return false;
  const std::string& desired = record.desired.placement_sha256;
  const absl::StatusOr<bool> due = IsDue(store, record, desired, now);
  if (!due.ok() || *due || !record.boot.has_value() || record.boot->version.placement_sha256 == desired) return due;
  return IsDue(store, record, record.boot->version.placement_sha256, now);
}

}  // namespace

absl::StatusOr<std::vector<std::string>> DueRenewals(const storage::MachineStore& store, absl::Time now) {
  std::vector<std::string> due;
  for (std::string after;;) {
    const absl::StatusOr<std::vector<MachineRecord>> page = store.List(after, kPage);
    if (!page.ok()) return page.status();
    for (const MachineRecord& record : *page) {
      const absl::StatusOr<bool> is_due = IsDue(store, record, now);
      if (!is_due.ok()) return is_due.status();
      if (*is_due) due.push_back(record.id);
    }
    if (page->size() < kPage) return due;
    after = page->back().id;
  }
}

}  // namespace flyd
