#ifndef TOOLS_TRUST_AZURE_CREDENTIAL_H_
#define TOOLS_TRUST_AZURE_CREDENTIAL_H_

#include <memory>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "tools/trust/trust_policy.h"

namespace tools {

// A federated identity credential of Microsoft Entra: `issuer`, `subject` and one of `audiences` are compared exactly, case
// included; there is no wildcard. InvalidArgument: a member of another type, or no issuer or subject.
//
// Audit: azure-algorithm, azure-audiences, audience-unusual, azure-space, subject-shape, literal-wildcard, not-judged
// (claimsMatchingExpression), and those of AuditIssuer.
absl::StatusOr<std::unique_ptr<TrustPolicy>> ParseAzureCredential(const nlohmann::json& document);

}  // namespace tools

#endif  // TOOLS_TRUST_AZURE_CREDENTIAL_H_
