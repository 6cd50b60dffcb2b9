#ifndef FLYD_SUPERVISOR_METADATA_H_
#define FLYD_SUPERVISOR_METADATA_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "flyd/supervisor/machine_table.h"

namespace flyd {

inline constexpr size_t kMaxMetadata = 64;
inline constexpr size_t kMaxMetadataBytes = 64 * 1024;

struct MetadataChange {
  std::string machine_id;
  std::map<std::string, std::string> put;
  std::vector<std::string> remove;
  uint64_t expected_revision = 0;  // of the metadata; 0: any
  std::string lease_nonce;
};

// Metadata have a revision of their own and make no version. Aborted: another revision, or somebody else's lease.
// InvalidArgument: more than kMaxMetadata entries or kMaxMetadataBytes afterwards. FailedPrecondition: it
// is destroyed. NotFound. DataLoss.
absl::StatusOr<storage::MachineRecord> ChangeMetadata(MachineTable& table, const MetadataChange& change);

}  // namespace flyd

#endif  // FLYD_SUPERVISOR_METADATA_H_
