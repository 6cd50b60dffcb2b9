#include "storage/rocksdb_machine_store.h"

#include <openssl/rand.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "storage/machine_record_codec.h"
#include "storage/machine_store_keys.h"

namespace storage {
namespace {

constexpr absl::string_view kFormat = "flyd-machine-store-v1";
constexpr absl::string_view kCompactedKey = "feed_compacted";
constexpr size_t kCompactPage = 1000;

enum Family : size_t { kDefault, kMachines, kEvents, kOperations, kPlacements, kAnswers, kFeed };
const std::vector<std::string>& FamilyNames() {
  static const auto* const names = new std::vector<std::string>{"default",    "machines", "events", "operations",
                                                                "placements", "answers",  "feed"};
  return *names;
}

std::string NewIncarnation() {
  std::string random(16, '\0');
  RAND_bytes(reinterpret_cast<uint8_t*>(random.data()), random.size());
  return absl::BytesToHexString(random);
}

template <typename Value>
absl::StatusOr<Value> DecodeOr(absl::StatusOr<std::string> bytes, absl::StatusOr<Value> (*decode)(absl::string_view),
                               absl::string_view absent) {
  if (absl::IsNotFound(bytes.status())) return absl::NotFoundError(absent);
  if (!bytes.ok()) return bytes.status();
  return decode(*bytes);
}

}  // namespace

// What is written at once, and what the records in it have become.
struct RocksDbMachineStore::Group {
  std::vector<RocksDbFamilies::Change> changes;
  absl::flat_hash_map<std::string, MachineRecord> records;
  uint64_t last_feed = 0;

  void Put(Family family, std::string key, std::string value) {
    changes.push_back({family, std::move(key), std::move(value)});
  }
};

absl::StatusOr<std::unique_ptr<RocksDbMachineStore>> RocksDbMachineStore::Open(const std::string& folder) {
  return Begin(RocksDbFamilies::Open(folder, FamilyNames()), absl::OkStatus());
}

absl::StatusOr<std::unique_ptr<RocksDbMachineStore>> RocksDbMachineStore::OpenReadOnly(const std::string& folder,
                                                                                       absl::Status refusal) {
  return Begin(RocksDbFamilies::OpenReadOnly(folder, FamilyNames()), std::move(refusal));
}

absl::StatusOr<std::unique_ptr<RocksDbMachineStore>> RocksDbMachineStore::Begin(
    absl::StatusOr<std::unique_ptr<RocksDbFamilies>> families, absl::Status refusal) {
  if (!families.ok()) return families.status();
  std::unique_ptr<RocksDbMachineStore> store(new RocksDbMachineStore(*std::move(families), std::move(refusal)));
  if (absl::Status identified = store->Identify(); !identified.ok()) return identified;
  if (absl::Status found = store->FindFeedRange(); !found.ok()) return found;
  return store;
}

// Makes or checks format and incarnation.
absl::Status RocksDbMachineStore::Identify() {
  const absl::StatusOr<std::string> format = families_->Get(kDefault, "format");
  if (absl::IsNotFound(format.status())) {
    incarnation_ = NewIncarnation();
    return families_->Write({{kDefault, "format", std::string(kFormat)}, {kDefault, "incarnation", incarnation_}});
  }
  if (!format.ok()) return format.status();
  if (*format != kFormat) {
    return absl::FailedPreconditionError(absl::StrCat(families_->folder(), ": format ", *format, ", want ", kFormat));
  }
  absl::StatusOr<std::string> incarnation = families_->Get(kDefault, "incarnation");
  if (incarnation.ok()) incarnation_ = *std::move(incarnation);
  return incarnation.status();
}

absl::Status RocksDbMachineStore::RenewIncarnation() {
  incarnation_ = NewIncarnation();
  return families_->Write({{kDefault, "incarnation", incarnation_}});
}

absl::Status RocksDbMachineStore::FindFeedRange() {
  const absl::StatusOr<std::optional<std::string>> last = families_->LastKey(kFeed);
  if (!last.ok()) return last.status();
  const absl::StatusOr<std::string> compacted = families_->Get(kDefault, kCompactedKey);
  if (!compacted.ok() && !absl::IsNotFound(compacted.status())) return compacted.status();
  absl::MutexLock lock(&mu_);
  feed_.compacted = compacted.ok() ? FeedSequence(*compacted) : 0;
  feed_.last = last->has_value() ? FeedSequence(**last) : feed_.compacted;
  return absl::OkStatus();
}

absl::StatusOr<MachineRecord> RocksDbMachineStore::Commit(const MachineChange& change) {
  if (!refusal_.ok()) return refusal_;
  Waiting own{change};
  mu_.Lock();
  waiting_.push_back(&own);
  const auto my_turn = [this, &own]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return own.done || !writing_; };
  mu_.Await(absl::Condition(&my_turn));
  if (!own.done) {
    writing_ = true;
    const std::vector<Waiting*> group = std::exchange(waiting_, {});
    const uint64_t before = feed_.last;
    mu_.Unlock();
    const uint64_t last = CommitGroup(group, before);
    mu_.Lock();
    feed_.last = last;
    writing_ = false;
    for (Waiting* one : group) one->done = true;
  }
  mu_.Unlock();
  return std::move(own.result);
}

