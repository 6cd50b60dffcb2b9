#ifndef TESTS_FAKES_MEMORY_KEYRING_H_
#define TESTS_FAKES_MEMORY_KEYRING_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "storage/keyring.h"

namespace tests {

// A Keyring in memory. Thread-safe.
class MemoryKeyring final : public storage::Keyring {
 public:
  absl::Status Put(uint32_t epoch, const storage::SecretBytes& root_key) override ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    auto& stored = keys_[epoch];
    if (stored != nullptr && !(*stored == root_key)) return absl::AlreadyExistsError("root key: another one");
    stored = std::make_shared<const storage::SecretBytes>(root_key.Duplicate());
    return absl::OkStatus();
  }
  absl::StatusOr<std::shared_ptr<const storage::SecretBytes>> Get(uint32_t epoch) const override
      ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    const auto found = keys_.find(epoch);
    if (found == keys_.end()) return absl::NotFoundError("root key: not in the keyring");
    return found->second;
  }
  absl::StatusOr<std::vector<uint32_t>> Epochs() const override ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    std::vector<uint32_t> epochs;
    for (const auto& [epoch, key] : keys_) epochs.push_back(epoch);
    return epochs;
  }
  absl::Status PutEnrolment(const std::string& enrolment) override ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    enrolment_ = enrolment;
    return absl::OkStatus();
  }
  absl::StatusOr<std::string> GetEnrolment() const override ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return enrolment_;
  }

 private:
  mutable absl::Mutex mu_;
  std::map<uint32_t, std::shared_ptr<const storage::SecretBytes>> keys_ ABSL_GUARDED_BY(mu_);
  std::string enrolment_ ABSL_GUARDED_BY(mu_);
};

}  // namespace tests

#endif  // TESTS_FAKES_MEMORY_KEYRING_H_
