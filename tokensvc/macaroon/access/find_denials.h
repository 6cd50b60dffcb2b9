#ifndef TOKENSVC_MACAROON_ACCESS_FIND_DENIALS_H_
#define TOKENSVC_MACAROON_ACCESS_FIND_DENIALS_H_

#include <vector>

#include "absl/types/span.h"
#include "tokensvc/macaroon/access/access.h"
#include "tokensvc/macaroon/access/denial.h"
#include "tokensvc/macaroon/caveats/caveat.h"

namespace tokensvc::macaroon {

// Why `caveat` refuses `access`; empty if it does not. The rules are those of the public library, one function each.
std::vector<Denial> FindDenials(const Caveat& caveat, const Access& access);

// The same for a token's caveats, attestations passed over: they restrict nothing. Messages begin with
// `caveat N (Name): `.
std::vector<Denial> FindDenials(absl::Span<const Caveat> caveats, const Access& access);

}  // namespace tokensvc::macaroon

#endif  // TOKENSVC_MACAROON_ACCESS_FIND_DENIALS_H_