// The number of the last entry of the feed afterwards.
uint64_t RocksDbMachineStore::CommitGroup(const std::vector<Waiting*>& waiting, uint64_t last_feed) {
  Group group{.last_feed = last_feed};
  for (Waiting* one : waiting) one->result = Add(one->change, group);
  const absl::Status written = group.changes.empty() ? absl::OkStatus() : families_->Write(group.changes);
  if (written.ok()) return group.last_feed;
  for (Waiting* one : waiting) {
    if (one->result.ok()) one->result = written;
  }
  return last_feed;
}

absl::StatusOr<MachineRecord> RocksDbMachineStore::Add(const MachineChange& change, Group& group) const {
  MachineRecord record = change.record;
  const auto earlier = group.records.find(record.id);
  const absl::StatusOr<MachineRecord> stored =
      earlier == group.records.end() ? Get(record.id) : absl::StatusOr<MachineRecord>(earlier->second);
  if (!stored.ok() && !absl::IsNotFound(stored.status())) return stored.status();
  const uint64_t revision = stored.ok() ? stored->revision : 0;
  if (revision != change.expected_revision) {
    return absl::AbortedError(
        absl::StrCat("machine ", record.id, ": revision ", change.expected_revision, ", store has ", revision));
  }
  record.revision = revision + 1;
  record.event_sequence = stored.ok() ? stored->event_sequence : 0;
  for (EventRecord event : change.events) {
    event.sequence = ++record.event_sequence;
    group.Put(kEvents, EventKey(record.id, event.sequence), EncodeEvent(event));
    group.Put(kFeed, FeedKey(++group.last_feed), EncodeFeedReference({record.id, event.sequence}));
  }
  group.Put(kMachines, record.id, EncodeMachine(record));
  if (change.operation.has_value()) {
    std::optional<std::string> operation;
    if (change.operation->has_value()) operation = EncodeOperation(**change.operation);
    group.changes.push_back({kOperations, record.id, std::move(operation)});
  }
  for (const auto& [sha256, placement] : change.placements) group.Put(kPlacements, sha256, placement);
  if (change.answer.has_value()) group.Put(kAnswers, change.answer->first, EncodeAnswer(change.answer->second));
  group.records[record.id] = record;
  return record;
}

absl::StatusOr<MachineRecord> RocksDbMachineStore::Get(absl::string_view id) const {
  return DecodeOr(families_->Get(kMachines, id), &DecodeMachine, absl::StrCat("machine ", id, ": not known here"));
}

absl::StatusOr<std::vector<MachineRecord>> RocksDbMachineStore::List(absl::string_view after_id, size_t limit) const {
  std::vector<MachineRecord> records;
  const absl::Status scanned =
      families_->Scan(kMachines, "", after_id, limit, [&](absl::string_view, absl::string_view value) {
        absl::StatusOr<MachineRecord> record = DecodeMachine(value);
        if (record.ok()) records.push_back(*std::move(record));
        return record.status();
      });
  if (!scanned.ok()) return scanned;
  return records;
}

absl::StatusOr<OperationRecord> RocksDbMachineStore::GetOperation(absl::string_view machine_id) const {
  return DecodeOr(families_->Get(kOperations, machine_id), &DecodeOperation,
                  absl::StrCat("machine ", machine_id, ": no operation in progress"));
}

absl::StatusOr<std::vector<std::pair<std::string, OperationRecord>>> RocksDbMachineStore::Operations() const {
  std::vector<std::pair<std::string, OperationRecord>> operations;
  const absl::Status scanned =
      families_->Scan(kOperations, "", "", SIZE_MAX, [&](absl::string_view key, absl::string_view value) {
        absl::StatusOr<OperationRecord> operation = DecodeOperation(value);
        if (operation.ok()) operations.emplace_back(std::string(key), *std::move(operation));
        return operation.status();
      });
  if (!scanned.ok()) return scanned;
  return operations;
}

absl::StatusOr<std::string> RocksDbMachineStore::GetPlacement(absl::string_view sha256) const {
  absl::StatusOr<std::string> placement = families_->Get(kPlacements, sha256);
  if (absl::IsNotFound(placement.status())) return absl::NotFoundError("placement: not known here");
  return placement;
}

absl::StatusOr<RequestAnswer> RocksDbMachineStore::GetAnswer(absl::string_view request_id) const {
  return DecodeOr(families_->Get(kAnswers, request_id), &DecodeAnswer, "request_id: not answered before");
}

