#ifndef FLYD_DAEMON_OPEN_MACHINE_STORE_H_
#define FLYD_DAEMON_OPEN_MACHINE_STORE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "storage/rocksdb_machine_store.h"

namespace flyd {

// Of DATA_DIR: the machine store, and the copy of it that flyd keeps (kept_checkpoint.h).
inline constexpr char kMachinesFolder[] = "/machines";
inline constexpr char kCheckpointFolder[] = "/checkpoint";

// The worker's machine store, everything read that flyd needs to go on. Where it is damaged, its last checkpoint to read
// alone, whose Changeable names the damaged file and the command that mends it (FailedPrecondition, reason STORE_DAMAGED).
// DataLoss: there is no checkpoint either. Unavailable: it is whole and cannot be written to, or another process has it.
// Others as RocksDbMachineStore::Open.
absl::StatusOr<std::unique_ptr<storage::RocksDbMachineStore>> OpenMachineStore(const std::string& data_dir);

}  // namespace flyd

#endif  // FLYD_DAEMON_OPEN_MACHINE_STORE_H_
