#ifndef TOOLS_TRUST_VAULT_ROLE_H_
#define TOOLS_TRUST_VAULT_ROLE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json.hpp"
#include "tools/trust/trust_policy.h"

namespace tools {

// A role of Vault's or OpenBao's JWT auth method, as written or as `vault read -format=json` prints it: bound_audiences
// (any), bound_subject (exact), bound_claims (each claim one of its values; with bound_claims_type "glob", `*` stands for
// any characters). The issuer is the mount's: `issuer`; empty: not known, and not judged.
//
// InvalidArgument: a member of another type, or a bound_claims_type that does not exist.
//
// Audit: no-subject, no-audience, audience-unusual, needless-like, issuer-unsaid, subject-early-wildcard, subject-shape,
// literal-wildcard, subject-other-organization, vault-algorithm, and those of AuditIssuer.
absl::StatusOr<std::unique_ptr<TrustPolicy>> ParseVaultRole(const nlohmann::json& document, absl::string_view issuer);

}  // namespace tools

#endif  // TOOLS_TRUST_VAULT_ROLE_H_
