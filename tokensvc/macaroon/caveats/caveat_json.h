#ifndef TOKENSVC_MACAROON_CAVEATS_CAVEAT_JSON_H_
#define TOKENSVC_MACAROON_CAVEATS_CAVEAT_JSON_H_

#include <string>

#include "absl/types/span.h"
#include "tokensvc/macaroon/caveats/caveat.h"

namespace tokensvc::macaroon {

// Caveats for people, as the public library shows them: a JSON array of {"type": name, "body": …}, masks as action
// letters. Written, never read: the wire form is the only one that a decision rests on.
//
//   [{"body":{"id":4242,"mask":"rwcdC"},"type":"Organization"}]
//
// Two bodies differ from the public form: a type without a name has its number as type and base64 of its bytes as body,
// and GoogleUserID is a string of decimal digits, because it may exceed every JSON reader's numbers.
std::string CaveatsToJson(absl::Span<const Caveat> caveats);

}  // namespace tokensvc::macaroon

#endif  // TOKENSVC_MACAROON_CAVEATS_CAVEAT_JSON_H_
