#include "storage/sqlite_keyring.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace storage {
namespace {

constexpr const char* kMigrations[] = {R"sql(
  CREATE TABLE root_key(epoch INTEGER PRIMARY KEY, key BLOB NOT NULL CHECK(length(key) = 32)) STRICT;
  CREATE TABLE enrolment(only_row INTEGER PRIMARY KEY CHECK(only_row = 1), answer BLOB NOT NULL) STRICT;
)sql"};

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteKeyring>> SqliteKeyring::Open(const std::string& path) {
  absl::StatusOr<std::unique_ptr<SqliteConnection>> db =
      SqliteConnection::Open(path, SqliteSync::kEveryCommit, kMigrations);
  if (!db.ok()) return db.status();
  return std::unique_ptr<SqliteKeyring>(new SqliteKeyring(*std::move(db)));
}

absl::Status SqliteKeyring::Put(uint32_t epoch, const SecretBytes& root_key) {
  const absl::StatusOr<std::shared_ptr<const SecretBytes>> stored = Get(epoch);
  if (stored.ok()) {
    if (**stored == root_key) return absl::OkStatus();
    return absl::AlreadyExistsError(absl::StrCat("root key of epoch ", epoch, ": another one, want the same for ever"));
  }
  absl::MutexLock lock(&mu_);
  absl::StatusOr<SqliteStatement> insert = db_->Prepare("INSERT INTO root_key(epoch, key) VALUES(?1, ?2)");
  if (!insert.ok()) return insert.status();
  insert->Bind(1, int64_t{epoch});
  insert->BindBlob(2, root_key.Reveal());
  return insert->Run();
}

absl::StatusOr<std::shared_ptr<const SecretBytes>> SqliteKeyring::Get(uint32_t epoch) const {
  absl::MutexLock lock(&mu_);
  absl::StatusOr<SqliteStatement> select = db_->Prepare("SELECT key FROM root_key WHERE epoch = ?1");
  if (!select.ok()) return select.status();
  select->Bind(1, int64_t{epoch});
  const absl::StatusOr<bool> row = select->Step();
  if (!row.ok()) return row.status();
  if (!*row) return absl::NotFoundError(absl::StrCat("root key of epoch ", epoch, ": not in the keyring"));
  return std::make_shared<const SecretBytes>(select->Text(0));
}

absl::StatusOr<std::vector<uint32_t>> SqliteKeyring::Epochs() const {
  absl::MutexLock lock(&mu_);
  absl::StatusOr<SqliteStatement> select = db_->Prepare("SELECT epoch FROM root_key ORDER BY epoch");
  if (!select.ok()) return select.status();
  std::vector<uint32_t> epochs;
  while (true) {
    const absl::StatusOr<bool> row = select->Step();
    if (!row.ok()) return row.status();
    if (!*row) return epochs;
    epochs.push_back(static_cast<uint32_t>(select->Int64(0)));
  }
}

absl::Status SqliteKeyring::PutEnrolment(const std::string& enrolment) {
  absl::MutexLock lock(&mu_);
  absl::StatusOr<SqliteStatement> put = db_->Prepare("INSERT OR REPLACE INTO enrolment(only_row, answer) VALUES(1, ?1)");
  if (!put.ok()) return put.status();
  put->BindBlob(1, enrolment);
  return put->Run();
}

absl::StatusOr<std::string> SqliteKeyring::GetEnrolment() const {
  absl::MutexLock lock(&mu_);
  absl::StatusOr<SqliteStatement> select = db_->Prepare("SELECT answer FROM enrolment");
  if (!select.ok()) return select.status();
  const absl::StatusOr<bool> row = select->Step();
  if (!row.ok()) return row.status();
  return *row ? select->Text(0) : std::string();
}

}  // namespace storage
