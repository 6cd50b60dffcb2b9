#include "storage/sqlite_ledger.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace storage {
namespace {

constexpr const char* kMigrations[] = {R"sql(
  CREATE TABLE ledger(
    id INTEGER PRIMARY KEY,
    at_ns INTEGER NOT NULL,
    machine_id TEXT NOT NULL,
    boot_id TEXT NOT NULL,
    organization TEXT NOT NULL,
    app TEXT NOT NULL,
    outcome INTEGER NOT NULL CHECK(outcome IN (1, 2)),
    status_code INTEGER NOT NULL,
    reason TEXT NOT NULL,
    jti TEXT NOT NULL,
    audience TEXT NOT NULL,
    placement_sha256 BLOB NOT NULL,
    trace_id TEXT NOT NULL
  ) STRICT;
  CREATE INDEX ledger_by_machine ON ledger(machine_id, id);
)sql"};

constexpr const char* kInsert =
    "INSERT INTO ledger(at_ns, machine_id, boot_id, organization, app, outcome, status_code, reason, jti, audience, "
    "placement_sha256, trace_id) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";

std::string DayOf(absl::Time at) { return absl::FormatTime("%Y-%m-%d", at, absl::UTCTimeZone()); }

std::string FileOf(const std::string& folder, const std::string& day) {
  return absl::StrCat(folder, "/ledger-", day, ".sqlite");
}

absl::Status Insert(SqliteStatement& insert, const LedgerRow& row) {
  insert.Bind(1, absl::ToUnixNanos(row.at));
  insert.Bind(2, absl::string_view(row.machine_id));
  insert.Bind(3, absl::string_view(row.boot_id));
  insert.Bind(4, absl::string_view(row.organization));
  insert.Bind(5, absl::string_view(row.app));
  insert.Bind(6, static_cast<int64_t>(row.outcome));
  insert.Bind(7, int64_t{row.status_code});
  insert.Bind(8, absl::string_view(row.reason));
  insert.Bind(9, absl::string_view(row.jti));
  insert.Bind(10, absl::string_view(row.audience));
  insert.BindBlob(11, row.placement_sha256);
  insert.Bind(12, absl::string_view(row.trace_id));
  return insert.Run();
}

// Of no machine: says how many rows are missing before it.
LedgerRow GapRow(absl::Time at, uint64_t lost) {
  return {.at = at,
          .outcome = LedgerOutcome::kDenied,
          .status_code = static_cast<int>(absl::StatusCode::kUnavailable),
          .reason = absl::StrCat("ledger: ", lost, " rows lost before this one, want a disk that takes them")};
}

LedgerRow ReadRow(const SqliteStatement& row) {
  return {.at = absl::FromUnixNanos(row.Int64(0)),
          .machine_id = row.Text(1),
          .boot_id = row.Text(2),
          .organization = row.Text(3),
          .app = row.Text(4),
          .outcome = static_cast<LedgerOutcome>(row.Int64(5)),
          .status_code = static_cast<int>(row.Int64(6)),
          .reason = row.Text(7),
          .jti = row.Text(8),
          .audience = row.Text(9),
          .placement_sha256 = row.Text(10),
          .trace_id = row.Text(11)};
}

absl::Status ReadNewest(SqliteConnection& day, const std::string& machine_id, size_t limit,
                        std::vector<LedgerRow>& rows) {
  absl::StatusOr<SqliteStatement> select = day.Prepare(
      "SELECT at_ns, machine_id, boot_id, organization, app, outcome, status_code, reason, jti, audience, "
      "placement_sha256, trace_id FROM ledger WHERE ?1 = '' OR machine_id = ?1 ORDER BY id DESC LIMIT ?2");
  if (!select.ok()) return select.status();
  select->Bind(1, absl::string_view(machine_id));
  select->Bind(2, static_cast<int64_t>(limit - rows.size()));
  while (true) {
    const absl::StatusOr<bool> row = select->Step();
    if (!row.ok()) return row.status();
    if (!*row) return absl::OkStatus();
    rows.push_back(ReadRow(*select));
  }
}

}  // namespace

SqliteLedger::SqliteLedger(std::string folder) : folder_(std::move(folder)) {}

absl::StatusOr<std::unique_ptr<SqliteLedger>> SqliteLedger::Open(const std::string& folder) {
  mkdir(folder.c_str(), 0700);
  std::unique_ptr<SqliteLedger> ledger(new SqliteLedger(folder));
  // A folder that cannot be written, or a file of a newer program, is found now and not at the first token.
  for (const std::string& file : ledger->DayFiles()) {
    const auto day = SqliteConnection::Open(file, SqliteSync::kEveryCommit, kMigrations);
    if (!day.ok()) return day.status();
    break;
  }
  if (access(folder.c_str(), W_OK) != 0) {
    return absl::UnavailableError(absl::StrCat(folder, ": cannot be written, want a folder for the ledger"));
  }
  ledger->committer_ = std::thread([raw = ledger.get()] { raw->CommitLoop(); });
  return ledger;
}

