#include "tools/trust/aws_audit.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/trust/audiences.h"
#include "tools/trust/aws_key.h"
#include "tools/trust/subject_audit.h"

namespace tools {
namespace {

using Comparison = AwsCondition::Comparison;

// One Allow statement under audit.
class StatementAudit {
 public:
  StatementAudit(const AwsStatement& statement, absl::Span<const IssuerFacts> issuers, std::vector<Finding>& findings)
      : statement_(statement), issuers_(issuers), findings_(findings) {}

  void Run() {
    AuditPrincipal();
    for (const std::string& action : statement_.actions) {
      if (absl::StrContains(action, '*') || absl::StrContains(action, '?')) {
        Warn("broad-action", absl::StrCat("Action: ", action, ", want sts:AssumeRoleWithWebIdentity"));
      }
    }
    for (const AwsCondition& condition : statement_.conditions) AuditKey(condition);
    AuditSubjects();
    AuditAudiences();
  }

 private:
  void Warn(const char* code, const std::string& message) {
    findings_.push_back({Severity::kWarning, code, absl::StrCat(statement_.name, ": ", message)});
  }
  void Danger(const char* code, const std::string& message) {
    findings_.push_back({Severity::kDanger, code, absl::StrCat(statement_.name, ": ", message)});
  }

  void AuditPrincipal() {
    if (statement_.any_principal) {
      Danger("any-principal", "Principal: \"*\", want the ARN of one OIDC provider: anyone's issuer is trusted");
    }
    for (const std::string& provider : statement_.providers) {
      const auto known = std::find_if(issuers_.begin(), issuers_.end(),
                                      [&](const IssuerFacts& i) { return ProviderOf(i.issuer) == provider; });
      const std::string issuer = known == issuers_.end() ? absl::StrCat("https://", provider) : known->issuer;
      issuer_ = AuditIssuer(absl::StrCat(statement_.name, ": Principal"), issuer, issuers_, findings_);
    }
  }

  void AuditKey(const AwsCondition& condition) {
    const AwsKey key = SplitAwsKey(condition.key);
    const auto& providers = statement_.providers;
    const bool ours = std::any_of(providers.begin(), providers.end(),
                                  [&](const std::string& p) { return absl::EqualsIgnoreCase(p, key.provider); });
    if (key.provider.empty()) {
      Warn("not-judged", absl::StrCat(condition.key, ": depends on the request, is not judged"));
    } else if (!ours && !statement_.any_principal) {
      Warn("other-provider", absl::StrCat(condition.key, ": not in a request of the statement's provider, want ",
                                          absl::StrJoin(providers, " or "), ":", key.claim));
    } else if (key.claim != "sub" && key.claim != "aud") {
      Warn("unusable-key", absl::StrCat(condition.key, ": AWS fills only sub and aud of such an issuer, want one of them"));
    }
    if (condition.comparison == Comparison::kOther) {
      Warn("not-judged", absl::StrCat(condition.text, ": an operator that is not judged, want one of the String operators"));
    }
    const bool variable = std::any_of(condition.values.begin(), condition.values.end(),
                                      [](const std::string& value) { return absl::StrContains(value, "${"); });
    if (variable) Warn("not-judged", absl::StrCat(condition.key, ": a policy variable, is not judged"));
    if (condition.set == AwsCondition::Set::kForAllValues || condition.if_exists) {
      Danger("vacuous-condition", absl::StrCat(condition.text, " ", condition.key,
                                               ": also true where the key is missing, want the operator without ",
                                               condition.if_exists ? "IfExists" : "ForAllValues"));
    }
  }

  // What bounds the claim: operators that can only narrow.
  std::vector<const AwsCondition*> Positive(absl::string_view claim) const {
    std::vector<const AwsCondition*> all;
    for (const AwsCondition& condition : statement_.conditions) {
      const bool compares = condition.comparison == Comparison::kEquals || condition.comparison == Comparison::kLike ||
                            condition.comparison == Comparison::kEqualsIgnoreCase;
      if (compares && !condition.negated && SplitAwsKey(condition.key).claim == claim) all.push_back(&condition);
    }
    return all;
  }

