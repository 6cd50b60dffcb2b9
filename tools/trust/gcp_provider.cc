#include "tools/trust/gcp_provider.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/trust/gcp_condition.h"
#include "tools/trust/parse_document.h"
#include "tools/trust/subject_audit.h"

namespace tools {
namespace {

using nlohmann::json;

struct Provider {
  std::string issuer;
  std::vector<std::string> audiences;  // what a token may have
  bool own_audience = false;           // they are the provider's own name
  std::string condition_text;
  std::optional<GcpCondition> condition;  // of condition_text, where it is judged
  std::map<std::string, std::string> mapping;
};

class GcpProvider final : public TrustPolicy {
 public:
  explicit GcpProvider(Provider provider) : provider_(std::move(provider)) {}

  absl::string_view kind() const override { return "gcp"; }

  std::vector<std::string> Audiences() const override { return provider_.audiences; }

  Verdict Judge(const TokenFacts& token) const override {
    const auto differs = [&](const char* claim, const std::string& want) {
      return Verdict{Truth::kFalse, absl::StrCat(claim, " \"", token.claims.at(claim), "\", want \"", want, "\"")};
    };
    if (token.claims.at("iss") != provider_.issuer) return differs("iss", provider_.issuer);
    const auto& audiences = provider_.audiences;
    if (std::find(audiences.begin(), audiences.end(), token.claims.at("aud")) == audiences.end()) {
      return differs("aud", absl::StrJoin(audiences, "\" or \""));
    }
    if (provider_.condition_text.empty()) return {Truth::kTrue, "the provider has no attribute condition"};
    const Truth holds = provider_.condition.has_value() ? provider_.condition->Judge(token.claims) : Truth::kUnknown;
    if (holds == Truth::kUnknown) return {holds, "the attribute condition is not judged"};
    return {holds, holds == Truth::kTrue ? "the attribute condition holds"
                                         : absl::StrCat("sub \"", token.claims.at("sub"), "\": the attribute condition does not hold")};
  }

  std::vector<Finding> Audit(absl::Span<const IssuerFacts> issuers) const override {
    std::vector<Finding> findings;
    const IssuerFacts* issuer = AuditIssuer("oidc.issuerUri", provider_.issuer, issuers, findings);
    if (!provider_.own_audience) {
      findings.push_back({Severity::kWarning, "audience-unusual",
                          absl::StrCat("oidc.allowedAudiences: \"", absl::StrJoin(provider_.audiences, "\", \""),
                                       "\", want none: the token file of GOOGLE_WORKLOAD_IDENTITY_PROVIDER has the provider's own")});
    }
    const auto mapped = provider_.mapping.find("google.subject");
    if (mapped == provider_.mapping.end() || mapped->second != "assertion.sub") {
      findings.push_back({Severity::kWarning, "no-mapping",
                          absl::StrCat("attributeMapping: google.subject is ",
                                       mapped == provider_.mapping.end() ? "missing" : mapped->second,
                                       ", want assertion.sub: service accounts are bound by it")});
    }
    AuditCondition(issuer, findings);
    return findings;
  }

 private:
  void AuditCondition(const IssuerFacts* issuer, std::vector<Finding>& findings) const {
    if (!provider_.condition_text.empty() && !provider_.condition.has_value()) {
      findings.push_back({Severity::kWarning, "not-judged",
                          absl::StrCat("attributeCondition: ", provider_.condition_text,
                                       ": not judged, want ==, !=, in, startsWith on assertion.CLAIM")});
      return;
    }
    const GcpCondition::SubjectBound bound =
        provider_.condition.has_value() ? provider_.condition->BoundOfSubject() : GcpCondition::SubjectBound();
    if (!bound.bounded) {
      findings.push_back({Severity::kDanger, "no-subject",
                          "attributeCondition: nothing bounds sub, want assertion.sub.startsWith('ORG:APP:'): every machine "
                          "of the organization is admitted to the pool"});
    }
    for (const auto& pattern : bound.patterns) {
      AuditSubject({"attributeCondition: sub", pattern.text, pattern.syntax, "startsWith without a star"}, issuer, findings);
    }
  }

  const Provider provider_;
};

absl::StatusOr<std::map<std::string, std::string>> ReadMapping(const json& document) {
  std::map<std::string, std::string> mapping;
  const auto member = document.find("attributeMapping");
  if (member == document.end() || member->is_null()) return mapping;
  for (const auto& [name, value] : member->items()) {
    if (!value.is_string()) {
      return absl::InvalidArgumentError(absl::StrCat("attributeMapping: ", name, ": ", value.type_name(), ", want a string"));
    }
    mapping[name] = value.get<std::string>();
  }
  return mapping;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TrustPolicy>> ParseGcpProvider(const json& document) {
  const auto oidc = document.find("oidc");
  if (oidc == document.end() || !oidc->is_object()) return absl::InvalidArgumentError("oidc: missing, want an object");
  const absl::StatusOr<std::string> issuer = MemberString(*oidc, "issuerUri");
  const absl::StatusOr<std::vector<std::string>> audiences = MemberStrings(*oidc, "allowedAudiences");
  const absl::StatusOr<std::string> name = MemberString(document, "name");
  const absl::StatusOr<std::string> condition = MemberString(document, "attributeCondition");
  const absl::StatusOr<std::map<std::string, std::string>> mapping = ReadMapping(document);
  for (const absl::Status& status :
       {issuer.status(), audiences.status(), name.status(), condition.status(), mapping.status()}) {
    if (!status.ok()) return status;
  }
  if (issuer->empty()) return absl::InvalidArgumentError("oidc.issuerUri: missing, want the issuer of an organization");
  Provider provider = {*issuer, *audiences, audiences->empty(), *condition, std::nullopt, *mapping};
  if (provider.own_audience) {
    const std::string own = absl::StrCat("//iam.googleapis.com/", *name);
    provider.audiences = {absl::StrCat("https:", own), own};
  }
  if (!condition->empty()) provider.condition = GcpCondition::Parse(*condition, *mapping);
  return std::make_unique<GcpProvider>(std::move(provider));
}

}  // namespace tools
