#include "tokensvc/signer/log/signature_log.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tokensvc/es256/es256_verify.h"
#include "tokensvc/limits.h"

namespace tokensvc {
namespace {

constexpr const char* kMigrations[] = {
    "CREATE TABLE signature("
    "  number INTEGER PRIMARY KEY, previous_sha256 BLOB NOT NULL, sha256 BLOB NOT NULL, at_unix_ms INTEGER NOT NULL,"
    "  worker TEXT NOT NULL, machine_id TEXT NOT NULL, organization_id INTEGER NOT NULL, code INTEGER NOT NULL,"
    "  jti TEXT NOT NULL, audience TEXT NOT NULL, placement_sha256 BLOB NOT NULL, claims_sha256 BLOB NOT NULL,"
    "  kid TEXT NOT NULL, trace_id TEXT NOT NULL) STRICT;",
};
constexpr absl::string_view kColumns =
    "number, previous_sha256, sha256, at_unix_ms, worker, machine_id, organization_id, code, jti, audience,"
    " placement_sha256, claims_sha256, kid, trace_id";

void AppendNumber(std::string& out, uint64_t value) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

void AppendBytes(std::string& out, absl::string_view bytes) {
  AppendNumber(out, bytes.size());
  absl::StrAppend(&out, bytes);
}

// What a hostile worker may have sent, cut to what a well-formed request could hold.
SignatureRecord Bounded(SignatureRecord record) {
  record.audience.resize(std::min(record.audience.size(), kMaxAudienceBytes));
  for (std::string* digest : {&record.placement_sha256, &record.identity_claims_sha256, &record.trace_id}) {
    digest->resize(std::min<size_t>(digest->size(), 32));
  }
  record.at = absl::FromUnixMillis(absl::ToUnixMillis(record.at));
  return record;
}

SignatureRow RowOf(const storage::SqliteStatement& row) {
  return {.number = static_cast<uint64_t>(row.Int64(0)),
          .previous_sha256 = row.Text(1),
          .sha256 = row.Text(2),
          .record = {.at = absl::FromUnixMillis(row.Int64(3)),
                     .worker = row.Text(4),
                     .machine_id = row.Text(5),
                     .organization_id = static_cast<uint64_t>(row.Int64(6)),
                     .code = static_cast<uint8_t>(row.Int64(7)),
                     .jti = row.Text(8),
                     .audience = row.Text(9),
                     .placement_sha256 = row.Text(10),
                     .identity_claims_sha256 = row.Text(11),
                     .kid = row.Text(12),
                     .trace_id = row.Text(13)}};
}

void BindRow(storage::SqliteStatement& insert, const SignatureRow& row) {
  const SignatureRecord& r = row.record;
  insert.Bind(1, static_cast<int64_t>(row.number));
  insert.BindBlob(2, row.previous_sha256);
  insert.BindBlob(3, row.sha256);
  insert.Bind(4, absl::ToUnixMillis(r.at));
  insert.Bind(5, r.worker);
  insert.Bind(6, r.machine_id);
  insert.Bind(7, static_cast<int64_t>(r.organization_id));
  insert.Bind(8, int64_t{r.code});
  insert.Bind(9, r.jti);
  insert.Bind(10, r.audience);
  insert.BindBlob(11, r.placement_sha256);
  insert.BindBlob(12, r.identity_claims_sha256);
  insert.Bind(13, r.kid);
  insert.Bind(14, r.trace_id);
}

}  // namespace

std::string SignatureRowSha256(uint64_t number, absl::string_view previous_sha256, const SignatureRecord& r) {
  std::string input("flyd-signature-log-v1\0", 22);
  input.reserve(512);
  AppendNumber(input, number);
  AppendBytes(input, previous_sha256);
  AppendNumber(input, static_cast<uint64_t>(absl::ToUnixMillis(r.at)));
  AppendBytes(input, r.worker);
  AppendBytes(input, r.machine_id);
  AppendNumber(input, r.organization_id);
  AppendNumber(input, r.code);
  for (const std::string* field :
       {&r.jti, &r.audience, &r.placement_sha256, &r.identity_claims_sha256, &r.kid, &r.trace_id}) {
    AppendBytes(input, *field);
  }
  return Sha256(input);
}

absl::StatusOr<std::unique_ptr<SignatureLog>> SignatureLog::Open(const std::string& path) {
  auto db = storage::SqliteConnection::Open(path, storage::SqliteSync::kEveryCommit, kMigrations);
  if (!db.ok()) return db.status();
  std::unique_ptr<SignatureLog> log(new SignatureLog(*std::move(db)));
  absl::MutexLock lock(&log->mu_);
  if (absl::Status ready = log->Prepare(); !ready.ok()) return ready;
  return log;
}

absl::Status SignatureLog::Prepare() {
  absl::StatusOr<storage::SqliteStatement> last =
      db_->Prepare(absl::StrCat("SELECT ", kColumns, " FROM signature ORDER BY number DESC LIMIT 1"));
  if (!last.ok()) return last.status();
  const absl::StatusOr<bool> row = last->Step();
  if (!row.ok()) return row.status();
  last_sha256_.assign(32, '\0');
  if (*row) {
    const SignatureRow found = RowOf(*last);
    if (found.sha256 != SignatureRowSha256(found.number, found.previous_sha256, found.record)) {
      return absl::DataLossError(absl::StrCat(db_->path(), " row ", found.number, ": hash of other content"));
    }
    number_ = found.number;
    last_sha256_ = found.sha256;
  }
  absl::StatusOr<storage::SqliteStatement> insert = db_->Prepare(
      absl::StrCat("INSERT INTO signature(", kColumns, ") VALUES(?1,?2,?3,?4,?5,?6,?7,?8,?9,?10,?11,?12,?13,?14)"));
  if (!insert.ok()) return insert.status();
  insert_ = std::make_unique<storage::SqliteStatement>(*std::move(insert));
  return absl::OkStatus();
}

absl::Status SignatureLog::Insert(absl::Span<const SignatureRecord> records, uint64_t& number, std::string& last) {
  for (const SignatureRecord& record : records) {
    SignatureRow row{.number = number + 1, .previous_sha256 = last, .sha256 = "", .record = Bounded(record)};
    row.sha256 = SignatureRowSha256(row.number, row.previous_sha256, row.record);
    BindRow(*insert_, row);
    if (absl::Status done = insert_->Run(); !done.ok()) return done;
    number = row.number;
    last = std::move(row.sha256);
  }
  return absl::OkStatus();
}

absl::Status SignatureLog::Append(absl::Span<const SignatureRecord> records) {
  if (records.empty()) return absl::OkStatus();
  absl::MutexLock lock(&mu_);
  uint64_t number = number_;
  std::string last = last_sha256_;
  const absl::Status written = db_->InTransaction([&]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return Insert(records, number, last); });
  if (!written.ok()) return written;
  number_ = number;
  last_sha256_ = std::move(last);
  return absl::OkStatus();
}

