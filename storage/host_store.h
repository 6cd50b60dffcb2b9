#ifndef STORAGE_HOST_STORE_H_
#define STORAGE_HOST_STORE_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/machine_record.h"

namespace storage {

// What is kept of the worker host itself. Thread-safe.
class HostStore {
 public:
  virtual ~HostStore() = default;

  // A new store's host is not cordoned.
  virtual absl::StatusOr<HostRecord> GetHost() const = 0;

  // Synced when it returns. DataLoss as MachineStore::Commit.
  virtual absl::Status PutHost(const HostRecord& host) = 0;
};

}  // namespace storage

#endif  // STORAGE_HOST_STORE_H_
