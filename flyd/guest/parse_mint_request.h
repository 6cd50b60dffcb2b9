#ifndef FLYD_GUEST_PARSE_MINT_REQUEST_H_
#define FLYD_GUEST_PARSE_MINT_REQUEST_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace flyd {

// What a machine may say of the token that it asks for.
struct GuestMintRequest {
  std::string audience;      // empty: the placement's default
  std::string aws_role_arn;  // empty: none
  bool aws_principal_tags = false;
};

// The body of POST /v1/tokens/oidc: JSON whatever its Content-Type; empty and {} ask for the default. An empty `aud` is
// an absent one (fly-wire-facts, 5.5). InvalidArgument `field: found, want`: not an object, a member twice or unknown
// (a machine cannot name another one here), a value of another type, an audience out of its bounds.
absl::StatusOr<GuestMintRequest> ParseMintRequest(absl::string_view body);

}  // namespace flyd

#endif  // FLYD_GUEST_PARSE_MINT_REQUEST_H_
