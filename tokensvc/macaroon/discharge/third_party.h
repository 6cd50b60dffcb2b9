#ifndef TOKENSVC_MACAROON_DISCHARGE_THIRD_PARTY_H_
#define TOKENSVC_MACAROON_DISCHARGE_THIRD_PARTY_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "storage/secret_bytes.h"
#include "tokensvc/macaroon/caveats/caveat.h"
#include "tokensvc/macaroon/chain/macaroon.h"

namespace tokensvc::macaroon {

// What an issuer tells a third party under the key that both share.
struct Ticket {
  storage::SecretBytes discharge_key;  // the root key of the discharge
  std::vector<Caveat> conditions;      // for the third party to check; they are not copied into the discharge
};

// The bytes of a ticket, sealed with `shared_key` (32 bytes, InvalidArgument).
absl::StatusOr<std::string> SealTicket(const storage::SecretBytes& shared_key, const Ticket& ticket);

// The reverse. Unauthenticated: sealed with another key, or altered. InvalidArgument: sealed with it and malformed.
absl::StatusOr<Ticket> OpenTicket(const storage::SecretBytes& shared_key, absl::string_view sealed_ticket);

// Adds a ThirdParty caveat with a fresh discharge key: from now on `macaroon` needs a discharge from `location`. The
// codes of Macaroon::Attenuate, and of SealTicket.
absl::Status RequireDischarge(Macaroon& macaroon, const storage::SecretBytes& shared_key, absl::string_view location,
                              absl::Span<const Caveat> conditions);

// The discharge of an opened ticket, a finalised proof: the third party has checked the conditions. `rnd` is 16 bytes
// that never repeat; `caveats` limit the discharge or attest who the user is. The codes of Macaroon::Mint.
absl::StatusOr<Macaroon> MintDischarge(const Ticket& ticket, absl::string_view sealed_ticket,
                                       absl::string_view location, absl::string_view rnd,
                                       absl::Span<const Caveat> caveats);

// The caveat that ties a discharge to `parent` and what is attenuated from it.
BindToParentToken BindTo(const Macaroon& parent);

}  // namespace tokensvc::macaroon

#endif  // TOKENSVC_MACAROON_DISCHARGE_THIRD_PARTY_H_
