#ifndef TESTS_FAKES_MEMORY_LEDGER_H_
#define TESTS_FAKES_MEMORY_LEDGER_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "storage/ledger.h"

namespace tests {

// A Ledger in memory. Thread-safe.
class MemoryLedger final : public storage::Ledger {
 public:
  void Append(storage::LedgerRow row) override ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    rows_.push_back(std::move(row));
  }
  absl::Status Flush() override { return absl::OkStatus(); }
  absl::StatusOr<std::vector<storage::LedgerRow>> Newest(const std::string& machine_id, size_t limit) const override
      ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    std::vector<storage::LedgerRow> newest;
    for (auto row = rows_.rbegin(); row != rows_.rend() && newest.size() < limit; ++row) {
      if (machine_id.empty() || row->machine_id == machine_id) newest.push_back(*row);
    }
    return newest;
  }
  uint64_t rows_lost() const override { return 0; }

 private:
  mutable absl::Mutex mu_;
  std::vector<storage::LedgerRow> rows_ ABSL_GUARDED_BY(mu_);
};

}  // namespace tests

#endif  // TESTS_FAKES_MEMORY_LEDGER_H_
