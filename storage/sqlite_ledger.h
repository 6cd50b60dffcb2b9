#ifndef STORAGE_SQLITE_LEDGER_H_
#define STORAGE_SQLITE_LEDGER_H_

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "storage/ledger.h"
#include "storage/sqlite_connection.h"

namespace storage {

// Ledger in one SQLite file a day under a folder, DAY by the rows' own time (UTC); ledger_format.md has the schema.
// Files older than the retention are removed when a new day begins.
class SqliteLedger final : public Ledger {
 public:
  static constexpr absl::Duration kCommitInterval = absl::Milliseconds(50);
  static constexpr int kRetentionDays = 90;
  // Rows that wait for the disk at the most; beyond it the newest is lost and counted.
  static constexpr size_t kMaxWaiting = 100'000;

  // Makes the folder (0700) if need be. Errors as SqliteConnection::Open.
  static absl::StatusOr<std::unique_ptr<SqliteLedger>> Open(const std::string& folder);

  // Commits what waits.
  ~SqliteLedger() override;

  void Append(LedgerRow row) override ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status Flush() override ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<std::vector<LedgerRow>> Newest(const std::string& machine_id, size_t limit) const override;
  uint64_t rows_lost() const override ABSL_LOCKS_EXCLUDED(mu_);

  // How the last group of rows went: OK, or why the disk refused it.
  absl::Status health() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  explicit SqliteLedger(std::string folder);
  void CommitLoop();
  // Writes the rows, day by day. Called by the commit thread alone.
  absl::Status Commit(const std::vector<LedgerRow>& rows);
  absl::Status CommitDay(const std::string& day, const std::vector<const LedgerRow*>& rows);
  void RemoveOldDays(const std::string& today) const;
  std::vector<std::string> DayFiles() const;  // newest first

  const std::string folder_;
  std::string open_day_;                   // the commit thread's
  std::unique_ptr<SqliteConnection> day_;  // the commit thread's

  mutable absl::Mutex mu_;
  std::vector<LedgerRow> waiting_ ABSL_GUARDED_BY(mu_);
  uint64_t appended_ ABSL_GUARDED_BY(mu_) = 0;   // rows taken
  uint64_t settled_ ABSL_GUARDED_BY(mu_) = 0;    // of them, committed or lost
  uint64_t lost_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t gap_ ABSL_GUARDED_BY(mu_) = 0;        // of them, not told of in the ledger yet
  absl::Status last_ ABSL_GUARDED_BY(mu_);       // of the last group
  bool flushing_ ABSL_GUARDED_BY(mu_) = false;
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread committer_;
};

}  // namespace storage

#endif  // STORAGE_SQLITE_LEDGER_H_
