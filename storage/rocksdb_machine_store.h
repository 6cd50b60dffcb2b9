#ifndef STORAGE_ROCKSDB_MACHINE_STORE_H_
#define STORAGE_ROCKSDB_MACHINE_STORE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "storage/host_store.h"
#include "storage/machine_history.h"
#include "storage/machine_store.h"
#include "storage/rocksdb_families.h"

namespace storage {

// Machines, their history and the host in a RocksDB folder; machine_store_format.md says what stands where.
//
// Who commits while another write is being synced waits and is written with all others that wait, as one batch: one sync
// serves them all, the feed has no gaps whatever crashes, and of two writers of one revision the second is refused.
class RocksDbMachineStore final : public MachineStore, public MachineHistory, public HostStore {
 public:
  // Opens or makes the store. Recovers, after a crash, exactly what Commit has answered, and perhaps one batch more.
  // Codes as RocksDbFamilies::Open; FailedPrecondition too where the format is another.
  static absl::StatusOr<std::unique_ptr<RocksDbMachineStore>> Open(const std::string& folder);

  // A checkpoint, to read alone: each change is answered `refusal`. Unavailable: there is none. Others as Open.
  static absl::StatusOr<std::unique_ptr<RocksDbMachineStore>> OpenReadOnly(const std::string& folder, absl::Status refusal);

  absl::StatusOr<MachineRecord> Commit(const MachineChange& change) override ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<MachineRecord> Get(absl::string_view id) const override;
  absl::StatusOr<std::vector<MachineRecord>> List(absl::string_view after_id, size_t limit) const override;
  absl::StatusOr<OperationRecord> GetOperation(absl::string_view machine_id) const override;
  absl::StatusOr<std::vector<std::pair<std::string, OperationRecord>>> Operations() const override;
  absl::StatusOr<std::string> GetPlacement(absl::string_view sha256) const override;
  absl::StatusOr<RequestAnswer> GetAnswer(absl::string_view request_id) const override;
  absl::Status Changeable() const override { return refusal_; }
  const std::string& incarnation() const override { return incarnation_; }

  absl::StatusOr<std::vector<EventRecord>> Events(absl::string_view machine_id, uint64_t after_sequence,
                                                  size_t limit) const override;
  absl::StatusOr<std::vector<FeedEntry>> Feed(uint64_t after, size_t limit) const override ABSL_LOCKS_EXCLUDED(mu_);
  FeedRange feed_range() const override ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status Compact(absl::Time before, absl::Time now) override ABSL_LOCKS_EXCLUDED(mu_);

  absl::StatusOr<HostRecord> GetHost() const override;
  absl::Status PutHost(const HostRecord& host) override;

  // Another incarnation than before, durably: for a store that was put back. Before anybody else uses the store.
  absl::Status RenewIncarnation();

  // As RocksDbFamilies.
  absl::Status Checkpoint(const std::string& folder) { return families_->Checkpoint(folder); }
  absl::Status Verify() const { return families_->Verify(); }
  uint64_t last_write() const { return families_->last_write(); }

 private:
  struct Waiting {
    const MachineChange& change;
    absl::StatusOr<MachineRecord> result = absl::UnknownError("");
    bool done = false;
  };
  struct Group;

  RocksDbMachineStore(std::unique_ptr<RocksDbFamilies> families, absl::Status refusal)
      : families_(std::move(families)), refusal_(std::move(refusal)) {}

  static absl::StatusOr<std::unique_ptr<RocksDbMachineStore>> Begin(
      absl::StatusOr<std::unique_ptr<RocksDbFamilies>> families, absl::Status refusal);
  absl::Status Identify();
  absl::Status FindFeedRange();
  uint64_t CommitGroup(const std::vector<Waiting*>& waiting, uint64_t last_feed);
  absl::StatusOr<MachineRecord> Add(const MachineChange& change, Group& group) const;
  absl::StatusOr<uint64_t> CompactFeed(uint64_t after, absl::Time before);
  absl::Status CompactAnswers(absl::Time now);

  const std::unique_ptr<RocksDbFamilies> families_;
  const absl::Status refusal_;  // of every change; OK: they are taken
  std::string incarnation_;  // constant once the store is in use

  mutable absl::Mutex mu_;
  std::vector<Waiting*> waiting_ ABSL_GUARDED_BY(mu_);
  bool writing_ ABSL_GUARDED_BY(mu_) = false;  // somebody writes a group; those that come wait for its end
  FeedRange feed_ ABSL_GUARDED_BY(mu_);
};

}  // namespace storage

#endif  // STORAGE_ROCKSDB_MACHINE_STORE_H_