absl::StatusOr<std::vector<EventRecord>> RocksDbMachineStore::Events(absl::string_view machine_id,
                                                                     uint64_t after_sequence, size_t limit) const {
  std::vector<EventRecord> events;
  const absl::Status scanned = families_->Scan(kEvents, EventPrefix(machine_id), EventKey(machine_id, after_sequence),
                                               limit, [&](absl::string_view, absl::string_view value) {
                                                 absl::StatusOr<EventRecord> event = DecodeEvent(value);
                                                 if (event.ok()) events.push_back(*std::move(event));
                                                 return event.status();
                                               });
  if (!scanned.ok()) return scanned;
  return events;
}

FeedRange RocksDbMachineStore::feed_range() const {
  absl::MutexLock lock(&mu_);
  return feed_;
}

absl::StatusOr<std::vector<FeedEntry>> RocksDbMachineStore::Feed(uint64_t after, size_t limit) const {
  const FeedRange range = feed_range();
  if (after < range.compacted || after > range.last) {
    return absl::OutOfRangeError(
        absl::StrCat("feed: after ", after, ", want ", range.compacted, "..", range.last));
  }
  std::vector<FeedEntry> entries;
  const auto visit = [&](absl::string_view key, absl::string_view value) -> absl::Status {
    const absl::StatusOr<FeedReference> reference = DecodeFeedReference(value);
    if (!reference.ok()) return reference.status();
    absl::StatusOr<EventRecord> event =
        DecodeOr(families_->Get(kEvents, EventKey(reference->machine_id, reference->event_sequence)), &DecodeEvent,
                 absl::StrCat("feed: event ", reference->event_sequence, " of ", reference->machine_id, " is compacted"));
    if (absl::IsNotFound(event.status())) return absl::OutOfRangeError(event.status().message());
    if (event.ok()) entries.push_back({FeedSequence(key), reference->machine_id, *std::move(event)});
    return event.status();
  };
  const absl::Status scanned =
      families_->Scan(kFeed, "", FeedKey(after), std::min<uint64_t>(limit, range.last - after), visit);
  if (!scanned.ok()) return scanned;
  return entries;
}

absl::Status RocksDbMachineStore::Compact(absl::Time before, absl::Time now) {
  if (!refusal_.ok()) return refusal_;
  for (uint64_t compacted = feed_range().compacted;;) {
    const absl::StatusOr<uint64_t> next = CompactFeed(compacted, before);
    if (!next.ok()) return next.status();
    if (*next == compacted) return CompactAnswers(now);
    compacted = *next;
    absl::MutexLock lock(&mu_);
    feed_.compacted = compacted;
  }
}

// Forgets a page of old events and their places in the feed; answers the new end of what is forgotten.
absl::StatusOr<uint64_t> RocksDbMachineStore::CompactFeed(uint64_t after, absl::Time before) {
  const absl::StatusOr<std::vector<FeedEntry>> page = Feed(after, kCompactPage);
  if (!page.ok()) return page.status();
  std::vector<RocksDbFamilies::Change> changes;
  for (const FeedEntry& entry : *page) {
    if (entry.event.at >= before) break;
    changes.push_back({kEvents, EventKey(entry.machine_id, entry.event.sequence), std::nullopt});
    changes.push_back({kFeed, FeedKey(entry.sequence), std::nullopt});
    after = entry.sequence;
  }
  if (changes.empty()) return after;
  changes.push_back({kDefault, std::string(kCompactedKey), FeedKey(after)});
  if (absl::Status written = families_->Write(changes); !written.ok()) return written;
  return after;
}

absl::Status RocksDbMachineStore::CompactAnswers(absl::Time now) {
  std::vector<RocksDbFamilies::Change> changes;
  const auto visit = [&](absl::string_view key, absl::string_view value) {
    const absl::StatusOr<RequestAnswer> answer = DecodeAnswer(value);
    if (answer.ok() && answer->expires_at <= now) changes.push_back({kAnswers, std::string(key), std::nullopt});
    return answer.status();
  };
  if (absl::Status scanned = families_->Scan(kAnswers, "", "", SIZE_MAX, visit); !scanned.ok()) return scanned;
  return changes.empty() ? absl::OkStatus() : families_->Write(changes);
}

absl::StatusOr<HostRecord> RocksDbMachineStore::GetHost() const {
  absl::StatusOr<HostRecord> host = DecodeOr(families_->Get(kDefault, "host"), &DecodeHost, "host: never changed");
  return absl::IsNotFound(host.status()) ? HostRecord{} : std::move(host);
}

absl::Status RocksDbMachineStore::PutHost(const HostRecord& host) {
  if (!refusal_.ok()) return refusal_;
  return families_->Write({{kDefault, "host", EncodeHost(host)}});
}

}  // namespace storage
