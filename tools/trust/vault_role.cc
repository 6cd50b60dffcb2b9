#include "tools/trust/vault_role.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tools/trust/audiences.h"
#include "tools/trust/claim_names.h"
#include "tools/trust/parse_document.h"
#include "tools/trust/subject_audit.h"

namespace tools {
namespace {

struct Role {
  std::string issuer;
  std::string subject;
  std::vector<std::string> audiences;
  std::map<std::string, std::vector<std::string>> claims;
  GlobSyntax syntax = GlobSyntax::kNone;
};

class VaultRole final : public TrustPolicy {
 public:
  explicit VaultRole(Role role) : role_(std::move(role)) {}

  absl::string_view kind() const override { return "vault"; }

  std::vector<std::string> Audiences() const override {
    std::vector<std::string> all = role_.audiences;
    all.push_back(std::string(kVaultAudience));
    return all;
  }

  Verdict Judge(const TokenFacts& token) const override {
    const auto differs = [&](const std::string& claim, const std::vector<std::string>& want) {
      return Verdict{Truth::kFalse, absl::StrCat(claim, " \"", token.claims.at(claim), "\", want \"",
                                                 absl::StrJoin(want, "\" or \""), "\"")};
    };
    if (!role_.issuer.empty() && token.claims.at("iss") != role_.issuer) return differs("iss", {role_.issuer});
    if (!role_.subject.empty() && token.claims.at("sub") != role_.subject) return differs("sub", {role_.subject});
    const auto& audiences = role_.audiences;
    if (!audiences.empty() && std::find(audiences.begin(), audiences.end(), token.claims.at("aud")) == audiences.end()) {
      return differs("aud", audiences);
    }
    Verdict verdict = {Truth::kTrue, "what the role binds is the token's"};
    for (const auto& [claim, values] : role_.claims) {
      const auto value = token.claims.find(claim);
      if (value == token.claims.end()) {
        if (!IsTokenClaim(claim)) return {Truth::kFalse, absl::StrCat("claim ", claim, " is in no token")};
        verdict = {Truth::kUnknown, absl::StrCat("claim ", claim, " is known only in a token")};
      } else if (std::none_of(values.begin(), values.end(),
                              [&](const std::string& want) { return MatchesGlob(want, value->second, role_.syntax); })) {
        return differs(claim, values);
      }
    }
    return verdict;
  }

  std::vector<Finding> Audit(absl::Span<const IssuerFacts> issuers) const override {
    std::vector<Finding> findings;
    const IssuerFacts* issuer = nullptr;
    if (role_.issuer.empty()) {
      findings.push_back({Severity::kWarning, "issuer-unsaid",
                          "issuer: a role does not say it, want --issuer with the mount's bound_issuer"});
    } else {
      issuer = AuditIssuer("issuer", role_.issuer, issuers, findings);
    }
    if (issuer != nullptr && issuer->es256) {
      findings.push_back({Severity::kWarning, "vault-algorithm",
                          absl::StrCat("issuer: ", issuer->issuer, " signs with ES256, want jwt_supported_algs=ES256 in the "
                                       "mount's configuration: Vault's default is RS256 alone")});
    }
    AuditBounds(issuer, findings);
    AuditAudiences(findings);
    return findings;
  }

 private:
  void AuditBounds(const IssuerFacts* issuer, std::vector<Finding>& findings) const {
    const auto sub = role_.claims.find("sub");
    if (role_.subject.empty() && sub == role_.claims.end() && !role_.claims.contains("app_name") &&
        !role_.claims.contains("app_id")) {
      findings.push_back({Severity::kDanger, "no-subject",
                          "bound_claims: nothing bounds sub, want sub: every machine of the organization is admitted"});
    }
    if (!role_.subject.empty()) {
      AuditSubject({"bound_subject", role_.subject, GlobSyntax::kNone, "bound_claims with bound_claims_type glob"}, issuer,
                   findings);
    }
    if (sub != role_.claims.end()) {
      for (const std::string& pattern : sub->second) {
        AuditSubject({"bound_claims: sub", pattern, role_.syntax, "bound_claims_type glob"}, issuer, findings);
      }
    }
    const bool any_star = std::any_of(role_.claims.begin(), role_.claims.end(), [](const auto& claim) {
      return std::any_of(claim.second.begin(), claim.second.end(),
                         [](const std::string& value) { return absl::StrContains(value, '*'); });
    });
    if (role_.syntax == GlobSyntax::kStar && !any_star) {
      findings.push_back({Severity::kWarning, "needless-like", "bound_claims_type: glob without a star, want string"});
    }
  }

  void AuditAudiences(std::vector<Finding>& findings) const {
    if (role_.audiences.empty()) {
      findings.push_back({Severity::kDanger, "no-audience",
                          "bound_audiences: none, want one: a token meant for another party is admitted"});
    }
    for (const std::string& audience : role_.audiences) {
      for (const absl::string_view cloud : {kAwsAudience, kAzureAudience}) {
        if (audience != cloud) continue;
        findings.push_back({Severity::kWarning, "audience-unusual",
                            absl::StrCat("bound_audiences: \"", audience, "\" is another cloud's, want one of Vault's own")});
      }
    }
  }

  const Role role_;
};

// "a,b" too: Vault takes lists as text.
std::vector<std::string> SplitList(const std::vector<std::string>& values) {
  if (values.size() != 1) return values;
  return absl::StrSplit(values[0], ',', absl::SkipWhitespace());
}

absl::Status ReadClaims(const nlohmann::json& document, Role& role) {
  const auto claims = document.find("bound_claims");
  if (claims == document.end() || claims->is_null()) return absl::OkStatus();
  if (!claims->is_object()) {
    return absl::InvalidArgumentError(absl::StrCat("bound_claims: ", claims->type_name(), ", want an object"));
  }
  for (const auto& [name, value] : claims->items()) {
    absl::StatusOr<std::vector<std::string>> values = StringOrStrings(absl::StrCat("bound_claims: ", name), value);
    if (!values.ok()) return values.status();
    // "/sub", a JSON pointer, names the same claim.
    role.claims[std::string(absl::StripPrefix(name, "/"))] = *std::move(values);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<TrustPolicy>> ParseVaultRole(const nlohmann::json& document, absl::string_view issuer) {
  const absl::StatusOr<std::string> subject = MemberString(document, "bound_subject");
  const absl::StatusOr<std::vector<std::string>> audiences = MemberStrings(document, "bound_audiences");
  const absl::StatusOr<std::string> type = MemberString(document, "bound_claims_type");
  for (const absl::Status& status : {subject.status(), audiences.status(), type.status()}) {
    if (!status.ok()) return status;
  }
  if (*type != "" && *type != "string" && *type != "glob") {
    return absl::InvalidArgumentError(absl::StrCat("bound_claims_type: ", *type, ", want string or glob"));
  }
  Role role = {std::string(issuer), *subject, SplitList(*audiences), {}, *type == "glob" ? GlobSyntax::kStar : GlobSyntax::kNone};
  if (absl::Status read = ReadClaims(document, role); !read.ok()) return read;
  return std::make_unique<VaultRole>(std::move(role));
}

}  // namespace tools
