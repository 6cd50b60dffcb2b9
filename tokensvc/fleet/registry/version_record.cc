#include "tokensvc/fleet/registry/version_record.h"

#include "proto/fleet/v1/fleetd_state.pb.h"
#include "tokensvc/fleet/registry/parse_policy.h"

namespace tokensvc {

std::string EncodeVersionRecord(const MachineVersion& version) {
  fly::fleet::v1::VersionRecord record;
  record.set_image(version.image);
  record.set_image_digest(version.image_digest);
  record.set_lifetime_seconds(absl::ToInt64Seconds(version.lifetime));
  PolicyToProto(version, *record.mutable_policy());
  return record.SerializeAsString();
}

absl::StatusOr<MachineVersion> DecodeVersionRecord(absl::string_view bytes) {
  fly::fleet::v1::VersionRecord record;
  MachineVersion version;
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())) ||
      !ParsePolicy(record.policy(), version).ok()) {
    return absl::DataLossError("version record: unreadable, want what was written");
  }
  version.image = record.image();
  version.image_digest = record.image_digest();
  version.lifetime = absl::Seconds(record.lifetime_seconds());
  return version;
}

}  // namespace tokensvc
