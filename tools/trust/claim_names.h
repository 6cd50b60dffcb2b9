#ifndef TOOLS_TRUST_CLAIM_NAMES_H_
#define TOOLS_TRUST_CLAIM_NAMES_H_

#include <algorithm>
#include <iterator>

#include "absl/strings/string_view.h"

namespace tools {

// The claims of every token, in their order. Another claim is missing in all of them.
inline constexpr absl::string_view kTokenClaims[] = {
    "app_id", "app_name", "aud",          "exp",             "iat", "image",  "image_digest", "iss", "jti",
    "machine_id", "machine_name", "machine_version", "nbf", "org_id", "org_name", "region", "sub"};

inline bool IsTokenClaim(absl::string_view name) {
  return std::find(std::begin(kTokenClaims), std::end(kTokenClaims), name) != std::end(kTokenClaims);
}

}  // namespace tools

#endif  // TOOLS_TRUST_CLAIM_NAMES_H_
