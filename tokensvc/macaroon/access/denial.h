#ifndef TOKENSVC_MACAROON_ACCESS_DENIAL_H_
#define TOKENSVC_MACAROON_ACCESS_DENIAL_H_

#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"

namespace tokensvc::macaroon {

// The error classes of the public library.
enum class DenialKind {
  kUnauthorized,                  // generic
  kInvalidAccess,                 // the access lacks what the caveat needs
  kResourceUnspecified,           // the caveat's resource is not in the access; the one kind that IfPresent passes over
  kResourcesMutuallyExclusive,    // the access names two siblings
  kBadCaveat,                     // malformed, unregistered, or never to be cleared
  kUnauthorizedForResource,
  kUnauthorizedForAction,
  kUnauthorizedForRole,
};

// One reason to refuse; `message` is `subject: found, want` without secrets.
struct Denial {
  DenialKind kind = DenialKind::kUnauthorized;
  std::string message;
};

// OK if there is none. InvalidArgument if all of them blame the access (kInvalidAccess, kResourceUnspecified,
// kResourcesMutuallyExclusive), else PermissionDenied; the message holds every one, joined by "; ".
absl::Status DenialStatus(absl::Span<const Denial> denials);

}  // namespace tokensvc::macaroon

#endif  // TOKENSVC_MACAROON_ACCESS_DENIAL_H_
