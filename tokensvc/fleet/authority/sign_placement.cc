#include "tokensvc/fleet/authority/sign_placement.h"

#include "tokensvc/es256/es256_verify.h"

namespace tokensvc {

absl::StatusOr<std::string> SignPlacement(FleetKey& key, Placement placement) {
  placement.key_id = SpkiKeyId(key.spki_der());
  absl::StatusOr<std::string> payload = EncodePlacementPayload(placement);
  if (!payload.ok()) return payload.status();
  absl::StatusOr<std::string> signature = key.SignEs256(PlacementSigningInput(*payload));
  if (!signature.ok()) return signature.status();
  return AssembleSignedPlacement(*payload, *signature);
}

}  // namespace tokensvc
