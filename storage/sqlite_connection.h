#ifndef STORAGE_SQLITE_CONNECTION_H_
#define STORAGE_SQLITE_CONNECTION_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

struct sqlite3;
struct sqlite3_stmt;

namespace storage {

class SqliteConnection;

// A prepared statement with bound values. Bind by position from 1; Step until false; Reset to run again. Not thread-safe.
//
//   absl::StatusOr<SqliteStatement> insert = db->Prepare("INSERT INTO t(a, b) VALUES(?1, ?2)");
//   insert->Bind(1, int64_t{7});
//   insert->Bind(2, "text");
//   absl::Status done = insert->Run();
class SqliteStatement {
 public:
  SqliteStatement(SqliteStatement&& other) noexcept;
  SqliteStatement& operator=(SqliteStatement&& other) noexcept;
  ~SqliteStatement();

  void Bind(int position, int64_t value);
  void Bind(int position, absl::string_view text);
  void BindBlob(int position, absl::string_view bytes);
  void BindNull(int position);

  // True: a row is there to be read. False: the end. Errors as SqliteConnection.
  absl::StatusOr<bool> Step();
  // Steps to the end and resets: for statements without rows.
  absl::Status Run();
  void Reset();

  int64_t Int64(int column) const;
  std::string Text(int column) const;  // text or blob
  bool IsNull(int column) const;

 private:
  friend class SqliteConnection;
  SqliteStatement(sqlite3* db, sqlite3_stmt* statement) : db_(db), statement_(statement) {}
  sqlite3* db_ = nullptr;  // not owned
  sqlite3_stmt* statement_ = nullptr;
};

// How often a commit waits for the disk.
enum class SqliteSync {
  kEveryCommit,  // a commit that returned survives a power cut
  kCheckpoints,  // it survives a crash of the process; a power cut may take the newest away
};

// One connection to one SQLite database in WAL mode, with foreign keys on. The only code that sees sqlite3.h.
// Not thread-safe: its owner guards it.
//
// Errors: Aborted, a constraint (unique, foreign key, check) does not hold; Unavailable, another process holds the file
// or the disk is full; DataLoss, the file is damaged or an I/O operation failed; Internal, our SQL is wrong. Each names
// the file.
class SqliteConnection {
 public:
  // Opens or makes the file (0600) and brings its schema to the newest version: `migrations[i]` is the SQL that leads
  // from version i to i + 1, run in one transaction with the change of `PRAGMA user_version`. A file of the newest schema
  // is opened without a write, so that one who reads it never waits for one who writes it, nor makes that one wait.
  // FailedPrecondition `FILE: schema version 7, this program knows up to 3`.
  static absl::StatusOr<std::unique_ptr<SqliteConnection>> Open(const std::string& path, SqliteSync sync,
                                                                absl::Span<const char* const> migrations);
  ~SqliteConnection();
  SqliteConnection(const SqliteConnection&) = delete;
  SqliteConnection& operator=(const SqliteConnection&) = delete;

  absl::StatusOr<SqliteStatement> Prepare(absl::string_view sql);
  // Statements without values and rows.
  absl::Status Execute(const std::string& sql);

  // BEGIN IMMEDIATE, `body`, COMMIT; ROLLBACK where `body` or the commit is not OK, whose status is answered.
  absl::Status InTransaction(absl::FunctionRef<absl::Status()> body);

  int64_t last_insert_rowid() const;
  const std::string& path() const { return path_; }

 private:
  SqliteConnection(std::string path, sqlite3* db) : path_(std::move(path)), db_(db) {}
  absl::Status Migrate(absl::Span<const char* const> migrations);
  absl::StatusOr<int64_t> SchemaVersion();
  std::string path_;
  sqlite3* db_;
};

}  // namespace storage

#endif  // STORAGE_SQLITE_CONNECTION_H_
