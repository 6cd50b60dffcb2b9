#ifndef TOKENSVC_FLEET_KEYS_FLEET_KEY_H_
#define TOKENSVC_FLEET_KEYS_FLEET_KEY_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace tokensvc {

// The one private key of the authority: it signs the fleet log, its heads, and placements. Thread-safe.
class FleetKey {
 public:
  virtual ~FleetKey() = default;

  // SubjectPublicKeyInfo of the P-256 key, DER. Stable.
  virtual const std::string& spki_der() const = 0;

  // ES256 over `message`: 64 bytes, R then S. Unavailable if the key cannot be used now.
  virtual absl::StatusOr<std::string> SignEs256(absl::string_view message) = 0;
};

}  // namespace tokensvc

#endif  // TOKENSVC_FLEET_KEYS_FLEET_KEY_H_
