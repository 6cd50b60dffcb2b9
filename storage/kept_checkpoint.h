#ifndef STORAGE_KEPT_CHECKPOINT_H_
#define STORAGE_KEPT_CHECKPOINT_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "storage/rocksdb_machine_store.h"

namespace storage {

// Replaces the folder `checkpoint` by a copy of the store as it is now: synced, read against its checksums, and in files of
// its own, so that what damages the store's leaves it whole. Where that cannot be done the one before stays. For one
// process and one thread. Unavailable: it cannot be written, or has more than `may_write` bytes. DataLoss, naming the file:
// what was copied is damaged.
absl::Status KeepCheckpoint(RocksDbMachineStore& store, const std::string& checkpoint, uint64_t may_write);

}  // namespace storage

#endif  // STORAGE_KEPT_CHECKPOINT_H_
