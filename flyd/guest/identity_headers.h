#ifndef FLYD_GUEST_IDENTITY_HEADERS_H_
#define FLYD_GUEST_IDENTITY_HEADERS_H_

#include "absl/strings/string_view.h"

namespace flyd {

// True for a request header that says who asks: "Fly-…", "X-Fly-…", anything with "machine" in its name. A machine is known by
// its socket, so such a header is a mistake or an attack and never a hint. PID 1 lets them through, so that flyd refuses them
// and its ledger has them.
bool ClaimsIdentity(absl::string_view header_name);

}  // namespace flyd

#endif  // FLYD_GUEST_IDENTITY_HEADERS_H_
