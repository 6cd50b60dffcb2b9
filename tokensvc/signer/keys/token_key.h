#ifndef TOKENSVC_SIGNER_KEYS_TOKEN_KEY_H_
#define TOKENSVC_SIGNER_KEYS_TOKEN_KEY_H_

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tokensvc/fleetlog/fleet_log_values.h"
#include "tokensvc/fleetlog/fleet_state.h"
#include "tokensvc/pkcs11/hsm.h"

namespace tokensvc {

// A key of the schedule as it stands in the HSM, and its public half ready for use. Immutable.
class TokenKey {
 public:
  // InvalidArgument: the public key cannot be read.
  static absl::StatusOr<std::shared_ptr<const TokenKey>> Create(HsmKey key);
  ~TokenKey();

  const HsmKey& hsm_key() const { return key_; }
  absl::string_view alg() const;  // of JOSE: "RS256", "ES256"

  // Whether an RSA signature over the digest holds. A fault in an RSA computation can give the private key away to whoever
  // sees its result, so none leaves unchecked; ECDSA has no such fault, and is answered true.
  bool MayLeave(absl::string_view sha256, absl::string_view signature) const;

 private:
  struct PublicKey;
  TokenKey(HsmKey key, std::unique_ptr<PublicKey> public_key);
  const HsmKey key_;
  const std::unique_ptr<const PublicKey> public_key_;
};

// The keys that a signer holds, by (group, slot).
using TokenKeys = std::map<std::pair<std::string, std::string>, std::shared_ptr<const TokenKey>>;

// The key that signs for the organization now: of its group and algorithm, in state signing, the one that began last. Null:
// the schedule has none, or the signer does not hold it.
std::shared_ptr<const TokenKey> ChooseTokenKey(const FleetState& fleet, const TokenKeys& keys,
                                               const OrganizationIssuer& organization, absl::Time now);

// CKA_ID of a slot's key: "flyd-key/GROUP/SLOT".
std::string TokenKeyId(absl::string_view key_group, absl::string_view slot);

HsmKeyType KeyTypeFor(SigningAlgorithm algorithm);

}  // namespace tokensvc

#endif  // TOKENSVC_SIGNER_KEYS_TOKEN_KEY_H_
