#include "tokensvc/fleet/log/fleet_log.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "tokensvc/es256/es256_verify.h"
#include "tokensvc/fleetlog/fleet_log_entry.h"
#include "tokensvc/limits.h"

namespace tokensvc {
namespace {

constexpr size_t kLoadBatch = 1000;
// Entries in one message to a signer; an entry is at most 1 MiB and nearly always under a kilobyte.
constexpr size_t kMaxEntriesPerMessage = 500;
constexpr size_t kMaxBytesPerMessage = 1024 * 1024;
// The longest that a waiting thread sleeps before it looks at the clock again.
constexpr absl::Duration kLookAgain = absl::Milliseconds(200);
constexpr absl::Duration kAwaitNext = absl::Seconds(1);

}  // namespace

FleetLog::FleetLog(FleetLogStore& store, FleetKey& key, const Clock& clock)
    : store_(store), key_(key), clock_(clock), key_id_(SpkiKeyId(key.spki_der())) {}

absl::StatusOr<std::unique_ptr<FleetLog>> FleetLog::Open(FleetLogStore& store, FleetKey& key, const Clock& clock) {
  std::unique_ptr<FleetLog> log(new FleetLog(store, key, clock));
  if (absl::Status loaded = log->Load(); !loaded.ok()) return loaded;
  return log;
}

absl::Status FleetLog::Load() {
  absl::MutexLock lock(&mu_);
  for (;;) {
    absl::StatusOr<std::vector<std::string>> entries = store_.Read(state_.number() + 1, kLoadBatch);
    if (!entries.ok()) return entries.status();
    if (entries->empty()) break;
    for (const std::string& entry : *entries) {
      if (absl::Status applied = ApplyLocked(entry); !applied.ok()) {
        return absl::DataLossError(
            absl::StrCat("fleet log entry ", state_.number() + 1, ": ", applied.message(), ", want what was appended"));
      }
    }
  }
  absl::StatusOr<std::vector<SignerRecord>> signers = store_.Signers();
  if (!signers.ok()) return signers.status();
  for (SignerRecord& record : *signers) {
    const std::string name = record.name;
    followers_[name].record = std::move(record);
  }
  return absl::OkStatus();
}

absl::Status FleetLog::ApplyLocked(absl::string_view signed_entry) {
  absl::StatusOr<VerifiedFleetLogEntry> verified = VerifyFleetLogEntry(signed_entry, key_.spki_der());
  if (!verified.ok()) return verified.status();
  if (absl::Status applied = state_.Apply(*verified); !applied.ok()) return applied;
  hashes_.push_back(verified->sha256());
  if (const auto* issuer = std::get_if<OrganizationIssuer>(&verified->entry().change)) {
    const auto [entry, added] = organizations_.try_emplace(issuer->slug);
    if (added) entry->second.created = verified->entry().appended_at;
    entry->second.issuer = *issuer;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::string> FleetLog::SignEntryLocked(FleetChange change) {
  const FleetLogEntry entry{.key_id = key_id_,
                            .number = state_.number() + 1,
                            .previous_sha256 = state_.sha256(),
                            .appended_at = clock_.Now(),
                            .change = std::move(change)};
  absl::StatusOr<std::string> payload = EncodeFleetLogPayload(entry);
  if (!payload.ok()) return payload.status();
  absl::StatusOr<std::string> signature = key_.SignEs256(FleetLogSigningInput(*payload));
  if (!signature.ok()) return signature.status();
  return AssembleSignedFleetLogEntry(*payload, *signature);
}

absl::StatusOr<uint64_t> FleetLog::Append(FleetChange change) {
  absl::MutexLock lock(&mu_);
  if (!broken_.ok()) return broken_;
  absl::StatusOr<std::string> entry = SignEntryLocked(std::move(change));
  if (!entry.ok()) return entry.status();
  if (absl::Status applied = ApplyLocked(*entry); !applied.ok()) return applied;
  // From here on the fold holds an entry that is not durable: nobody may read it until it is.
  if (absl::Status kept = store_.Append(state_.number(), *entry); !kept.ok()) {
    broken_ = absl::UnavailableError(absl::StrCat("fleet log entry ", state_.number(), ": not kept (", kept.message(),
                                                  "), want a restart that reads what is durable"));
    changed_.SignalAll();
    return broken_;
  }
  changed_.SignalAll();
  return state_.number();
}

uint64_t FleetLog::number() const {
  absl::MutexLock lock(&mu_);
  return state_.number();
}

std::optional<FleetSettings> FleetLog::settings() const {
  absl::MutexLock lock(&mu_);
  return state_.settings();
}

bool FleetLog::HasKeySlot(absl::string_view key_group, absl::string_view slot) const {
  absl::MutexLock lock(&mu_);
  return state_.key_slots().contains({std::string(key_group), std::string(slot)});
}

uint64_t FleetLog::MinimumGeneration(absl::string_view machine_id) const {
  absl::MutexLock lock(&mu_);
  return state_.MinimumGeneration(machine_id);
}

std::optional<OrganizationEntry> FleetLog::FindOrganization(absl::string_view slug) const {
  absl::MutexLock lock(&mu_);
  const auto found = organizations_.find(slug);
  if (found == organizations_.end()) return std::nullopt;
  return found->second;
}

std::optional<OrganizationEntry> FleetLog::FindOrganization(uint64_t id) const {
  absl::MutexLock lock(&mu_);
  const OrganizationIssuer* issuer = state_.FindOrganization(id);
  if (issuer == nullptr) return std::nullopt;
  return organizations_.find(issuer->slug)->second;
}

std::vector<OrganizationEntry> FleetLog::ListOrganizations(absl::string_view after_slug, size_t limit) const {
  absl::MutexLock lock(&mu_);
  std::vector<OrganizationEntry> page;
  for (auto it = organizations_.upper_bound(after_slug); it != organizations_.end() && page.size() < limit; ++it) {
    page.push_back(it->second);
  }
  return page;
}

absl::Status FleetLog::CheckPrefixLocked(uint64_t applied, absl::string_view sha256) {
  if (applied > hashes_.size()) {
    return absl::FailedPreconditionError(
        absl::StrCat("applied_number: ", applied, ", want at most ", hashes_.size(), ", the last entry"));
  }
  const std::string want = applied == 0 ? std::string(32, '\0') : hashes_[applied - 1];
  if (sha256 != want) {
    return absl::FailedPreconditionError(
        absl::StrCat("applied_sha256: another chain at entry ", applied, ", want this authority's"));
  }
  return absl::OkStatus();
}

absl::Status FleetLog::PutRecordLocked(Follower& follower, SignerRecord record) {
  if (absl::Status kept = store_.PutSigner(record); !kept.ok()) return kept;
  follower.record = std::move(record);
  changed_.SignalAll();
  return absl::OkStatus();
}

absl::StatusOr<uint64_t> FleetLog::BeginFollowing(absl::string_view signer, uint64_t applied,
                                                  absl::string_view applied_sha256) {
  absl::MutexLock lock(&mu_);
  if (!broken_.ok()) return broken_;
  if (absl::Status prefix = CheckPrefixLocked(applied, applied_sha256); !prefix.ok()) return prefix;
  Follower& follower = followers_[std::string(signer)];
  SignerRecord record = follower.record;
  record.name = std::string(signer);
  record.acknowledged = applied;
  if (absl::Status kept = PutRecordLocked(follower, std::move(record)); !kept.ok()) return kept;
  follower.session = ++sessions_;
  return follower.session;
}

absl::StatusOr<FleetLog::Follower*> FleetLog::FindLocked(absl::string_view signer, uint64_t session) {
  const auto found = followers_.find(signer);
  if (found == followers_.end() || found->second.session != session) {
    return absl::AbortedError(absl::StrCat("signer ", signer, ": an earlier stream, want the latest alone"));
  }
  return &found->second;
}

absl::Status FleetLog::Acknowledge(absl::string_view signer, uint64_t session, uint64_t applied,
                                   absl::string_view applied_sha256) {
  absl::MutexLock lock(&mu_);
  absl::StatusOr<Follower*> follower = FindLocked(signer, session);
  if (!follower.ok()) return follower.status();
  if (absl::Status prefix = CheckPrefixLocked(applied, applied_sha256); !prefix.ok()) return prefix;
  SignerRecord record = (*follower)->record;
  if (applied < record.acknowledged) {
    return absl::FailedPreconditionError(
        absl::StrCat("applied_number: ", applied, ", want at least ", record.acknowledged, ", acknowledged before"));
  }
  if (applied == record.acknowledged) return absl::OkStatus();
  record.acknowledged = applied;
  return PutRecordLocked(**follower, std::move(record));
}

bool FleetLog::HeadIsDueLocked(absl::Time head_issued) const {
  if (head_.has_value() && head_->number == state_.number() && head_->issued > head_issued) return true;
  return clock_.Now() >= head_issued + kHeadRenewal;
}

// The head of the last entry, signed anew where the one at hand is a minute old or of an earlier entry.
absl::StatusOr<const FleetLog::Head*> FleetLog::FreshHeadLocked() {
  const absl::Time now = absl::FromUnixSeconds(absl::ToUnixSeconds(clock_.Now()));
  if (head_.has_value() && head_->number == state_.number() && now < head_->issued + kHeadRenewal) return &*head_;
  const FleetHead head{.key_id = key_id_,
                       .number = state_.number(),
                       .entry_sha256 = state_.sha256(),
                       .issued = now,
                       .expires = now + kSigningLease};
  const std::string payload = EncodeFleetHeadPayload(head);
  absl::StatusOr<std::string> signature = key_.SignEs256(FleetHeadSigningInput(payload));
  if (!signature.ok()) return signature.status();
  head_ = Head{AssembleSignedFleetHead(payload, *signature), head.number, head.issued, head.expires};
  return &*head_;
}

absl::StatusOr<FleetLog::Next> FleetLog::NextLocked(Follower& follower, uint64_t sent, absl::Time head_issued) {
  Next next;
  if (sent < state_.number()) {
    absl::StatusOr<std::vector<std::string>> entries = store_.Read(sent + 1, kMaxEntriesPerMessage);
    if (!entries.ok()) return entries.status();
    size_t bytes = 0;
    for (std::string& entry : *entries) {
      if (!next.entries.empty() && bytes + entry.size() > kMaxBytesPerMessage) break;
      bytes += entry.size();
      next.entries.push_back(std::move(entry));
    }
    return next;
  }
  if (!MayReceiveHead(follower.record.acknowledged, state_.number()) || !HeadIsDueLocked(head_issued)) return next;
  absl::StatusOr<const Head*> head = FreshHeadLocked();
  if (!head.ok()) return head.status();
  if (absl::Status kept = PutRecordLocked(follower, WithLease(follower.record, (*head)->expires)); !kept.ok()) {
    return kept;
  }
  next.head = (*head)->bytes;
  next.head_issued = (*head)->issued;
  return next;
}

absl::StatusOr<FleetLog::Next> FleetLog::AwaitNext(absl::string_view signer, uint64_t session, uint64_t sent,
                                                   absl::Time head_issued) {
  absl::MutexLock lock(&mu_);
  const absl::Duration give_up = clock_.Monotonic() + kAwaitNext;
  for (;;) {
    if (stopped_) return absl::CancelledError("fleet log: stopped, want it to run");
    if (!broken_.ok()) return broken_;
    absl::StatusOr<Follower*> follower = FindLocked(signer, session);
    if (!follower.ok()) return follower.status();
    absl::StatusOr<Next> next = NextLocked(**follower, sent, head_issued);
    if (!next.ok() || !next->entries.empty() || !next->head.empty()) return next;
    if (clock_.Monotonic() >= give_up) return next;
    changed_.WaitWithTimeout(&mu_, kLookAgain);
  }
}

std::vector<std::string> FleetLog::AwaitSettled(uint64_t number, absl::Duration wait) {
  absl::MutexLock lock(&mu_);
  const absl::Duration give_up = clock_.Monotonic() + wait;
  for (;;) {
    std::vector<std::string> unsettled;
    for (const auto& [name, follower] : followers_) {
      if (!IsSettled(follower.record, number, clock_.Now())) unsettled.push_back(name);
    }
    if (unsettled.empty() || stopped_ || clock_.Monotonic() >= give_up) return unsettled;
    changed_.WaitWithTimeout(&mu_, kLookAgain);
  }
}

absl::Status FleetLog::health() const {
  absl::MutexLock lock(&mu_);
  return broken_;
}

void FleetLog::Stop() {
  absl::MutexLock lock(&mu_);
  stopped_ = true;
  changed_.SignalAll();
}

}  // namespace tokensvc
