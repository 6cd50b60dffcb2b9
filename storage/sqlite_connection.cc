#include "storage/sqlite_connection.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace storage {
namespace {

absl::StatusCode CodeOf(int result) {
  switch (result & 0xff) {
    case SQLITE_CONSTRAINT:
      return absl::StatusCode::kAborted;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL:
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
      return absl::StatusCode::kUnavailable;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_IOERR:
      return absl::StatusCode::kDataLoss;
    default:
      return absl::StatusCode::kInternal;
  }
}

absl::Status LastError(sqlite3* db) {
  const char* file = sqlite3_db_filename(db, "main");
  return absl::Status(CodeOf(sqlite3_extended_errcode(db)),
                      absl::StrCat(file == nullptr ? "database" : file, ": ", sqlite3_errmsg(db)));
}

// SQLite makes its files with the umask's mode; ours hold secrets or records of them.
absl::Status MakePrivateFile(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return absl::UnavailableError(absl::StrCat(path, ": ", std::strerror(errno), ", want to open it"));
  close(fd);
  return absl::OkStatus();
}

}  // namespace

SqliteStatement::SqliteStatement(SqliteStatement&& other) noexcept
    : db_(other.db_), statement_(std::exchange(other.statement_, nullptr)) {}

SqliteStatement& SqliteStatement::operator=(SqliteStatement&& other) noexcept {
  std::swap(db_, other.db_);
  std::swap(statement_, other.statement_);
  return *this;
}

SqliteStatement::~SqliteStatement() { sqlite3_finalize(statement_); }

void SqliteStatement::Bind(int position, int64_t value) { sqlite3_bind_int64(statement_, position, value); }

void SqliteStatement::Bind(int position, absl::string_view text) {
  sqlite3_bind_text64(statement_, position, text.data() == nullptr ? "" : text.data(), text.size(), SQLITE_TRANSIENT,
                      SQLITE_UTF8);
}

void SqliteStatement::BindBlob(int position, absl::string_view bytes) {
  sqlite3_bind_blob64(statement_, position, bytes.data() == nullptr ? "" : bytes.data(), bytes.size(), SQLITE_TRANSIENT);
}

void SqliteStatement::BindNull(int position) { sqlite3_bind_null(statement_, position); }

absl::StatusOr<bool> SqliteStatement::Step() {
  switch (sqlite3_step(statement_)) {
    case SQLITE_ROW:
      return true;
    case SQLITE_DONE:
      return false;
    default:
      return LastError(db_);
  }
}

absl::Status SqliteStatement::Run() {
  absl::StatusOr<bool> row = true;
  while (row.ok() && *row) row = Step();
  Reset();
  return row.status();
}

void SqliteStatement::Reset() { sqlite3_reset(statement_); }

int64_t SqliteStatement::Int64(int column) const { return sqlite3_column_int64(statement_, column); }

std::string SqliteStatement::Text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_, column);
  if (bytes == nullptr) return "";
  return std::string(static_cast<const char*>(bytes), sqlite3_column_bytes(statement_, column));
}

bool SqliteStatement::IsNull(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

absl::StatusOr<std::unique_ptr<SqliteConnection>> SqliteConnection::Open(const std::string& path, SqliteSync sync,
                                                                         absl::Span<const char* const> migrations) {
  if (absl::Status status = MakePrivateFile(path); !status.ok()) return status;
  sqlite3* db = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int opened = sqlite3_open_v2(path.c_str(), &db, flags, nullptr);
  std::unique_ptr<SqliteConnection> connection(new SqliteConnection(path, db));
  if (opened != SQLITE_OK) return LastError(db);
  sqlite3_busy_timeout(db, 2000);
  const char* synchronous = sync == SqliteSync::kEveryCommit ? "FULL" : "NORMAL";
  absl::Status ready = connection->Execute(absl::StrCat("PRAGMA journal_mode=WAL; PRAGMA synchronous=", synchronous,
                                                        "; PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF"));
  if (ready.ok()) ready = connection->Migrate(migrations);
  if (!ready.ok()) return ready;
  return connection;
}

SqliteConnection::~SqliteConnection() { sqlite3_close(db_); }

absl::Status SqliteConnection::Migrate(absl::Span<const char* const> migrations) {
  const int64_t newest = static_cast<int64_t>(migrations.size());
  const absl::StatusOr<int64_t> found = SchemaVersion();
  if (!found.ok()) return found.status();
  if (*found == newest) return absl::OkStatus();
  return InTransaction([&]() -> absl::Status {
    const absl::StatusOr<int64_t> from = SchemaVersion();  // again: another connection may have been first
    if (!from.ok()) return from.status();
    if (*from > newest) {
      return absl::FailedPreconditionError(
          absl::StrCat(path_, ": schema version ", *from, ", this program knows up to ", newest));
    }
    for (int64_t next = *from; next < newest; ++next) {
      if (absl::Status status = Execute(migrations[next]); !status.ok()) return status;
    }
    return Execute(absl::StrCat("PRAGMA user_version=", newest));
  });
}

absl::StatusOr<int64_t> SqliteConnection::SchemaVersion() {
  absl::StatusOr<SqliteStatement> version = Prepare("PRAGMA user_version");
  if (!version.ok()) return version.status();
  if (absl::StatusOr<bool> row = version->Step(); !row.ok()) return row.status();
  return version->Int64(0);
}

absl::StatusOr<SqliteStatement> SqliteConnection::Prepare(absl::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  if (sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement, nullptr) !=
      SQLITE_OK) {
    return LastError(db_);
  }
  return SqliteStatement(db_, statement);
}

absl::Status SqliteConnection::Execute(const std::string& sql) {
  if (sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return LastError(db_);
  return absl::OkStatus();
}

absl::Status SqliteConnection::InTransaction(absl::FunctionRef<absl::Status()> body) {
  if (absl::Status status = Execute("BEGIN IMMEDIATE"); !status.ok()) return status;
  absl::Status status = body();
  if (status.ok()) status = Execute("COMMIT");
  if (!status.ok() && sqlite3_get_autocommit(db_) == 0) {
    // The first error is the one that matters; a rollback that fails leaves the journal to the next open.
    Execute("ROLLBACK").IgnoreError();
  }
  return status;
}

int64_t SqliteConnection::last_insert_rowid() const { return sqlite3_last_insert_rowid(db_); }

}  // namespace storage
