#ifndef TOKENSVC_FLEET_LOG_FLEET_LOG_STORE_H_
#define TOKENSVC_FLEET_LOG_FLEET_LOG_STORE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tokensvc/fleet/log/signer_record.h"

namespace tokensvc {

// Where the fleet log lies, and what is known of its followers. It keeps bytes: what they mean and whether they chain is
// FleetLog's. A call that answers OK is durable. Implementations are thread-safe and pass FleetLogStoreContractTest.
//
// Every call: Unavailable if the store cannot be reached or written now.
class FleetLogStore {
 public:
  virtual ~FleetLogStore() = default;

  // Number of the last entry; 0 if there is none.
  virtual absl::StatusOr<uint64_t> LastNumber() = 0;

  // Adds entry `number`. Aborted unless `number` is LastNumber() + 1: another writer was faster.
  virtual absl::Status Append(uint64_t number, absl::string_view signed_entry) = 0;

  // Entries `from`, `from` + 1, … in order, at most `limit`; fewer where the log ends. `from` counts from 1.
  virtual absl::StatusOr<std::vector<std::string>> Read(uint64_t from, size_t limit) = 0;

  // Adds or replaces the record of one signer.
  virtual absl::Status PutSigner(const SignerRecord& signer) = 0;

  // By name.
  virtual absl::StatusOr<std::vector<SignerRecord>> Signers() = 0;
};

}  // namespace tokensvc

#endif  // TOKENSVC_FLEET_LOG_FLEET_LOG_STORE_H_
