#include "tokensvc/fleet/database/sqlite_database.h"

namespace tokensvc {

absl::StatusOr<std::unique_ptr<SqliteDatabase>> SqliteDatabase::Open(const std::string& path,
                                                                     absl::Span<const char* const> migrations) {
  absl::StatusOr<std::unique_ptr<storage::SqliteConnection>> connection =
      storage::SqliteConnection::Open(path, storage::SqliteSync::kEveryCommit, migrations);
  if (!connection.ok()) return connection.status();
  // A second authority on the same file is refused instead of interleaved.
  absl::Status alone =
      (*connection)->Execute("PRAGMA locking_mode=EXCLUSIVE; PRAGMA user_version; BEGIN EXCLUSIVE; COMMIT");
  if (!alone.ok()) return alone;
  return std::unique_ptr<SqliteDatabase>(new SqliteDatabase(*std::move(connection)));
}

absl::StatusOr<storage::SqliteStatement> SqliteDatabase::PrepareLocked(const SqlStatement& statement) {
  absl::StatusOr<storage::SqliteStatement> prepared = connection_->Prepare(statement.sql);
  if (!prepared.ok()) return prepared;
  int position = 0;
  for (const SqlValue& value : statement.values) {
    ++position;
    if (const auto* number = std::get_if<int64_t>(&value)) {
      prepared->Bind(position, *number);
    } else {
      prepared->BindBlob(position, std::get<std::string>(value));
    }
  }
  return prepared;
}

absl::Status SqliteDatabase::Query(const SqlStatement& statement,
                                   absl::FunctionRef<void(const storage::SqliteStatement& row)> row) {
  absl::MutexLock lock(&mu_);
  absl::StatusOr<storage::SqliteStatement> prepared = PrepareLocked(statement);
  if (!prepared.ok()) return prepared.status();
  for (;;) {
    const absl::StatusOr<bool> more = prepared->Step();
    if (!more.ok()) return more.status();
    if (!*more) return absl::OkStatus();
    row(*prepared);
  }
}

absl::StatusOr<int64_t> SqliteDatabase::Run(const std::vector<SqlStatement>& statements) {
  absl::MutexLock lock(&mu_);
  int64_t changed = 0;
  const absl::Status done = connection_->InTransaction([&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) -> absl::Status {
    for (const SqlStatement& statement : statements) {
      absl::StatusOr<storage::SqliteStatement> prepared = PrepareLocked(statement);
      if (!prepared.ok()) return prepared.status();
      if (absl::Status run = prepared->Run(); !run.ok()) return run;
    }
    absl::StatusOr<storage::SqliteStatement> count = connection_->Prepare("SELECT changes()");
    if (!count.ok()) return count.status();
    const absl::StatusOr<bool> row = count->Step();
    if (row.ok() && *row) changed = count->Int64(0);
    return row.status();
  });
  if (absl::IsAborted(done)) return absl::AlreadyExistsError(done.message());
  if (!done.ok()) return done;
  return changed;
}

}  // namespace tokensvc
