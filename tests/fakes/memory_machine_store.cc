#include "tests/fakes/memory_machine_store.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace tests {

using storage::EventRecord;
using storage::MachineRecord;

absl::StatusOr<MachineRecord> MemoryMachineStore::Commit(const storage::MachineChange& change) {
  absl::MutexLock lock(&mu_);
  MachineRecord record = change.record;
  const auto stored = machines_.find(record.id);
  const uint64_t revision = stored == machines_.end() ? 0 : stored->second.revision;
  if (revision != change.expected_revision) {
    return absl::AbortedError(
        absl::StrCat("machine ", record.id, ": revision ", change.expected_revision, ", store has ", revision));
  }
  record.revision = revision + 1;
  std::vector<EventRecord>& events = events_[record.id];
  for (EventRecord event : change.events) {
    event.sequence = events.size() + 1;
    events.push_back(std::move(event));
  }
  record.event_sequence = events.size();
  machines_[record.id] = record;
  if (change.operation.has_value()) {
    if (change.operation->has_value()) operations_[record.id] = **change.operation;
    else operations_.erase(record.id);
  }
  for (const auto& [sha256, placement] : change.placements) placements_[sha256] = placement;
  if (change.answer.has_value()) answers_[change.answer->first] = change.answer->second;
  return record;
}

absl::StatusOr<MachineRecord> MemoryMachineStore::Get(absl::string_view id) const {
  absl::MutexLock lock(&mu_);
  const auto found = machines_.find(id);
  if (found == machines_.end()) return absl::NotFoundError(absl::StrCat("machine ", id, ": not known here"));
  return found->second;
}

absl::StatusOr<std::vector<MachineRecord>> MemoryMachineStore::List(absl::string_view after_id, size_t limit) const {
  absl::MutexLock lock(&mu_);
  std::vector<MachineRecord> records;
  for (auto it = machines_.upper_bound(after_id); it != machines_.end() && records.size() < limit; ++it) {
    records.push_back(it->second);
  }
  return records;
}

absl::StatusOr<std::vector<EventRecord>> MemoryMachineStore::Events(absl::string_view machine_id,
                                                                    uint64_t after_sequence, size_t limit) const {
  absl::MutexLock lock(&mu_);
  std::vector<EventRecord> events;
  const auto found = events_.find(machine_id);
  if (found == events_.end()) return events;
  for (uint64_t i = after_sequence; i < found->second.size() && events.size() < limit; ++i) {
    events.push_back(found->second[i]);
  }
  return events;
}

absl::StatusOr<std::vector<std::pair<std::string, storage::OperationRecord>>> MemoryMachineStore::Operations() const {
  absl::MutexLock lock(&mu_);
  return std::vector<std::pair<std::string, storage::OperationRecord>>(operations_.begin(), operations_.end());
}

absl::StatusOr<std::string> MemoryMachineStore::GetPlacement(absl::string_view sha256) const {
  absl::MutexLock lock(&mu_);
  const auto found = placements_.find(sha256);
  if (found == placements_.end()) return absl::NotFoundError("placement: not known here");
  return found->second;
}

absl::StatusOr<storage::RequestAnswer> MemoryMachineStore::GetAnswer(absl::string_view request_id) const {
  absl::MutexLock lock(&mu_);
  const auto found = answers_.find(request_id);
  if (found == answers_.end()) return absl::NotFoundError("request_id: not answered before");
  return found->second;
}

}  // namespace tests
