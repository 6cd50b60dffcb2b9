#ifndef TESTS_FAKES_MEMORY_FLEET_LOG_STORE_H_
#define TESTS_FAKES_MEMORY_FLEET_LOG_STORE_H_

#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "tokensvc/fleet/log/fleet_log_store.h"

namespace tests {

// A fleet log that lasts as long as the object. Thread-safe.
class MemoryFleetLogStore final : public tokensvc::FleetLogStore {
 public:
  absl::StatusOr<uint64_t> LastNumber() override;
  absl::Status Append(uint64_t number, absl::string_view signed_entry) override;
  absl::StatusOr<std::vector<std::string>> Read(uint64_t from, size_t limit) override;
  absl::Status PutSigner(const tokensvc::SignerRecord& signer) override;
  absl::StatusOr<std::vector<tokensvc::SignerRecord>> Signers() override;

  // What writes answer from now on, instead of being done. OK ends it.
  void FailWritesWith(absl::Status status);

 private:
  absl::Mutex mu_;
  std::vector<std::string> entries_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, tokensvc::SignerRecord> signers_ ABSL_GUARDED_BY(mu_);
  absl::Status failure_ ABSL_GUARDED_BY(mu_);
};

}  // namespace tests

#endif  // TESTS_FAKES_MEMORY_FLEET_LOG_STORE_H_
