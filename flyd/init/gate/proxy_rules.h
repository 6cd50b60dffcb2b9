#ifndef FLYD_INIT_GATE_PROXY_RULES_H_
#define FLYD_INIT_GATE_PROXY_RULES_H_

#include "absl/strings/string_view.h"

// What passes between the workload and flyd through /.fly/api. Pure functions.
namespace flyd {

// True for the method of a route that the workload may use.
bool MayPassMethod(absl::string_view method);

// True for an origin-form target below /v1/ that flyd cannot read as another route: no "..", no empty or encoded
// segment, no control character. POST /boot is PID 1's alone.
bool MayPassTarget(absl::string_view target);

// True for the route whose answer is a Macaroon: PID 1 may have one, the workload may not (docs/decisions.md).
bool HandsOutMacaroons(absl::string_view target);

// True for the few request headers that say how to answer, and for those that claim to be some machine: flyd refuses these, and
// its ledger says so. All others stay behind, the caller's own Authorization first of all.
bool MayPassRequestHeader(absl::string_view name);
bool MayPassAnswerHeader(absl::string_view name);

// True if `text` holds the Macaroon's proof, its last 32 characters, also where it was JSON- or percent-encoded. A
// Macaroon without them allows nothing; one that was attenuated has others.
bool CarriesCredential(absl::string_view text, absl::string_view macaroon);

}  // namespace flyd

#endif  // FLYD_INIT_GATE_PROXY_RULES_H_
