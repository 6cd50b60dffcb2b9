#ifndef TOOLS_TRUST_AWS_AUDIT_H_
#define TOOLS_TRUST_AWS_AUDIT_H_

#include <vector>

#include "absl/types/span.h"
#include "tools/trust/aws_document.h"
#include "tools/trust/finding.h"
#include "tools/trust/trust_policy.h"

namespace tools {

// What an auditor says of a role's trust policy: no-subject, subject-early-wildcard, subject-shape,
// subject-other-organization, literal-wildcard, needless-like, no-audience, audience-wildcard, audience-unusual,
// vacuous-condition, other-provider, unusable-key, any-principal, broad-action, no-web-identity, not-judged, and those of
// AuditIssuer. Deny statements are only searched for what cannot be judged.
std::vector<Finding> AuditAws(absl::Span<const AwsStatement> statements, absl::Span<const IssuerFacts> issuers);

}  // namespace tools

#endif  // TOOLS_TRUST_AWS_AUDIT_H_
