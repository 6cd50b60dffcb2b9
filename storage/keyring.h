#ifndef STORAGE_KEYRING_H_
#define STORAGE_KEYRING_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/secret_bytes.h"

namespace storage {

// The worker's Macaroon root keys by epoch, as the authority gave them at enrolment, and what else came with them.
// Thread-safe.
class Keyring {
 public:
  virtual ~Keyring() = default;

  // AlreadyExists: the epoch has another key; the same key again is OK. DataLoss as MachineStore::Commit.
  virtual absl::Status Put(uint32_t epoch, const SecretBytes& root_key) = 0;

  // NotFound.
  virtual absl::StatusOr<std::shared_ptr<const SecretBytes>> Get(uint32_t epoch) const = 0;

  // Ascending.
  virtual absl::StatusOr<std::vector<uint32_t>> Epochs() const = 0;

  // The serialized answer to the last enrolment, without its key; empty before the first. What it means is the caller's.
  virtual absl::Status PutEnrolment(const std::string& enrolment) = 0;
  virtual absl::StatusOr<std::string> GetEnrolment() const = 0;
};

}  // namespace storage

#endif  // STORAGE_KEYRING_H_
