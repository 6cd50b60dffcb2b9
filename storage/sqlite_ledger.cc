#include "storage/sqlite_ledger.h"

#include <sys/stat.h>
#include <unistd.h>

#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/ledger_days.h"

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

// Of no machine: says what is missing before it, or after it.
LedgerRow GapRow(absl::Time at, absl::StatusCode code, std::string reason) {
  return {.at = at,
          .outcome = LedgerOutcome::kDenied,
          .status_code = static_cast<int>(code),
          .reason = std::move(reason)};
}

LedgerRow LostRow(absl::Time at, uint64_t lost) {
  return GapRow(at, absl::StatusCode::kUnavailable,
                absl::StrCat("ledger: ", lost, " rows lost before this one, want a file that takes them"));
}

// "5 rows": ids rise by one and no row is ever deleted, so the last one is their number.
std::string RowsOf(const std::string& file) {
  const std::string unknown = "rows that cannot be read";
  const auto day = SqliteConnection::Open(file, SqliteSync::kEveryCommit, kMigrations);
  if (!day.ok()) return unknown;
  absl::StatusOr<SqliteStatement> last = (*day)->Prepare("SELECT COALESCE(MAX(id), 0) FROM ledger");
  if (!last.ok()) return unknown;
  if (const absl::StatusOr<bool> row = last->Step(); !row.ok() || !*row) return unknown;
  return absl::StrCat(last->Int64(0), " rows");
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

SqliteLedger::SqliteLedger(std::string folder, int64_t most_bytes)
    : folder_(std::move(folder)), most_bytes_(most_bytes) {}

absl::StatusOr<std::unique_ptr<SqliteLedger>> SqliteLedger::Open(const std::string& folder, int64_t most_bytes) {
  mkdir(folder.c_str(), 0700);
  std::unique_ptr<SqliteLedger> ledger(new SqliteLedger(folder, most_bytes));
  // A folder that cannot be written, or a file of a newer program, is found now and not at the first token.
  for (const std::string& file : LedgerFiles(folder)) {
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
    if (gap > 0 && taken > 0) rows.insert(rows.begin(), LostRow(rows.front().at, gap));
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
  for (const LedgerRow& row : rows) by_day[LedgerDay(row.at)].push_back(&row);
  absl::Status result;
  for (const auto& [day, day_rows] : by_day) {
    const absl::Status committed = CommitDay(day, day_rows);
    if (result.ok()) result = committed;
  }
  return result;
}

absl::Status SqliteLedger::CommitDay(const std::string& day, const std::vector<const LedgerRow*>& rows) {
  if (day != open_day_) {
    if (absl::Status status = BeginDay(day); !status.ok()) return status;
  }
  if (absl::Status status = MakeRoom(rows.front()->at); !status.ok()) return status;
  absl::StatusOr<SqliteStatement> insert = day_->Prepare(kInsert);
  if (!insert.ok()) return insert.status();
  return day_->InTransaction([&]() -> absl::Status {
    for (const LedgerRow* row : rows) {
      if (absl::Status status = Insert(*insert, *row); !status.ok()) return status;
    }
    return absl::OkStatus();
  });
}

absl::Status SqliteLedger::BeginDay(const std::string& day) {
  absl::MutexLock lock(&files_mu_);
  absl::StatusOr<std::unique_ptr<SqliteConnection>> opened =
      SqliteConnection::Open(LedgerFile(folder_, day), SqliteSync::kEveryCommit, kMigrations);
  if (!opened.ok()) return opened.status();
  day_ = *std::move(opened);
  open_day_ = day;
  told_full_ = false;
  absl::Time now;
  if (!absl::ParseTime("%Y-%m-%d", day, &now, nullptr)) return absl::OkStatus();
  const std::string oldest = LedgerFile(folder_, LedgerDay(now - absl::Hours(24) * kRetentionDays));
  for (const std::string& file : LedgerFiles(folder_)) {
    // One that stays counts toward the cap, which tells of it.
    if (file < oldest) RemoveLedgerFile(file).IgnoreError();
  }
  return absl::OkStatus();
}

absl::Status SqliteLedger::MakeRoom(absl::Time at) {
  const std::vector<std::string> files = LedgerFiles(folder_);
  int64_t bytes = 0;
  for (const std::string& file : files) bytes += LedgerFileBytes(file);
  for (auto file = files.rbegin(); file != files.rend() && bytes > most_bytes_; ++file) {
    // Rows of yesterday still come after midnight: neither their file goes, nor today's for them.
    if (*file == day_->path() || *file == files.front()) continue;
    const int64_t freed = LedgerFileBytes(*file);
    if (absl::Status status = RemoveDay(*file, at, bytes); !status.ok()) return status;
    bytes -= freed;
  }
  if (bytes <= most_bytes_) return absl::OkStatus();
  const std::string full = absl::StrCat("ledger: ", bytes, " bytes in the present day, ");
  if (!told_full_) {
    absl::Status told = Tell(GapRow(at, absl::StatusCode::kResourceExhausted,
                                    absl::StrCat(full, "rows lost after this one, want at most ", most_bytes_)));
    if (!told.ok()) return told;
    told_full_ = true;
  }
  return absl::UnavailableError(absl::StrCat(full, "want at most ", most_bytes_));
}

absl::Status SqliteLedger::RemoveDay(const std::string& file, absl::Time at, int64_t bytes) {
  // Told first: a crash in between tells it twice, and never lets a day go untold.
  if (told_.count(file) == 0) {
    absl::Status told = Tell(GapRow(at, absl::StatusCode::kResourceExhausted,
                                    absl::StrCat("ledger: ", bytes, " bytes, ", LedgerDayOfFile(file), " with ",
                                                 RowsOf(file), " removed, want at most ", most_bytes_)));
    if (!told.ok()) return told;
    told_.insert(file);
  }
  absl::MutexLock lock(&files_mu_);
  absl::Status removed = RemoveLedgerFile(file);
  if (removed.ok()) told_.erase(file);
  return removed;
}

absl::Status SqliteLedger::Tell(const LedgerRow& row) {
  absl::StatusOr<SqliteStatement> insert = day_->Prepare(kInsert);
  if (!insert.ok()) return insert.status();
  return Insert(*insert, row);
}

absl::StatusOr<std::vector<LedgerRow>> SqliteLedger::Newest(const std::string& machine_id, size_t limit) const {
  std::vector<LedgerRow> rows;
  absl::ReaderMutexLock lock(&files_mu_);
  for (const std::string& file : LedgerFiles(folder_)) {
    if (rows.size() >= limit) break;
    absl::StatusOr<std::unique_ptr<SqliteConnection>> day =
        SqliteConnection::Open(file, SqliteSync::kEveryCommit, kMigrations);
    if (!day.ok()) return day.status();
    if (absl::Status status = ReadNewest(**day, machine_id, limit, rows); !status.ok()) return status;
  }
  return rows;
}

}  // namespace storage
