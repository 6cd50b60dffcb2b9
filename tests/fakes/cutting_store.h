#ifndef TESTS_FAKES_CUTTING_STORE_H_
#define TESTS_FAKES_CUTTING_STORE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "storage/machine_store.h"

namespace tests {

// A store whose disk is lost at one write, as by a crash: that write reaches the disk or does not, its caller never hears
// that it did, and nothing is written afterwards. What was written before is still read. For one thread.
class CuttingStore final : public storage::MachineStore {
 public:
  enum class Cut { kBefore, kAfter };

  // `target` is not owned and outlives this.
  explicit CuttingStore(storage::MachineStore& target) : target_(target) {}

  // From now on the `number`th write (from 1) is the lost one. 0: none is.
  void CutAt(int number, Cut where) {
    left_ = number;
    where_ = where;
    lost_ = false;
  }
  // The process that had it open is gone, and another opens it.
  void Reopen() { CutAt(0, Cut::kBefore); }
  bool lost() const { return lost_; }
  int writes() const { return writes_; }

  absl::StatusOr<storage::MachineRecord> Commit(const storage::MachineChange& change) override {
    if (lost_) return Lost();
    const bool cut = left_ > 0 && --left_ == 0;
    lost_ = cut;
    if (cut && where_ == Cut::kBefore) return Lost();
    absl::StatusOr<storage::MachineRecord> committed = target_.Commit(change);
    if (committed.ok()) ++writes_;
    if (cut) return Lost();
    return committed;
  }
  absl::StatusOr<storage::MachineRecord> Get(absl::string_view id) const override { return target_.Get(id); }
  absl::StatusOr<std::vector<storage::MachineRecord>> List(absl::string_view after_id, size_t limit) const override {
    return target_.List(after_id, limit);
  }
  absl::StatusOr<storage::OperationRecord> GetOperation(absl::string_view machine_id) const override {
    return target_.GetOperation(machine_id);
  }
  absl::StatusOr<std::vector<std::pair<std::string, storage::OperationRecord>>> Operations() const override {
    return target_.Operations();
  }
  absl::StatusOr<std::string> GetPlacement(absl::string_view sha256) const override { return target_.GetPlacement(sha256); }
  absl::StatusOr<storage::RequestAnswer> GetAnswer(absl::string_view request_id) const override {
    return target_.GetAnswer(request_id);
  }
  const std::string& incarnation() const override { return target_.incarnation(); }

 private:
  static absl::Status Lost() { return absl::DataLossError("store: the disk is gone, want it"); }

  storage::MachineStore& target_;
  int left_ = 0;
  int writes_ = 0;
  Cut where_ = Cut::kBefore;
  bool lost_ = false;
};

}  // namespace tests

#endif  // TESTS_FAKES_CUTTING_STORE_H_
