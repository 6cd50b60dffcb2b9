#ifndef STORAGE_SQLITE_LEDGER_H_
#define STORAGE_SQLITE_LEDGER_H_

#include <cstdint>
#include <memory>
#include <set>
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
//
// The files are capped in bytes. They are looked at before each group of rows, so one group may exceed the cap. Beyond
// it the oldest day's file is removed, and a row of no machine in the file that is written tells its day and how many
// rows went with it. Never the newest day's, nor the one that is written: where these alone exceed the cap, one row says
// so, rows are lost as on a disk that refuses, and health() says why until the next day begins.
class SqliteLedger final : public Ledger {
 public:
  static constexpr absl::Duration kCommitInterval = absl::Milliseconds(50);
  static constexpr int kRetentionDays = 90;
  // Rows that wait for the disk at the most; beyond it the newest is lost and counted.
  static constexpr size_t kMaxWaiting = 100'000;
  // The row of a token takes about 240 bytes: one a second for the whole retention, with some to spare. A worker that
  // mints more keeps fewer days rather than fills the disk that its machines run on.
  static constexpr int64_t kMaxBytes = int64_t{2} << 30;

  // Makes the folder (0700) if need be. `most_bytes`: the cap, kMaxBytes outside of tests. Errors as
  // SqliteConnection::Open.
  static absl::StatusOr<std::unique_ptr<SqliteLedger>> Open(const std::string& folder, int64_t most_bytes);

  // Commits what waits.
  ~SqliteLedger() override;

  void Append(LedgerRow row) override ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status Flush() override ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<std::vector<LedgerRow>> Newest(const std::string& machine_id, size_t limit) const override
      ABSL_LOCKS_EXCLUDED(files_mu_);
  uint64_t rows_lost() const override ABSL_LOCKS_EXCLUDED(mu_);

  // How the last group of rows went: OK, or why the disk refused it, or that the cap did.
  absl::Status health() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  SqliteLedger(std::string folder, int64_t most_bytes);
  void CommitLoop();

  // The commit thread's, as all below. Writes the rows, day by day.
  absl::Status Commit(const std::vector<LedgerRow>& rows);
  absl::Status CommitDay(const std::string& day, const std::vector<const LedgerRow*>& rows);
  // Opens the day's file and removes those beyond the retention.
  absl::Status BeginDay(const std::string& day) ABSL_LOCKS_EXCLUDED(files_mu_);
  // OK: the files are within the cap, at the cost of the oldest if need be. Unavailable: the present day is beyond it.
  absl::Status MakeRoom(absl::Time at);
  // Tells that the file goes, `bytes` being too many in all, and removes it.
  absl::Status RemoveDay(const std::string& file, absl::Time at, int64_t bytes) ABSL_LOCKS_EXCLUDED(files_mu_);
  // Commits the row to the open day, whatever the cap.
  absl::Status Tell(const LedgerRow& row);

  const std::string folder_;
  const int64_t most_bytes_;
  std::string open_day_;                   // the commit thread's
  std::unique_ptr<SqliteConnection> day_;  // the commit thread's
  bool told_full_ = false;                 // the commit thread's: the open day has the row that says so
  std::set<std::string> told_;             // the commit thread's: files told of as removed that are there yet

  // Which files there are: shared while they are read, so that none vanishes, or comes back, under a reader.
  mutable absl::Mutex files_mu_;

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
