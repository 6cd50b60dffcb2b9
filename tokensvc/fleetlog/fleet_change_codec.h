#ifndef TOKENSVC_FLEETLOG_FLEET_CHANGE_CODEC_H_
#define TOKENSVC_FLEETLOG_FLEET_CHANGE_CODEC_H_

#include "absl/status/statusor.h"
#include "tokensvc/fleetlog/fleet_log_values.h"

namespace fly::fleet::v1 {
class FleetLogEntry;
class KeySlot;
class OrganizationIssuer;
class PlacementKey;
}  // namespace fly::fleet::v1

// Between the protocol's messages and the values; shared by everyone who sends a part of the fleet document.
namespace tokensvc {

// Each answers InvalidArgument, naming the field, where one is out of its bounds.
absl::StatusOr<FleetChange> ChangeFromProto(const fly::fleet::v1::FleetLogEntry& proto);
absl::StatusOr<OrganizationIssuer> IssuerFromProto(const fly::fleet::v1::OrganizationIssuer& proto);
absl::StatusOr<KeySlot> KeySlotFromProto(const fly::fleet::v1::KeySlot& proto);
absl::StatusOr<PlacementKey> PlacementKeyFromProto(const fly::fleet::v1::PlacementKey& proto);

void ChangeToProto(const FleetChange& change, fly::fleet::v1::FleetLogEntry& proto);
void IssuerToProto(const OrganizationIssuer& issuer, fly::fleet::v1::OrganizationIssuer& proto);
void KeySlotToProto(const KeySlot& slot, fly::fleet::v1::KeySlot& proto);
void PlacementKeyToProto(const PlacementKey& key, fly::fleet::v1::PlacementKey& proto);

}  // namespace tokensvc

#endif  // TOKENSVC_FLEETLOG_FLEET_CHANGE_CODEC_H_
