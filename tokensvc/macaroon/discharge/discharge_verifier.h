#ifndef TOKENSVC_MACAROON_DISCHARGE_DISCHARGE_VERIFIER_H_
#define TOKENSVC_MACAROON_DISCHARGE_DISCHARGE_VERIFIER_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/secret_bytes.h"
#include "tokensvc/macaroon/chain/macaroon.h"
#include "tokensvc/macaroon/chain/macaroon_verifier.h"

namespace tokensvc::macaroon {

// The keys that an issuer shares with third parties, by location.
using ThirdPartyKeys = std::map<std::string, std::vector<storage::SecretBytes>>;

// One permission token and what came beside it in a header.
struct PermissionAndDischarges {
  Macaroon permission;
  std::vector<Macaroon> discharges;
};

// Sorts the tokens of ParseTokens by their location, which proves nothing: whatever decodes and is no permission token
// may be a discharge, the rest is dropped. Unauthenticated: no permission token of `location`, or several.
absl::StatusOr<PermissionAndDischarges> SortTokens(absl::Span<const std::string> tokens, absl::string_view location);

// Verifies permission tokens whose third-party caveats were discharged. For the control API: the guest gate takes no
// discharge and uses VerifyMacaroon. Thread-safe.
//
// Any key may discharge, since the caveat itself says which; attestations are kept only from discharges that a third
// party in `trusted` made with a key of its own. The chain of a token is checked before anything is unsealed for it.
class DischargeVerifier {
 public:
  explicit DischargeVerifier(ThirdPartyKeys trusted) : trusted_(std::move(trusted)) {}

  // The caveats of the token and of each discharge that was used. Unauthenticated, naming the caveat:
  //   * a chain that does not hold, of the token, or of every discharge of one of its third-party caveats;
  //   * a third-party caveat without a discharge, or one inside a discharge;
  //   * a discharge that is bound to another token; an attestation outside a proof.
  // An empty binding, which the public library takes for any token, is refused.
  absl::StatusOr<VerifiedMacaroon> Verify(const Macaroon& permission, const storage::SecretBytes& root_key,
                                          absl::Span<const Macaroon> discharges) const;

 private:
  absl::StatusOr<std::vector<Caveat>> Discharge(const ThirdParty& caveat, const storage::SecretBytes& tail_before,
                                                absl::Span<const Macaroon> discharges,
                                                absl::Span<const std::string> parent_digests) const;
  bool IsTrusted(const Macaroon& discharge, const storage::SecretBytes& discharge_key) const;

  ThirdPartyKeys trusted_;
};

}  // namespace tokensvc::macaroon

#endif  // TOKENSVC_MACAROON_DISCHARGE_DISCHARGE_VERIFIER_H_
