#ifndef STORAGE_LEDGER_H_
#define STORAGE_LEDGER_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace storage {

// Persisted. Append only; a number is never reused.
enum class LedgerOutcome : uint8_t { kAllowed = 1, kDenied = 2 };

// One decision about a token. Never holds a token or a Macaroon.
struct LedgerRow {
  absl::Time at;
  std::string machine_id;
  std::string boot_id;
  std::string organization;
  std::string app;
  LedgerOutcome outcome = LedgerOutcome::kDenied;
  int status_code = 0;  // absl::StatusCode; 0 where allowed
  std::string reason;   // `subject: found, want`; empty where allowed
  std::string jti;      // empty where denied
  std::string audience;
  std::string placement_sha256;  // 32 bytes or empty
  std::string trace_id;
};

// What this worker minted and refused. Thread-safe.
class Ledger {
 public:
  virtual ~Ledger() = default;

  // Takes the row; never blocks on the disk and never fails: rows are committed in groups, at most 50 ms later, and a
  // crash may lose those 50 ms. A disk that refuses, or a ledger that is full, leaves a gap, which is recorded as a row
  // of no machine as soon as rows are taken again.
  virtual void Append(LedgerRow row) = 0;

  // Returns when every row appended before it is committed, or says why they are not (Unavailable).
  virtual absl::Status Flush() = 0;

  // The newest `limit` rows of the machine (empty: of all) that are still kept, newest first. Flush first to see
  // everything.
  virtual absl::StatusOr<std::vector<LedgerRow>> Newest(const std::string& machine_id, size_t limit) const = 0;

  // Rows lost since the start because the disk refused them or the ledger was full; not those of days removed.
  virtual uint64_t rows_lost() const = 0;
};

}  // namespace storage

#endif  // STORAGE_LEDGER_H_
