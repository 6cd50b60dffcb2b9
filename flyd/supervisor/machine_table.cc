#include "flyd/supervisor/machine_table.h"

#include <utility>

#include "absl/hash/hash.h"
#include "absl/strings/str_cat.h"
#include "tokensvc/rpc/error_details.h"

namespace flyd {
namespace {

// How long a request id keeps its answer.
constexpr absl::Duration kAnswerLifetime = absl::Hours(24);

}  // namespace

absl::Mutex& MachineTable::LockOf(absl::string_view id) { return locks_[absl::HashOf(id) % kStripes]; }

storage::MachineChange MachineTable::ChangeOf(const Record& record, absl::string_view event, absl::string_view source,
                                              absl::string_view detail) const {
  storage::MachineChange change{.record = record, .expected_revision = record.revision};
  change.record.updated_at = clock_.Now();
  change.events.push_back({.type = std::string(event),
                           .state = record.state,
                           .source = std::string(source),
                           .at = change.record.updated_at,
                           .detail = std::string(detail)});
  return change;
}

absl::StatusOr<MachineTable::Record> MachineTable::Commit(const storage::MachineChange& change) {
  absl::StatusOr<Record> committed = store_.Commit(change);
  if (committed.ok()) waiters_.Tell(*committed);
  if (absl::IsDataLoss(committed.status())) on_lost_(committed.status());
  absl::MutexLock lock(&changed_mu_);
  ++commits_;
  changed_.SignalAll();
  return committed;
}

absl::StatusOr<std::optional<MachineTable::Record>> MachineTable::Repeated(const RequestKey& request) const {
  if (request.id.empty()) return std::nullopt;
  const absl::StatusOr<storage::RequestAnswer> answer = store_.GetAnswer(request.id);
  if (absl::IsNotFound(answer.status())) return std::nullopt;
  if (!answer.ok()) return answer.status();
  if (answer->expires_at <= clock_.Now()) return std::nullopt;
  if (answer->request_sha256 != request.sha256) {
    return tokensvc::WithReason(
        absl::InvalidArgumentError(
            absl::StrCat("request_id ", request.id, ": used for another request, want a new id for each")),
        "REQUEST_ID_REUSED");
  }
  absl::StatusOr<Record> record = store_.Get(answer->answer);
  if (!record.ok()) return record.status();
  return *std::move(record);
}

void MachineTable::Answering(storage::MachineChange& change, const RequestKey& request) const {
  if (request.id.empty()) return;
  change.answer = {request.id,
                   {.request_sha256 = request.sha256,
                    .answer = change.record.id,
                    .expires_at = clock_.Now() + kAnswerLifetime}};
}

uint64_t MachineTable::commits() const {
  absl::MutexLock lock(&changed_mu_);
  return commits_;
}

void MachineTable::AwaitCommit(uint64_t seen, absl::Duration timeout) {
  absl::MutexLock lock(&changed_mu_);
  if (commits_ == seen) changed_.WaitWithTimeout(&changed_mu_, timeout);
}

}  // namespace flyd
