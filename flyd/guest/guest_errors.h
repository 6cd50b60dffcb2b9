#ifndef FLYD_GUEST_GUEST_ERRORS_H_
#define FLYD_GUEST_GUEST_ERRORS_H_

#include "absl/status/status.h"
#include "tokensvc/http/http_message.h"

namespace flyd {

// What a machine is told of a refusal: the HTTP status of its code, a text that says what to do and nothing of the
// fleet's inside, `Retry-After` where trying again later helps. 401 tells nothing.
tokensvc::HttpResponse GuestError(const absl::Status& status);

}  // namespace flyd

#endif  // FLYD_GUEST_GUEST_ERRORS_H_
