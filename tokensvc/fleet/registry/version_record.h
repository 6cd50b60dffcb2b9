#ifndef TOKENSVC_FLEET_REGISTRY_VERSION_RECORD_H_
#define TOKENSVC_FLEET_REGISTRY_VERSION_RECORD_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tokensvc/fleet/registry/machine_version.h"

namespace tokensvc {

// Everything but `version` and `expires`, which the registry keeps in columns of their own: a serialized
// fly.fleet.v1.VersionRecord.
std::string EncodeVersionRecord(const MachineVersion& version);

// DataLoss: not a record.
absl::StatusOr<MachineVersion> DecodeVersionRecord(absl::string_view record);

}  // namespace tokensvc

#endif  // TOKENSVC_FLEET_REGISTRY_VERSION_RECORD_H_
