#ifndef TOKENSVC_MACAROON_CHAIN_MACAROON_VERIFIER_H_
#define TOKENSVC_MACAROON_CHAIN_MACAROON_VERIFIER_H_

#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/secret_bytes.h"
#include "tokensvc/macaroon/caveats/caveat.h"
#include "tokensvc/macaroon/chain/macaroon.h"
#include "tokensvc/macaroon/chain/nonce.h"

namespace tokensvc::macaroon {

// Proof that the chain of a permission token holds under a root key. Only VerifyMacaroon and DischargeVerifier make
// one. It proves nothing about an access: that is ClearAccess.
class VerifiedMacaroon {
 public:
  const Nonce& nonce() const { return nonce_; }

  // What must hold for each access, and attestations of trusted third parties. Never a ThirdParty or
  // BindToParentToken.
  const std::vector<Caveat>& caveats() const { return caveats_; }

 private:
  friend absl::StatusOr<VerifiedMacaroon> VerifyMacaroon(Macaroon, const storage::SecretBytes&);
  friend class DischargeVerifier;
  VerifiedMacaroon(Nonce nonce, std::vector<Caveat> caveats) : nonce_(std::move(nonce)), caveats_(std::move(caveats)) {}
  Nonce nonce_;
  std::vector<Caveat> caveats_;
};

// Verifies a permission token that comes without discharges. `root_key` is the one that its KID names.
//
// Unauthenticated, for the audit log only:
//   * the tail is not the chain's last value (compared in constant time), or for a proof its finalisation;
//   * a ThirdParty caveat, which would need a discharge;
//   * a BindToParentToken, which has no parent here;
//   * an attestation in a token that is no proof.
absl::StatusOr<VerifiedMacaroon> VerifyMacaroon(Macaroon macaroon, const storage::SecretBytes& root_key);

}  // namespace tokensvc::macaroon

#endif  // TOKENSVC_MACAROON_CHAIN_MACAROON_VERIFIER_H_