  void AuditSubjects() {
    const std::vector<const AwsCondition*> bounds = Positive("sub");
    if (bounds.empty()) {
      Danger("no-subject", "Condition: nothing bounds sub, want StringEquals or StringLike on PROVIDER:sub: every machine "
                           "of the organization is admitted");
    }
    std::vector<Finding> said;
    bool bounded = false;
    for (const AwsCondition* condition : bounds) {
      const size_t before = said.size();
      for (const std::string& value : condition->values) AuditSubjectValue(*condition, value, said);
      bounded |= std::none_of(said.begin() + before, said.end(), IsDanger);
    }
    // Conditions must all hold: one that bounds makes up for a wider one beside it.
    if (bounded) said.erase(std::remove_if(said.begin(), said.end(), IsDanger), said.end());
    findings_.insert(findings_.end(), said.begin(), said.end());
  }

  static bool IsDanger(const Finding& finding) { return finding.severity == Severity::kDanger; }

  void AuditSubjectValue(const AwsCondition& condition, const std::string& value, std::vector<Finding>& said) {
    if (absl::StrContains(value, "${")) return;
    const bool like = condition.comparison == Comparison::kLike;
    AuditSubject({.where = absl::StrCat(statement_.name, ": sub"),
                  .pattern = value,
                  .syntax = like ? GlobSyntax::kStarAndQuestion : GlobSyntax::kNone,
                  .like = "StringLike"},
                 issuer_, said);
    AuditLike(condition, value);
  }

  void AuditLike(const AwsCondition& condition, const std::string& value) {
    if (condition.comparison != Comparison::kLike || FirstWildcard(value, GlobSyntax::kStarAndQuestion) != value.npos) return;
    Warn("needless-like", absl::StrCat(condition.text, " \"", value, "\": no wildcard, want StringEquals"));
  }

  void AuditAudiences() {
    const std::vector<const AwsCondition*> bounds = Positive("aud");
    if (bounds.empty()) {
      Warn("no-audience", absl::StrCat("Condition: nothing about aud, want StringEquals PROVIDER:aud \"", kAwsAudience,
                                       "\": tokens for every client id of the provider are admitted"));
    }
    for (const AwsCondition* condition : bounds) {
      for (const std::string& value : condition->values) AuditAudience(*condition, value);
    }
  }

  void AuditAudience(const AwsCondition& condition, const std::string& value) {
    AuditLike(condition, value);
    const bool like = condition.comparison == Comparison::kLike;
    if (like && FirstWildcard(value, GlobSyntax::kStarAndQuestion) != value.npos) {
      Danger("audience-wildcard", absl::StrCat("aud: \"", value, "\", want \"", kAwsAudience,
                                               "\": a token meant for another party is admitted"));
    } else if (value != kAwsAudience) {
      Warn("audience-unusual", absl::StrCat("aud: \"", value, "\", want \"", kAwsAudience,
                                            "\": the token file of AWS_ROLE_ARN has that one"));
    }
  }

  const AwsStatement& statement_;
  const absl::Span<const IssuerFacts> issuers_;
  std::vector<Finding>& findings_;
  const IssuerFacts* issuer_ = nullptr;  // of the statement's last provider, where the fleet has it
};

}  // namespace

std::vector<Finding> AuditAws(absl::Span<const AwsStatement> statements, absl::Span<const IssuerFacts> issuers) {
  std::vector<Finding> findings;
  bool any = false;
  for (const AwsStatement& statement : statements) {
    if (!statement.not_judged.empty()) {
      findings.push_back({Severity::kWarning, "not-judged",
                          absl::StrCat(statement.name, ": ", absl::StrJoin(statement.not_judged, ", "),
                                       ": not judged, want Effect, Principal, Action and Condition")});
    }
    if (!statement.allow || !AllowsWebIdentity(statement)) continue;
    any = true;
    StatementAudit(statement, issuers, findings).Run();
  }
  if (!any) {
    findings.push_back({Severity::kWarning, "no-web-identity",
                        "policy: no statement allows sts:AssumeRoleWithWebIdentity, want one"});
  }
  return findings;
}

}  // namespace tools
