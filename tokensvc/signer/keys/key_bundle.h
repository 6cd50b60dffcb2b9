#ifndef TOKENSVC_SIGNER_KEYS_KEY_BUNDLE_H_
#define TOKENSVC_SIGNER_KEYS_KEY_BUNDLE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tokensvc/pkcs11/hsm.h"
#include "tokensvc/signer/fleet/fleet_view.h"
#include "tokensvc/signer/keys/token_key.h"

namespace tokensvc {

// Id of the key in the HSM that signs bundles: a P-256 key.
inline constexpr char kBundleKeyId[] = "flyd-bundle";

// A serialized SignedKeyBundle: the organizations of the fleet, and each key of the schedule that is held here and not
// removed by `now`. Unavailable: the HSM does not sign. FailedPrecondition: the fleet log holds no settings yet.
absl::StatusOr<std::string> MakeKeyBundle(const FleetSnapshot& fleet, const TokenKeys& keys, Hsm& hsm,
                                          const HsmKey& bundle_key, absl::Time now);

}  // namespace tokensvc

#endif  // TOKENSVC_SIGNER_KEYS_KEY_BUNDLE_H_
