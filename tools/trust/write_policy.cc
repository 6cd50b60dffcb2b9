#include "tools/trust/write_policy.h"

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "tools/trust/audiences.h"
#include "tools/trust/aws_key.h"

namespace tools {
namespace {

using nlohmann::ordered_json;

constexpr size_t kShortestGcpId = 4;
constexpr size_t kLongestGcpId = 32;

std::string ValueOr(const std::string& value, absl::string_view otherwise) {
  return value.empty() ? std::string(otherwise) : value;
}

std::string NameOf(const TrustRequest& request) { return ValueOr(request.name, HyphenName(request.scope)); }

// 4..32 of [a-z0-9-], not beginning with gcp-, which is reserved.
std::string GcpId(std::string name) {
  if (name.size() < kShortestGcpId || absl::StartsWith(name, "gcp-")) name = absl::StrCat("fly-", name);
  name = name.substr(0, kLongestGcpId);
  while (absl::EndsWith(name, "-")) name.pop_back();
  return name;
}

}  // namespace

std::string SubjectPattern(const TrustScope& scope) {
  switch (scope.scope) {
    case Scope::kOrganization: return absl::StrCat(scope.organization, ":*");
    case Scope::kApp: return absl::StrCat(scope.organization, ":", scope.app, ":*");
    case Scope::kMachine: break;
  }
  return absl::StrCat(scope.organization, ":", scope.app, ":", scope.machine);
}

ordered_json AwsPolicy(const TrustRequest& request) {
  const std::string provider = ProviderOf(request.issuer);
  const std::string aud = absl::StrCat(provider, ":aud"), sub = absl::StrCat(provider, ":sub");
  ordered_json condition = {{"StringEquals", {{aud, ValueOr(request.audience, kAwsAudience)}}}};
  if (request.scope.scope == Scope::kMachine) {
    condition["StringEquals"][sub] = SubjectPattern(request.scope);
  } else {
    condition["StringLike"] = {{sub, SubjectPattern(request.scope)}};
  }
  const std::string arn = absl::StrCat("arn:aws:iam::", request.account, ":oidc-provider/", provider);
  ordered_json statement = {{"Effect", "Allow"},
                            {"Principal", {{"Federated", arn}}},
                            {"Action", "sts:AssumeRoleWithWebIdentity"},
                            {"Condition", std::move(condition)}};
  return {{"Version", "2012-10-17"}, {"Statement", ordered_json::array({std::move(statement)})}};
}

std::string GcpConditionText(const TrustScope& scope) {
  std::string subject = SubjectPattern(scope);
  if (scope.scope == Scope::kMachine) return absl::StrCat("assertion.sub == '", subject, "'");
  subject.pop_back();  // the star
  return absl::StrCat("assertion.sub.startsWith('", subject, "')");
}

std::string GcpProviderName(const TrustRequest& request) {
  return absl::StrCat("projects/", request.project_number, "/locations/global/workloadIdentityPools/fly-machines/providers/",
                      GcpId(NameOf(request)));
}

ordered_json GcpProviderPolicy(const TrustRequest& request) {
  ordered_json oidc = {{"issuerUri", request.issuer}};
  if (!request.audience.empty()) oidc["allowedAudiences"] = ordered_json::array({request.audience});
  return {{"name", GcpProviderName(request)},
          {"attributeMapping",
           {{"google.subject", "assertion.sub"},
            {"attribute.org", "assertion.org_name"},
            {"attribute.app", "assertion.org_name + ':' + assertion.app_name"}}},
          {"attributeCondition", GcpConditionText(request.scope)},
          {"oidc", std::move(oidc)}};
}

absl::StatusOr<ordered_json> AzureCredentialPolicy(const TrustRequest& request) {
  std::string subject = SubjectPattern(request.scope);
  if (request.scope.scope == Scope::kOrganization) {
    return absl::InvalidArgumentError("scope: org, want app or machine: Azure compares sub exactly");
  }
  if (request.scope.scope == Scope::kApp) subject = std::string(absl::StripSuffix(subject, ":*"));
  return ordered_json{{"name", NameOf(request)},
                      {"issuer", request.issuer},
                      {"subject", subject},
                      {"audiences", ordered_json::array({ValueOr(request.audience, kAzureAudience)})}};
}

ordered_json VaultRolePolicy(const TrustRequest& request) {
  ordered_json role = {{"role_type", "jwt"},
                       {"user_claim", "sub"},
                       {"bound_audiences", ordered_json::array({ValueOr(request.audience, kVaultAudience)})}};
  if (request.scope.scope == Scope::kMachine) {
    role["bound_subject"] = SubjectPattern(request.scope);
  } else {
    role["bound_claims_type"] = "glob";
    role["bound_claims"] = {{"sub", SubjectPattern(request.scope)}};
  }
  role["token_policies"] = ordered_json::array({NameOf(request)});
  role["token_ttl"] = "10m";
  return role;
}

}  // namespace tools
