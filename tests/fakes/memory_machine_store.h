#ifndef TESTS_FAKES_MEMORY_MACHINE_STORE_H_
#define TESTS_FAKES_MEMORY_MACHINE_STORE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "storage/host_store.h"
#include "storage/machine_history.h"
#include "storage/machine_store.h"

namespace tests {

// A store that forgets everything with the object.
class MemoryMachineStore final : public storage::MachineStore,
                                 public storage::MachineHistory,
                                 public storage::HostStore {
 public:
  absl::StatusOr<storage::MachineRecord> Commit(const storage::MachineChange& change) override ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<storage::MachineRecord> Get(absl::string_view id) const override ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<std::vector<storage::MachineRecord>> List(absl::string_view after_id, size_t limit) const override
      ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<storage::OperationRecord> GetOperation(absl::string_view machine_id) const override
      ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<std::vector<std::pair<std::string, storage::OperationRecord>>> Operations() const override
      ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<std::string> GetPlacement(absl::string_view sha256) const override ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<storage::RequestAnswer> GetAnswer(absl::string_view request_id) const override
      ABSL_LOCKS_EXCLUDED(mu_);
  const std::string& incarnation() const override { return incarnation_; }

  absl::StatusOr<std::vector<storage::EventRecord>> Events(absl::string_view machine_id, uint64_t after_sequence,
                                                           size_t limit) const override ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<std::vector<storage::FeedEntry>> Feed(uint64_t after, size_t limit) const override
      ABSL_LOCKS_EXCLUDED(mu_);
  storage::FeedRange feed_range() const override ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status Compact(absl::Time before, absl::Time now) override ABSL_LOCKS_EXCLUDED(mu_);

  absl::StatusOr<storage::HostRecord> GetHost() const override ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status PutHost(const storage::HostRecord& host) override ABSL_LOCKS_EXCLUDED(mu_);

 private:
  const std::string incarnation_ = std::string(32, '0');
  mutable absl::Mutex mu_;
  std::map<std::string, storage::MachineRecord, std::less<>> machines_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::map<uint64_t, storage::EventRecord>, std::less<>> events_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, storage::OperationRecord, std::less<>> operations_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::string, std::less<>> placements_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, storage::RequestAnswer, std::less<>> answers_ ABSL_GUARDED_BY(mu_);
  std::map<uint64_t, storage::FeedEntry> feed_ ABSL_GUARDED_BY(mu_);
  storage::FeedRange range_ ABSL_GUARDED_BY(mu_);
  storage::HostRecord host_ ABSL_GUARDED_BY(mu_);
};

}  // namespace tests

#endif  // TESTS_FAKES_MEMORY_MACHINE_STORE_H_
