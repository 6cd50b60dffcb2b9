#include "tokensvc/fleet/log/sqlite_fleet_log_store.h"

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace tokensvc {
namespace {

constexpr const char* kMigrations[] = {
    "CREATE TABLE entry (number INTEGER PRIMARY KEY, signed BLOB NOT NULL);"
    "CREATE TABLE signer (name BLOB PRIMARY KEY, acknowledged INTEGER NOT NULL, lease_expires_unix INTEGER NOT NULL)"
    " WITHOUT ROWID",
};

// Rounded up: a lease must never look shorter than it is.
int64_t ToSeconds(absl::Time time) { return absl::ToUnixSeconds(time + absl::Seconds(1) - absl::Nanoseconds(1)); }

}  // namespace

absl::StatusOr<std::unique_ptr<SqliteFleetLogStore>> SqliteFleetLogStore::Open(const std::string& path) {
  absl::StatusOr<std::unique_ptr<SqliteDatabase>> db = SqliteDatabase::Open(path, kMigrations);
  if (!db.ok()) return db.status();
  return std::unique_ptr<SqliteFleetLogStore>(new SqliteFleetLogStore(*std::move(db)));
}

absl::StatusOr<uint64_t> SqliteFleetLogStore::LastNumber() {
  uint64_t number = 0;
  const absl::Status read =
      db_->Query({"SELECT coalesce(max(number), 0) FROM entry", {}},
                 [&](const storage::SqliteStatement& row) { number = static_cast<uint64_t>(row.Int64(0)); });
  if (!read.ok()) return read;
  return number;
}

absl::Status SqliteFleetLogStore::Append(uint64_t number, absl::string_view signed_entry) {
  // The condition stands in the statement: of two writers of one number, one changes no row.
  const absl::StatusOr<int64_t> changed =
      db_->Run({{"INSERT INTO entry SELECT ?1, ?2 WHERE ?1 = (SELECT coalesce(max(number), 0) + 1 FROM entry)",
                 {static_cast<int64_t>(number), std::string(signed_entry)}}});
  if (!changed.ok()) return changed.status();
  if (*changed == 1) return absl::OkStatus();
  return absl::AbortedError(absl::StrCat("entry: ", number, ", want the one after the last"));
}

absl::StatusOr<std::vector<std::string>> SqliteFleetLogStore::Read(uint64_t from, size_t limit) {
  std::vector<std::string> entries;
  const absl::Status read =
      db_->Query({"SELECT signed FROM entry WHERE number >= ?1 ORDER BY number LIMIT ?2",
                  {static_cast<int64_t>(from), static_cast<int64_t>(limit)}},
                 [&](const storage::SqliteStatement& row) { entries.push_back(row.Text(0)); });
  if (!read.ok()) return read;
  return entries;
}

absl::Status SqliteFleetLogStore::PutSigner(const SignerRecord& signer) {
  const int64_t lease = signer.lease_expires == absl::InfinitePast() ? 0 : ToSeconds(signer.lease_expires);
  return db_->Run({{"INSERT INTO signer VALUES (?1, ?2, ?3) ON CONFLICT (name) DO UPDATE SET"
                    " acknowledged = excluded.acknowledged, lease_expires_unix = excluded.lease_expires_unix",
                    {signer.name, static_cast<int64_t>(signer.acknowledged), lease}}})
      .status();
}

absl::StatusOr<std::vector<SignerRecord>> SqliteFleetLogStore::Signers() {
  std::vector<SignerRecord> signers;
  const absl::Status read =
      db_->Query({"SELECT name, acknowledged, lease_expires_unix FROM signer ORDER BY name", {}},
                 [&](const storage::SqliteStatement& row) {
                   const int64_t lease = row.Int64(2);
                   signers.push_back({row.Text(0), static_cast<uint64_t>(row.Int64(1)),
                                      lease == 0 ? absl::InfinitePast() : absl::FromUnixSeconds(lease)});
                 });
  if (!read.ok()) return read;
  return signers;
}

}  // namespace tokensvc
