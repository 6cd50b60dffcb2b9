#include "tokensvc/macaroon/chain/macaroon_verifier.h"

#include <string>
#include <variant>

#include "absl/strings/str_cat.h"
#include "tokensvc/macaroon/caveats/caveat_codec.h"
#include "tokensvc/macaroon/chain/mac_chain.h"

namespace tokensvc::macaroon {
namespace {

// Why `caveat` can never be part of a token that stands alone; empty if it can.
absl::string_view Objection(const Caveat& caveat, bool proof) {
  if (std::holds_alternative<ThirdParty>(caveat.body)) return "no discharge, want one";
  if (std::holds_alternative<BindToParentToken>(caveat.body)) return "no parent token, want one";
  if (IsAttestation(caveat) && !proof) return "not a proof, want one";
  return "";
}

}  // namespace

absl::StatusOr<VerifiedMacaroon> VerifyMacaroon(Macaroon macaroon, const storage::SecretBytes& root_key) {
  MacChain chain(root_key, EncodeNonce(macaroon.nonce_));
  for (const Caveat& caveat : macaroon.caveats_) chain.Add(EncodeCaveat(caveat));
  const std::string want = macaroon.nonce_.proof ? chain.FinalizedTail() : std::string(chain.tail());
  if (!storage::EqualInConstantTime(want, macaroon.tail_)) {
    return absl::UnauthenticatedError("macaroon: another tail, want the chain of its key");
  }
  for (size_t i = 0; i < macaroon.caveats_.size(); ++i) {
    const absl::string_view objection = Objection(macaroon.caveats_[i], macaroon.nonce_.proof);
    if (objection.empty()) continue;
    return absl::UnauthenticatedError(
        absl::StrCat("caveat ", i, " (", CaveatName(macaroon.caveats_[i]), "): ", objection));
  }
  return VerifiedMacaroon(std::move(macaroon.nonce_), std::move(macaroon.caveats_));
}

}  // namespace tokensvc::macaroon
