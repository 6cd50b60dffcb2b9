#ifndef TOKENSVC_MACAROON_ACCESS_CLEAR_ACCESS_H_
#define TOKENSVC_MACAROON_ACCESS_CLEAR_ACCESS_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tokensvc/macaroon/access/access.h"
#include "tokensvc/macaroon/chain/macaroon_verifier.h"

namespace tokensvc::macaroon {

// Does the token allow the access? Every caveat is asked and every refusal reported, with the codes of DenialStatus;
// an access that is wrong in itself is refused before any caveat is asked.
//
// A token without caveats allows everything, so RequireOrganization comes first.
absl::Status ClearAccess(const VerifiedMacaroon& macaroon, const Access& access);

// The organization that the token is confined to. PermissionDenied: it has no Organization caveat, only ones for any
// organization, or ones for different organizations.
absl::StatusOr<uint64_t> RequireOrganization(const VerifiedMacaroon& macaroon);

}  // namespace tokensvc::macaroon

#endif  // TOKENSVC_MACAROON_ACCESS_CLEAR_ACCESS_H_
