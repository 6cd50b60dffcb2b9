#include "tokensvc/signer/fleet/fleet_view.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tokensvc/fleetlog/fleet_log_entry.h"

namespace tokensvc {
namespace {

constexpr const char* kMigrations[] = {
    "CREATE TABLE entry(number INTEGER PRIMARY KEY, signed BLOB NOT NULL) STRICT;"
    "CREATE TABLE head(one INTEGER PRIMARY KEY CHECK(one = 1), signed BLOB NOT NULL) STRICT;",
};

absl::Status AdoptHead(FleetSnapshot& snapshot, const FleetHead& head) {
  const FleetState& state = snapshot.state;
  if (head.number > state.number() || (head.number == state.number() && head.entry_sha256 != state.sha256())) {
    return absl::FailedPreconditionError(
        absl::StrCat("fleet head: of entry ", head.number, " in another chain, want entry ", state.number()));
  }
  const bool newer = !snapshot.head.has_value() ||
                     (head.issued >= snapshot.head->issued && head.number >= snapshot.head->number);
  if (newer) snapshot.head = head;
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<FleetView>> FleetView::Open(const std::string& path, std::string fleet_key_spki) {
  auto db = storage::SqliteConnection::Open(path, storage::SqliteSync::kEveryCommit, kMigrations);
  if (!db.ok()) return db.status();
  std::unique_ptr<FleetView> view(new FleetView(*std::move(db), std::move(fleet_key_spki)));
  absl::MutexLock lock(&view->writer_);
  if (absl::Status loaded = view->Load(); !loaded.ok()) return loaded;
  return view;
}

absl::Status FleetView::Load() {
  std::vector<std::string> entries;
  std::string head;
  for (const char* sql : {"SELECT signed FROM entry ORDER BY number", "SELECT signed FROM head"}) {
    absl::StatusOr<storage::SqliteStatement> select = db_->Prepare(sql);
    if (!select.ok()) return select.status();
    absl::StatusOr<bool> row = select->Step();
    for (; row.ok() && *row; row = select->Step()) {
      if (absl::EndsWith(sql, "head")) {
        head = select->Text(0);
      } else {
        entries.push_back(select->Text(0));
      }
    }
    if (!row.ok()) return row.status();
  }
  FleetSnapshot next;
  if (absl::Status folded = Fold(next, entries, head); !folded.ok()) {
    return absl::DataLossError(absl::StrCat(db_->path(), ": ", folded.message()));
  }
  Publish(std::move(next));
  return absl::OkStatus();
}

std::shared_ptr<const FleetSnapshot> FleetView::snapshot() const {
  absl::MutexLock lock(&mu_);
  return snapshot_;
}

absl::Status FleetView::Fold(FleetSnapshot& next, absl::Span<const std::string> entries, absl::string_view head) const {
  for (const std::string& bytes : entries) {
    const absl::StatusOr<VerifiedFleetLogEntry> entry = VerifyFleetLogEntry(bytes, fleet_key_spki_);
    if (!entry.ok()) return entry.status();
    if (absl::Status applied = next.state.Apply(*entry); !applied.ok()) return applied;
  }
  if (head.empty()) return absl::OkStatus();
  const absl::StatusOr<VerifiedFleetHead> verified = VerifyFleetHead(head, fleet_key_spki_);
  if (!verified.ok()) return verified.status();
  return AdoptHead(next, verified->head());
}

absl::Status FleetView::Store(uint64_t first_number, absl::Span<const std::string> entries, absl::string_view head) {
  return db_->InTransaction([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS -> absl::Status {
    absl::StatusOr<storage::SqliteStatement> insert = db_->Prepare("INSERT INTO entry(number, signed) VALUES(?1, ?2)");
    if (!insert.ok()) return insert.status();
    for (const std::string& bytes : entries) {
      insert->Bind(1, static_cast<int64_t>(first_number++));
      insert->BindBlob(2, bytes);
      if (absl::Status done = insert->Run(); !done.ok()) return done;
    }
    if (head.empty()) return absl::OkStatus();
    absl::StatusOr<storage::SqliteStatement> put = db_->Prepare("INSERT OR REPLACE INTO head(one, signed) VALUES(1, ?1)");
    if (!put.ok()) return put.status();
    put->BindBlob(1, head);
    return put->Run();
  });
}

absl::Status FleetView::Apply(absl::Span<const std::string> entries, absl::string_view head) {
  absl::MutexLock lock(&writer_);
  const std::shared_ptr<const FleetSnapshot> before = snapshot();
  FleetSnapshot next = *before;
  if (absl::Status folded = Fold(next, entries, head); !folded.ok()) return folded;
  // A head that was not adopted is older than the one on disk, which stays.
  const bool adopted = next.head.has_value() && (!before->head.has_value() || next.head->issued > before->head->issued ||
                                                 next.head->number > before->head->number);
  if (entries.empty() && !adopted) return absl::OkStatus();
  const absl::Status stored = Store(before->state.number() + 1, entries, adopted ? head : "");
  if (!stored.ok()) return stored;
  Publish(std::move(next));
  return absl::OkStatus();
}

void FleetView::Publish(FleetSnapshot next) {
  auto snapshot = std::make_shared<const FleetSnapshot>(std::move(next));
  absl::MutexLock lock(&mu_);
  snapshot_ = std::move(snapshot);
}

}  // namespace tokensvc
