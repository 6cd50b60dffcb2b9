#ifndef STORAGE_MACHINE_STORE_CARE_H_
#define STORAGE_MACHINE_STORE_CARE_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

// What an operator does with a machine store that no flyd has open. Each opens the store, and so finishes what a crash
// left in its log. Unavailable: a process has it open. NotFound: there is none. DataLoss, naming the file or the record.
namespace storage {

struct StoreSummary {
  std::string incarnation;
  uint64_t machines = 0;
  uint64_t events = 0;
  uint64_t operations = 0;
  uint64_t placements = 0;
  uint64_t feed_compacted = 0;  // the feed's entries after this one and up to feed_last are kept
  uint64_t feed_last = 0;
};

// Reads every block against its checksum and every record, and that they fit: each machine's events end at its own
// sequence without a gap, each version's placement is there, each operation is a machine's, the feed has no gap and each of
// its entries an event.
absl::StatusOr<StoreSummary> VerifyMachineStore(const std::string& folder);

// Verifies the store and copies its present state to the folder `to`, which must not exist: on one file system most of it
// by hard links. Unavailable: it cannot be written.
absl::StatusOr<StoreSummary> CheckpointMachineStore(const std::string& folder, const std::string& to);

// Verifies the checkpoint and puts a copy in the place of the store, with a new incarnation: who watches the feed learns
// that it is not the one that it followed. What stood there is kept as FOLDER.replaced, which must not exist yet. The
// checkpoint stays as it is. Unavailable: it cannot be written.
absl::StatusOr<StoreSummary> RestoreMachineStore(const std::string& checkpoint, const std::string& folder);

}  // namespace storage

#endif  // STORAGE_MACHINE_STORE_CARE_H_
