#ifndef TOKENSVC_MACAROON_CHAIN_MACAROON_H_
#define TOKENSVC_MACAROON_CHAIN_MACAROON_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/secret_bytes.h"
#include "tokensvc/macaroon/caveats/caveat.h"
#include "tokensvc/macaroon/chain/nonce.h"

namespace tokensvc::macaroon {

// Where permission tokens say they are from.
inline constexpr absl::string_view kPermissionLocation = "https://api.fly.io/v1";

// One token, made here or taken from the wire, of which nothing was verified: VerifyMacaroon turns it into evidence.
// Invariant: every caveat is in canonical form and within macaroon_limits.h, and a proof is finalised.
//
// Whoever holds one can use it: it never enters a log; name it by NonceUuid(nonce()).
// A value; const methods are thread-safe.
class Macaroon {
 public:
  // A token of `nonce` under `root_key`, whose chain covers `caveats` in this order, equal ones once. If nonce.proof is
  // set the tail is finalised at once. InvalidArgument, naming the caveat: one that could not be decoded again, an
  // attestation in a token that is no proof, or a second ThirdParty of one location.
  static absl::StatusOr<Macaroon> Mint(const storage::SecretBytes& root_key, Nonce nonce, std::string location,
                                       absl::Span<const Caveat> caveats);

  // The binary form, canonical and bounded by kMaxMacaroonBytes. InvalidArgument, naming the byte at fault.
  static absl::StatusOr<Macaroon> Decode(absl::string_view bytes);

  std::string Encode() const;

  // Appends caveats, as Mint does: needs no key and can only weaken. Those that the token has already are dropped.
  // FailedPrecondition: a proof takes none. After any error the token is unchanged.
  absl::Status Attenuate(absl::Span<const Caveat> caveats);

  const Nonce& nonce() const { return nonce_; }

  // Not covered by the chain: says which tokens to try as permission tokens, and nothing more.
  const std::string& unverified_location() const { return location_; }
  const std::vector<Caveat>& unverified_caveats() const { return caveats_; }

  // The last value of the chain, or its finalisation. Who has it can attenuate.
  const std::string& tail() const { return tail_; }

 private:
  friend absl::StatusOr<class VerifiedMacaroon> VerifyMacaroon(Macaroon, const storage::SecretBytes&);
  Macaroon(Nonce nonce, std::string location, std::vector<Caveat> caveats, std::string tail)
      : nonce_(std::move(nonce)),
        location_(std::move(location)),
        caveats_(std::move(caveats)),
        tail_(std::move(tail)) {}

  // Attenuate without the refusal of proofs.
  absl::Status Append(absl::Span<const Caveat> caveats);

  Nonce nonce_;
  std::string location_;
  std::vector<Caveat> caveats_;
  std::string tail_;  // kTailBytes
};

}  // namespace tokensvc::macaroon

#endif  // TOKENSVC_MACAROON_CHAIN_MACAROON_H_
