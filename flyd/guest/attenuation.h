#ifndef FLYD_GUEST_ATTENUATION_H_
#define FLYD_GUEST_ATTENUATION_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "tokensvc/macaroon/caveats/caveat.h"

// POST /v1/tokens/attenuate: a weaker copy of the Macaroon that was presented.
namespace flyd {

// The body: a JSON object with at least one of
//   "features"            a list of "oidc" and "metadata", not empty: nothing else is allowed any more
//   "actions"             letters of "rwcdC": nothing else is allowed any more
//   "expires_in_seconds"  1..86,400
// as caveats. InvalidArgument `field: found, want`.
absl::StatusOr<std::vector<tokensvc::macaroon::Caveat>> ParseAttenuation(absl::string_view body, absl::Time now);

// The Authorization value with the caveats added. `authorization` is one that was cleared; no key is needed.
// InvalidArgument: the result would be too long.
absl::StatusOr<std::string> Attenuated(absl::string_view authorization,
                                       const std::vector<tokensvc::macaroon::Caveat>& caveats);

}  // namespace flyd

#endif  // FLYD_GUEST_ATTENUATION_H_
