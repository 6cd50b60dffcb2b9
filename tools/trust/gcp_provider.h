#ifndef TOOLS_TRUST_GCP_PROVIDER_H_
#define TOOLS_TRUST_GCP_PROVIDER_H_

#include <memory>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "tools/trust/trust_policy.h"

namespace tools {

// A provider of a Google Cloud workload identity pool, as `gcloud iam workload-identity-pools providers describe
// --format=json` prints it: oidc.issuerUri, oidc.allowedAudiences (none: the provider's own resource name, with or without
// https:), attributeCondition, attributeMapping. What a service account then lets the pool's identities do is not in it.
//
// InvalidArgument: a member of another type, or no issuer.
//
// Audit: no-subject, subject-early-wildcard, subject-shape, literal-wildcard, subject-other-organization,
// audience-unusual, no-mapping, not-judged, and those of AuditIssuer.
absl::StatusOr<std::unique_ptr<TrustPolicy>> ParseGcpProvider(const nlohmann::json& document);

}  // namespace tools

#endif  // TOOLS_TRUST_GCP_PROVIDER_H_
