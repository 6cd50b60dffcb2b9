#ifndef TOOLS_TRUST_PARSE_TRUST_POLICY_H_
#define TOOLS_TRUST_PARSE_TRUST_POLICY_H_

#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/trust/trust_policy.h"

namespace tools {

// Any of the four kinds, known by its members: Statement or Role (AWS), oidc (Google Cloud), issuer (Azure), bound_… or
// user_claim (Vault, also inside the `data` that `vault read -format=json` prints). `vault_issuer`: the mount's
// bound_issuer, which a role does not say; empty: unknown. InvalidArgument: none of them, or not well-formed.
absl::StatusOr<std::unique_ptr<TrustPolicy>> ParseTrustPolicy(absl::string_view text, absl::string_view vault_issuer);

}  // namespace tools

#endif  // TOOLS_TRUST_PARSE_TRUST_POLICY_H_
