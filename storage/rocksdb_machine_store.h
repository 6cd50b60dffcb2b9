#ifndef STORAGE_ROCKSDB_MACHINE_STORE_H_
#define STORAGE_ROCKSDB_MACHINE_STORE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/machine_store.h"

namespace storage {

// MachineStore in a RocksDB folder; machine_store_format.md says what stands where.
class RocksDbMachineStore final : public MachineStore {
 public:
  // Opens or makes the store. Recovers, after a crash, exactly what Commit has answered, and perhaps one change more.
  //   Unavailable: another process has it open.
  //   FailedPrecondition: written by a newer version of this program.
  //   DataLoss, naming the file: damaged beyond the end of the log.
  static absl::StatusOr<std::unique_ptr<RocksDbMachineStore>> Open(const std::string& folder);
  ~RocksDbMachineStore() override;

  absl::StatusOr<MachineRecord> Commit(const MachineChange& change) override;
  absl::StatusOr<MachineRecord> Get(absl::string_view id) const override;
  absl::StatusOr<std::vector<MachineRecord>> List(absl::string_view after_id, size_t limit) const override;
  absl::StatusOr<std::vector<EventRecord>> Events(absl::string_view machine_id, uint64_t after_sequence,
                                                  size_t limit) const override;
  absl::StatusOr<std::vector<std::pair<std::string, OperationRecord>>> Operations() const override;
  absl::StatusOr<std::string> GetPlacement(absl::string_view sha256) const override;
  absl::StatusOr<RequestAnswer> GetAnswer(absl::string_view request_id) const override;
  const std::string& incarnation() const override { return incarnation_; }

 private:
  class Database;
  explicit RocksDbMachineStore(std::unique_ptr<Database> database);
  std::unique_ptr<Database> database_;
  std::string incarnation_;
};

}  // namespace storage

#endif  // STORAGE_ROCKSDB_MACHINE_STORE_H_