absl::StatusOr<std::vector<SignatureRow>> SignatureLog::Read(uint64_t from, size_t limit) {
  absl::MutexLock lock(&mu_);
  absl::StatusOr<storage::SqliteStatement> select = db_->Prepare(
      absl::StrCat("SELECT ", kColumns, " FROM signature WHERE number >= ?1 ORDER BY number LIMIT ?2"));
  if (!select.ok()) return select.status();
  select->Bind(1, static_cast<int64_t>(from));
  select->Bind(2, static_cast<int64_t>(limit));
  std::vector<SignatureRow> rows;
  absl::StatusOr<bool> row = select->Step();
  for (; row.ok() && *row; row = select->Step()) rows.push_back(RowOf(*select));
  if (!row.ok()) return row.status();
  return rows;
}

absl::StatusOr<uint64_t> SignatureLog::Verify() {
  constexpr size_t kPage = 1000;
  uint64_t number = 0;
  std::string last(32, '\0');
  while (true) {
    const absl::StatusOr<std::vector<SignatureRow>> rows = Read(number + 1, kPage);
    if (!rows.ok()) return rows.status();
    if (rows->empty()) return number;
    for (const SignatureRow& row : *rows) {
      if (row.number != number + 1 || row.previous_sha256 != last ||
          row.sha256 != SignatureRowSha256(row.number, last, row.record)) {
        return absl::DataLossError(absl::StrCat("signature log row ", row.number, ": does not follow from row ", number));
      }
      number = row.number;
      last = row.sha256;
    }
  }
}

}  // namespace tokensvc
