#ifndef TOOLS_TRUST_SUBJECT_AUDIT_H_
#define TOOLS_TRUST_SUBJECT_AUDIT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tools/trust/finding.h"
#include "tools/trust/glob_match.h"
#include "tools/trust/trust_policy.h"

namespace tools {

// One value that a policy compares `sub` with.
struct SubjectTerm {
  std::string where;    // begins each message: "statement 1: sub"
  std::string pattern;
  GlobSyntax syntax = GlobSyntax::kNone;
  // How the policy's language says "like", where the term does not say it; empty where the language cannot.
  std::string like;
};

// subject-early-wildcard, subject-shape, literal-wildcard, subject-other-organization. `issuer`: whose tokens the policy
// is about; null where the policy does not say it or the fleet has none such.
void AuditSubject(const SubjectTerm& term, const IssuerFacts* issuer, std::vector<Finding>& findings);

// unknown-issuer, http-issuer, issuer-port: what a relying party on the internet makes of `issuer`. Answers the fleet's
// organization that has it, or null.
const IssuerFacts* AuditIssuer(absl::string_view where, absl::string_view issuer, absl::Span<const IssuerFacts> issuers,
                               std::vector<Finding>& findings);

}  // namespace tools

#endif  // TOOLS_TRUST_SUBJECT_AUDIT_H_
