#ifndef TOKENSVC_FLEET_KEYS_HSM_FLEET_KEY_H_
#define TOKENSVC_FLEET_KEYS_HSM_FLEET_KEY_H_

#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tokensvc/fleet/keys/fleet_key.h"
#include "tokensvc/pkcs11/hsm.h"

namespace tokensvc {

// The authority's key inside an HSM.
class HsmFleetKey final : public FleetKey {
 public:
  // `key` is a P-256 key of `hsm`, which outlives the object.
  HsmFleetKey(Hsm& hsm, HsmKey key) : hsm_(hsm), key_(std::move(key)) {}

  const std::string& spki_der() const override { return key_.spki_der; }
  absl::StatusOr<std::string> SignEs256(absl::string_view message) override;

 private:
  Hsm& hsm_;
  const HsmKey key_;
};

}  // namespace tokensvc

#endif  // TOKENSVC_FLEET_KEYS_HSM_FLEET_KEY_H_