SqliteLedger::~SqliteLedger() {
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
  }
  if (committer_.joinable()) committer_.join();
}

void SqliteLedger::Append(LedgerRow row) {
  absl::MutexLock lock(&mu_);
  if (waiting_.size() >= kMaxWaiting) {
    ++lost_;
    ++gap_;
    return;
  }
  ++appended_;
  waiting_.push_back(std::move(row));
}

absl::Status SqliteLedger::Flush() {
  absl::MutexLock lock(&mu_);
  const uint64_t target = appended_;
  flushing_ = true;
  const auto settled = [this, target]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return settled_ >= target; };
  mu_.Await(absl::Condition(&settled));
  return last_;
}

uint64_t SqliteLedger::rows_lost() const {
  absl::MutexLock lock(&mu_);
  return lost_;
}

absl::Status SqliteLedger::health() const {
  absl::MutexLock lock(&mu_);
  return last_;
}

void SqliteLedger::CommitLoop() {
  while (true) {
    std::vector<LedgerRow> rows;
    bool stopping;
    uint64_t gap;
    {
      absl::MutexLock lock(&mu_);
      const auto due = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return stopping_ || !waiting_.empty(); };
      mu_.Await(absl::Condition(&due));
      const auto hurry = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return stopping_ || flushing_; };
      mu_.AwaitWithTimeout(absl::Condition(&hurry), kCommitInterval);
      flushing_ = false;
      stopping = stopping_;
      rows.swap(waiting_);
      gap = gap_;
    }
    const size_t taken = rows.size();
    // First, so that it stands where the lost rows would.
    if (gap > 0 && taken > 0) rows.insert(rows.begin(), GapRow(rows.front().at, gap));
    const absl::Status committed = Commit(rows);
    absl::MutexLock lock(&mu_);
    settled_ += taken;
    if (committed.ok()) {
      gap_ -= taken > 0 ? gap : 0;
    } else {
      lost_ += taken;
      gap_ += taken;
    }
    last_ = committed;
    if (stopping && waiting_.empty()) return;
  }
}

absl::Status SqliteLedger::Commit(const std::vector<LedgerRow>& rows) {
  std::map<std::string, std::vector<const LedgerRow*>> by_day;
  for (const LedgerRow& row : rows) by_day[DayOf(row.at)].push_back(&row);
  absl::Status result;
  for (const auto& [day, day_rows] : by_day) {
    const absl::Status committed = CommitDay(day, day_rows);
    if (result.ok()) result = committed;
  }
  return result;
}

absl::Status SqliteLedger::CommitDay(const std::string& day, const std::vector<const LedgerRow*>& rows) {
  if (day != open_day_) {
    absl::StatusOr<std::unique_ptr<SqliteConnection>> opened =
        SqliteConnection::Open(FileOf(folder_, day), SqliteSync::kEveryCommit, kMigrations);
    if (!opened.ok()) return opened.status();
    day_ = *std::move(opened);
    open_day_ = day;
    RemoveOldDays(day);
  }
  absl::StatusOr<SqliteStatement> insert = day_->Prepare(kInsert);
  if (!insert.ok()) return insert.status();
  return day_->InTransaction([&]() -> absl::Status {
    for (const LedgerRow* row : rows) {
      if (absl::Status status = Insert(*insert, *row); !status.ok()) return status;
    }
    return absl::OkStatus();
  });
}

std::vector<std::string> SqliteLedger::DayFiles() const {
  std::vector<std::string> files;
  DIR* const folder = opendir(folder_.c_str());
  if (folder == nullptr) return files;
  while (const dirent* entry = readdir(folder)) {
    const absl::string_view name = entry->d_name;
    if (absl::StartsWith(name, "ledger-") && absl::EndsWith(name, ".sqlite")) {
      files.push_back(absl::StrCat(folder_, "/", name));
    }
  }
  closedir(folder);
  std::sort(files.rbegin(), files.rend());
  return files;
}

void SqliteLedger::RemoveOldDays(const std::string& today) const {
  absl::Time now;
  if (!absl::ParseTime("%Y-%m-%d", today, &now, nullptr)) return;
  const std::string oldest = FileOf(folder_, DayOf(now - absl::Hours(24) * kRetentionDays));
  for (const std::string& file : DayFiles()) {
    if (file < oldest) unlink(file.c_str());
  }
}

absl::StatusOr<std::vector<LedgerRow>> SqliteLedger::Newest(const std::string& machine_id, size_t limit) const {
  std::vector<LedgerRow> rows;
  for (const std::string& file : DayFiles()) {
    if (rows.size() >= limit) break;
    absl::StatusOr<std::unique_ptr<SqliteConnection>> day =
        SqliteConnection::Open(file, SqliteSync::kEveryCommit, kMigrations);
    if (!day.ok()) return day.status();
    if (absl::Status status = ReadNewest(**day, machine_id, limit, rows); !status.ok()) return status;
  }
  return rows;
}

}  // namespace storage
