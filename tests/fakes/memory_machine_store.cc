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
  record.event_sequence = stored == machines_.end() ? 0 : stored->second.event_sequence;
  for (EventRecord event : change.events) {
    event.sequence = ++record.event_sequence;
    events_[record.id][event.sequence] = event;
    const uint64_t number = ++range_.last;
    feed_[number] = {number, record.id, std::move(event)};
  }
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
  for (auto it = found->second.upper_bound(after_sequence); it != found->second.end() && events.size() < limit; ++it) {
    events.push_back(it->second);
  }
  return events;
}

absl::StatusOr<std::vector<storage::FeedEntry>> MemoryMachineStore::Feed(uint64_t after, size_t limit) const {
  absl::MutexLock lock(&mu_);
  if (after < range_.compacted || after > range_.last) {
    return absl::OutOfRangeError(
        absl::StrCat("feed: after ", after, ", want ", range_.compacted, "..", range_.last));
  }
  std::vector<storage::FeedEntry> entries;
  for (auto it = feed_.upper_bound(after); it != feed_.end() && entries.size() < limit; ++it) {
    entries.push_back(it->second);
  }
  return entries;
}

storage::FeedRange MemoryMachineStore::feed_range() const {
  absl::MutexLock lock(&mu_);
  return range_;
}

absl::Status MemoryMachineStore::Compact(absl::Time before, absl::Time now) {
  absl::MutexLock lock(&mu_);
  while (!feed_.empty() && feed_.begin()->second.event.at < before) {
    const storage::FeedEntry& oldest = feed_.begin()->second;
    events_[oldest.machine_id].erase(oldest.event.sequence);
    range_.compacted = oldest.sequence;
    feed_.erase(feed_.begin());
  }
  std::erase_if(answers_, [now](const auto& answer) { return answer.second.expires_at <= now; });
  return absl::OkStatus();
}

absl::StatusOr<storage::HostRecord> MemoryMachineStore::GetHost() const {
  absl::MutexLock lock(&mu_);
  return host_;
}

absl::Status MemoryMachineStore::PutHost(const storage::HostRecord& host) {
  absl::MutexLock lock(&mu_);
  host_ = host;
  return absl::OkStatus();
}

absl::StatusOr<storage::OperationRecord> MemoryMachineStore::GetOperation(absl::string_view machine_id) const {
  absl::MutexLock lock(&mu_);
  const auto found = operations_.find(machine_id);
  if (found == operations_.end()) {
    return absl::NotFoundError(absl::StrCat("machine ", machine_id, ": no operation in progress"));
  }
  return found->second;
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
