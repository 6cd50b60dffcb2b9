#ifndef TOKENSVC_SIGNER_LOG_SIGNATURE_LOG_H_
#define TOKENSVC_SIGNER_LOG_SIGNATURE_LOG_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "storage/sqlite_connection.h"

namespace tokensvc {

// One decision of signerd: a token that it signed, or a request that it refused. Empty where it is not known.
struct SignatureRecord {
  absl::Time at;
  std::string worker;
  std::string machine_id;
  uint64_t organization_id = 0;
  uint8_t code = 0;  // a RefusalCode; 0: signed
  std::string jti;
  std::string audience;  // at most 255 bytes are kept
  std::string placement_sha256;
  std::string identity_claims_sha256;
  std::string kid;
  std::string trace_id;
};

struct SignatureRow {
  uint64_t number = 0;  // from 1, without gaps
  std::string previous_sha256;
  std::string sha256;
  SignatureRecord record;
};

// Every decision, in one SQLite file whose rows are chained by hash: a row cannot be changed, removed or put in later
// without every row after it changing too. signature_log_format.md describes it. Thread-safe.
class SignatureLog {
 public:
  // DataLoss: the last row does not hash to what it says.
  static absl::StatusOr<std::unique_ptr<SignatureLog>> Open(const std::string& path);

  // Appends the records in one transaction that is on the disk when it returns. Unavailable: the disk is full, nothing was
  // written, and a later call may succeed. DataLoss: the disk did not take what was written; the process must end, because
  // a second try could report success for pages that are lost.
  absl::Status Append(absl::Span<const SignatureRecord> records) ABSL_LOCKS_EXCLUDED(mu_);

  // At most `limit` rows from number `from` on.
  absl::StatusOr<std::vector<SignatureRow>> Read(uint64_t from, size_t limit) ABSL_LOCKS_EXCLUDED(mu_);

  // Number of the last row, when every row follows from the one before it. DataLoss, naming the first that does not.
  absl::StatusOr<uint64_t> Verify() ABSL_LOCKS_EXCLUDED(mu_);

 private:
  explicit SignatureLog(std::unique_ptr<storage::SqliteConnection> db) : db_(std::move(db)) {}
  absl::Status Prepare() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status Insert(absl::Span<const SignatureRecord> records, uint64_t& number, std::string& last)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  absl::Mutex mu_;
  std::unique_ptr<storage::SqliteConnection> db_ ABSL_GUARDED_BY(mu_);
  std::unique_ptr<storage::SqliteStatement> insert_ ABSL_GUARDED_BY(mu_);
  uint64_t number_ ABSL_GUARDED_BY(mu_) = 0;
  std::string last_sha256_ ABSL_GUARDED_BY(mu_);
};

// SHA-256 that chains the row to the one before it; 32 bytes.
std::string SignatureRowSha256(uint64_t number, absl::string_view previous_sha256, const SignatureRecord& record);

}  // namespace tokensvc

#endif  // TOKENSVC_SIGNER_LOG_SIGNATURE_LOG_H_
