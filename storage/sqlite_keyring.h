#ifndef STORAGE_SQLITE_KEYRING_H_
#define STORAGE_SQLITE_KEYRING_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "storage/keyring.h"
#include "storage/sqlite_connection.h"

namespace storage {

// Keyring in one SQLite file, readable by its owner alone; keyring_format.md has the schema.
class SqliteKeyring final : public Keyring {
 public:
  // Errors as SqliteConnection::Open.
  static absl::StatusOr<std::unique_ptr<SqliteKeyring>> Open(const std::string& path);

  absl::Status Put(uint32_t epoch, const SecretBytes& root_key) override ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<std::shared_ptr<const SecretBytes>> Get(uint32_t epoch) const override ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<std::vector<uint32_t>> Epochs() const override ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status PutEnrolment(const std::string& enrolment) override ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<std::string> GetEnrolment() const override ABSL_LOCKS_EXCLUDED(mu_);

 private:
  explicit SqliteKeyring(std::unique_ptr<SqliteConnection> db) : db_(std::move(db)) {}

  mutable absl::Mutex mu_;
  const std::unique_ptr<SqliteConnection> db_ ABSL_PT_GUARDED_BY(mu_);
};

}  // namespace storage

#endif  // STORAGE_SQLITE_KEYRING_H_
