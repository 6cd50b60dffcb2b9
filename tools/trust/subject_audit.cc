#include "tools/trust/subject_audit.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "tools/trust/subject_reach.h"

namespace tools {
namespace {

void AuditReach(const SubjectTerm& term, const SubjectReach& reach, std::vector<Finding>& findings) {
  const std::string found = absl::StrCat(term.where, ": \"", term.pattern, "\"");
  if (reach.reach == Reach::kOpenOrganization) {
    findings.push_back({Severity::kDanger, "subject-early-wildcard",
                        absl::StrCat(found, " has its wildcard before the organization ends and leaves all to the issuer, "
                                            "want ORG:* or narrower")});
  } else if (reach.reach == Reach::kOpenApp) {
    const std::string also = reach.surprise.empty() ? "other apps" : absl::StrCat("\"", reach.surprise, "\"");
    findings.push_back({Severity::kDanger, "subject-early-wildcard",
                        absl::StrCat(found, " has its wildcard before the app ends and admits ", also,
                                     ", want ORG:APP:* or narrower")});
  } else if (reach.reach == Reach::kNobody) {
    findings.push_back({Severity::kWarning, "subject-shape",
                        absl::StrCat(found, " is no machine's subject, want ORG:APP:MACHINE or ORG:APP")});
  }
}

// host[:port][/path] after the scheme.
bool HasPort(absl::string_view issuer) {
  const size_t scheme = issuer.find("://");
  const absl::string_view rest = scheme == issuer.npos ? issuer : issuer.substr(scheme + 3);
  return absl::StrContains(rest.substr(0, rest.find('/')), ':');
}

}  // namespace

void AuditSubject(const SubjectTerm& term, const IssuerFacts* issuer, std::vector<Finding>& findings) {
  if (term.syntax == GlobSyntax::kNone && term.pattern.find_first_of("*?") != std::string::npos) {
    findings.push_back({Severity::kWarning, "literal-wildcard",
                        absl::StrCat(term.where, ": \"", term.pattern, "\" is compared as it stands and admits nobody, want ",
                                     term.like.empty() ? "one exact subject" : term.like)});
    return;
  }
  const SubjectReach reach = ReachOf(term.pattern, term.syntax);
  AuditReach(term, reach, findings);
  if (issuer != nullptr && !reach.organization.empty() && reach.organization != issuer->organization) {
    findings.push_back({Severity::kWarning, "subject-other-organization",
                        absl::StrCat(term.where, ": \"", term.pattern, "\" admits nobody, want ", issuer->organization,
                                     ":…: no other organization has the issuer ", issuer->issuer)});
  }
}

const IssuerFacts* AuditIssuer(absl::string_view where, absl::string_view issuer, absl::Span<const IssuerFacts> issuers,
                               std::vector<Finding>& findings) {
  if (absl::StartsWith(issuer, "http://")) {
    findings.push_back({Severity::kWarning, "http-issuer",
                        absl::StrCat(where, ": ", issuer, ", want https: no cloud takes another")});
  }
  if (HasPort(issuer)) {
    findings.push_back({Severity::kWarning, "issuer-port",
                        absl::StrCat(where, ": ", issuer, ", want no port: AWS takes none")});
  }
  const IssuerFacts* near = nullptr;
  for (const IssuerFacts& known : issuers) {
    if (known.issuer == issuer) return &known;
    if (absl::EqualsIgnoreCase(known.issuer, absl::StripSuffix(issuer, "/"))) near = &known;
  }
  findings.push_back({Severity::kWarning, "unknown-issuer",
                      near == nullptr
                          ? absl::StrCat(where, ": ", issuer, ", want the issuer of an organization of this fleet")
                          : absl::StrCat(where, ": ", issuer, ", want ", near->issuer, " to the byte")});
  return nullptr;
}

}  // namespace tools
