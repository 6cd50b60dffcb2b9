#include "tokensvc/fleet/keys/hsm_fleet_key.h"

#include "tokensvc/es256/es256_verify.h"

namespace tokensvc {

absl::StatusOr<std::string> HsmFleetKey::SignEs256(absl::string_view message) {
  return hsm_.SignDigest(key_, Sha256(message));
}

}  // namespace tokensvc
