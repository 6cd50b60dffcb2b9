#ifndef TOKENSVC_FLEET_DATABASE_SQLITE_DATABASE_H_
#define TOKENSVC_FLEET_DATABASE_SQLITE_DATABASE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/types/span.h"
#include "storage/sqlite_connection.h"

namespace tokensvc {

// Integers, and bytes, which are stored as a BLOB and compare by memcmp.
using SqlValue = std::variant<int64_t, std::string>;

struct SqlStatement {
  const char* sql;
  std::vector<SqlValue> values;  // of ?1, ?2, …
};

// A database that this process alone has open, for several threads: calls take turns. A change that answers OK survives a
// power cut. Errors as storage::SqliteConnection.
class SqliteDatabase {
 public:
  // Unavailable also where another process has the file.
  static absl::StatusOr<std::unique_ptr<SqliteDatabase>> Open(const std::string& path,
                                                              absl::Span<const char* const> migrations);

  // All of them or none. AlreadyExists: a uniqueness rule refuses one. Else the number of rows that the last one changed.
  absl::StatusOr<int64_t> Run(const std::vector<SqlStatement>& statements) ABSL_LOCKS_EXCLUDED(mu_);

  // Calls `row` for each row.
  absl::Status Query(const SqlStatement& statement,
                     absl::FunctionRef<void(const storage::SqliteStatement& row)> row) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  explicit SqliteDatabase(std::unique_ptr<storage::SqliteConnection> connection)
      : connection_(std::move(connection)) {}
  absl::StatusOr<storage::SqliteStatement> PrepareLocked(const SqlStatement& statement)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  absl::Mutex mu_;
  const std::unique_ptr<storage::SqliteConnection> connection_ ABSL_PT_GUARDED_BY(mu_);
};

}  // namespace tokensvc

#endif  // TOKENSVC_FLEET_DATABASE_SQLITE_DATABASE_H_
