#include "tools/trust/parse_trust_policy.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tools/trust/check_machines.h"

namespace tools {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;

constexpr char kIssuer[] = "https://oidc.example.com/acme";
const std::vector<IssuerFacts> kIssuers = {{"acme", kIssuer}, {"curve", "https://oidc.example.com/curve", true}};

std::unique_ptr<TrustPolicy> Parse(const std::string& text, const std::string& vault_issuer = kIssuer) {
  auto policy = ParseTrustPolicy(text, vault_issuer);
  EXPECT_THAT(policy.status(), tests::IsOk()) << text;
  return *std::move(policy);
}

std::vector<std::string> Said(const TrustPolicy& policy) {
  std::vector<std::string> said;
  for (const Finding& finding : policy.Audit(kIssuers)) {
    said.push_back(absl::StrCat(finding.severity == Severity::kDanger ? "danger " : "warning ", finding.code));
  }
  return said;
}

MachineFacts Machine(const std::string& app, const std::string& name, bool app_subject = false) {
  return {.organization = "acme", .issuer = kIssuer, .app = app, .machine = name, .app_subject = app_subject, .any_audience = true};
}

// Every policy is tried against the same machines; the row says which it admits and what an audit says.
struct Row {
  const char* name;
  std::string text;
  const char* kind;
  Truth web;        // acme:web:m1
  Truth web_app;    // acme:web
  Truth web2;       // acme:web2:m1
  std::vector<std::string> said;
};
constexpr Truth kYes = Truth::kTrue;
constexpr Truth kNo = Truth::kFalse;
constexpr Truth kMaybe = Truth::kUnknown;

class TrustPolicyTest : public testing::TestWithParam<Row> {};

TEST_P(TrustPolicyTest, JudgesAndAudits) {
  const std::unique_ptr<TrustPolicy> policy = Parse(GetParam().text);
  EXPECT_EQ(policy->kind(), GetParam().kind);
  const auto judge = [&](const MachineFacts& machine) { return CheckMachine(*policy, machine).verdict; };
  EXPECT_EQ(judge(Machine("web", "m1")).admitted, GetParam().web) << judge(Machine("web", "m1")).why;
  EXPECT_EQ(judge(Machine("web", "m1", true)).admitted, GetParam().web_app) << judge(Machine("web", "m1", true)).why;
  EXPECT_EQ(judge(Machine("web2", "m1")).admitted, GetParam().web2) << judge(Machine("web2", "m1")).why;
  EXPECT_THAT(Said(*policy), ElementsAreArray(GetParam().said));
}

std::string Azure(const std::string& subject, const std::string& audience = "api://AzureADTokenExchange",
                  const std::string& issuer = kIssuer) {
  return absl::StrCat(R"({"name": "n", "issuer": ")", issuer, R"(", "subject": ")", subject, R"(", "audiences": [")", audience, R"("]})");
}

INSTANTIATE_TEST_SUITE_P(
    Azure, TrustPolicyTest,
    testing::Values(Row{"AMachine", Azure("acme:web:m1"), "azure", kYes, kNo, kNo, {}},
                    Row{"AnApp", Azure("acme:web"), "azure", kNo, kYes, kNo, {}},
                    Row{"AStar", Azure("acme:web:*"), "azure", kNo, kNo, kNo, {"warning literal-wildcard"}},
                    Row{"AnotherCase", Azure("Acme:web:m1"), "azure", kNo, kNo, kNo, {"warning subject-other-organization"}},
                    Row{"ASpace", Azure("acme:web:m1 "), "azure", kNo, kNo, kNo, {"warning azure-space"}},
                    Row{"AnotherAudience", Azure("acme:web:m1", "vault"), "azure", kYes, kNo, kNo, {"warning audience-unusual"}},
                    Row{"AnotherIssuer", Azure("acme:web:m1", "api://AzureADTokenExchange", "https://oidc.example.com/acme/"), "azure",
                        kNo, kNo, kNo, {"warning unknown-issuer"}},
                    Row{"AnIssuerThatSignsWithES256",
                        Azure("curve:web:m1", "api://AzureADTokenExchange", "https://oidc.example.com/curve"), "azure", kNo, kNo, kNo,
                        {"warning azure-algorithm"}},
                    Row{"TwoAudiences", R"({"issuer": "https://oidc.example.com/acme", "subject": "acme:web:m1",
                        "audiences": ["api://AzureADTokenExchange", "vault"]})",
                        "azure", kYes, kNo, kNo, {"warning azure-audiences", "warning audience-unusual"}},
                    Row{"AnExpression", R"({"issuer": "https://oidc.example.com/acme", "audiences": ["api://AzureADTokenExchange"],
                        "claimsMatchingExpression": {"value": "x"}})",
                        "azure", kMaybe, kMaybe, kMaybe, {"warning not-judged"}}),
    [](const auto& info) { return info.param.name; });

std::string Vault(const std::string& members) {
  return absl::StrCat(R"({"role_type": "jwt", "user_claim": "sub", "bound_audiences": ["vault"])", members, "}");
}

INSTANTIATE_TEST_SUITE_P(
    Vault, TrustPolicyTest,
    testing::Values(Row{"AMachine", Vault(R"(, "bound_subject": "acme:web:m1")"), "vault", kYes, kNo, kNo, {}},
                    Row{"AnApp", Vault(R"(, "bound_claims_type": "glob", "bound_claims": {"sub": "acme:web:*"})"), "vault", kYes, kNo,
                        kNo, {}},
                    Row{"AnAppByItsClaim", Vault(R"(, "bound_claims": {"/org_name": "acme", "/app_name": ["web", "api"]})"), "vault",
                        kYes, kYes, kNo, {}},
                    Row{"ListsAsText", R"({"user_claim": "sub", "bound_audiences": "other,vault", "bound_subject": "acme:web:m1"})",
                        "vault", kYes, kNo, kNo, {}},
                    Row{"AppCutShort", Vault(R"(, "bound_claims_type": "glob", "bound_claims": {"sub": "acme:web*"})"), "vault", kYes,
                        kYes, kYes, {"danger subject-early-wildcard"}},
                    Row{"AStarThatIsALetter", Vault(R"(, "bound_claims_type": "string", "bound_claims": {"sub": "acme:web:*"})"), "vault",
                        kNo, kNo, kNo, {"warning literal-wildcard"}},
                    Row{"AGlobWithoutAStar", Vault(R"(, "bound_claims_type": "glob", "bound_claims": {"sub": ["acme:web:m1"]})"), "vault",
                        kYes, kNo, kNo, {"warning needless-like"}},
                    Row{"NoSubject", Vault(""), "vault", kYes, kYes, kYes, {"danger no-subject"}},
                    Row{"NoAudience", R"({"user_claim": "sub", "bound_audiences": [], "bound_subject": "acme:web:m1"})", "vault", kYes,
                        kNo, kNo, {"danger no-audience"}},
                    Row{"AnotherCloudsAudience",
                        R"({"user_claim": "sub", "bound_audiences": "sts.amazonaws.com", "bound_subject": "acme:web:m1"})", "vault",
                        kYes, kNo, kNo, {"warning audience-unusual"}},
                    Row{"AClaimOfTheTokenAlone", Vault(R"(, "bound_subject": "acme:web:m1", "bound_claims": {"region": "yyz"})"), "vault",
                        kMaybe, kNo, kNo, {}},
                    Row{"AClaimOfNoToken", Vault(R"(, "bound_subject": "acme:web:m1", "bound_claims": {"email": "x"})"), "vault", kNo, kNo,
                        kNo, {}},
                    Row{"WhatVaultReadPrints", R"({"data": {"bound_audiences": ["vault"], "bound_subject": "acme:web:m1",
                        "bound_claims": null, "bound_claims_type": "string"}})",
                        "vault", kYes, kNo, kNo, {}}),
    [](const auto& info) { return info.param.name; });

TEST(VaultIssuerTest, ARoleWhoseMountIsNotKnownIsJudgedWithoutIt) {
  const auto policy = Parse(Vault(R"(, "bound_subject": "acme:web:m1")"), "");
  EXPECT_EQ(CheckMachine(*policy, Machine("web", "m1")).verdict.admitted, kYes);
  EXPECT_THAT(Said(*policy), ElementsAreArray({"warning issuer-unsaid"}));
}

TEST(VaultIssuerTest, AMountThatTrustsAnotherIssuerRefuses) {
  const auto policy = Parse(Vault(R"(, "bound_subject": "curve:web:m1")"), "https://oidc.example.com/curve");
  EXPECT_EQ(CheckMachine(*policy, Machine("web", "m1")).verdict.why,
            "iss \"https://oidc.example.com/acme\", want \"https://oidc.example.com/curve\"");
  EXPECT_THAT(Said(*policy), ElementsAreArray({"warning vault-algorithm"}));
}

std::string Gcp(const std::string& condition, const std::string& oidc = "") {
  return absl::StrCat(R"({"name": "projects/1/locations/global/workloadIdentityPools/p/providers/x",
      "attributeMapping": {"google.subject": "assertion.sub"}, "oidc": {"issuerUri": "https://oidc.example.com/acme")",
                      oidc, R"(}, "attributeCondition": ")", condition, R"("})");
}

INSTANTIATE_TEST_SUITE_P(
    Gcp, TrustPolicyTest,
    testing::Values(Row{"AMachine", Gcp("assertion.sub == 'acme:web:m1'"), "gcp", kYes, kNo, kNo, {}},
                    Row{"AnApp", Gcp("assertion.sub.startsWith('acme:web:')"), "gcp", kYes, kNo, kNo, {}},
                    Row{"AppCutShort", Gcp("google.subject.startsWith('acme:web')"), "gcp", kYes, kYes, kYes,
                        {"danger subject-early-wildcard"}},
                    Row{"AStar", Gcp("assertion.sub.startsWith('acme:web:*')"), "gcp", kNo, kNo, kNo, {"warning literal-wildcard"}},
                    Row{"NoCondition", Gcp(""), "gcp", kYes, kYes, kYes, {"danger no-subject"}},
                    Row{"ConditionOnTheOrganization", Gcp("assertion.org_name == 'acme'"), "gcp", kYes, kYes, kYes, {"danger no-subject"}},
                    Row{"AnotherOrganization", Gcp("assertion.sub.startsWith('other:web:')"), "gcp", kNo, kNo, kNo,
                        {"warning subject-other-organization"}},
                    Row{"BeyondUs", Gcp("assertion.sub.matches('^acme:web:')"), "gcp", kMaybe, kMaybe, kMaybe, {"warning not-judged"}},
                    Row{"OwnAudiences", Gcp("assertion.sub == 'acme:web:m1'", R"(, "allowedAudiences": ["vault"])"), "gcp", kYes, kNo, kNo,
                        {"warning audience-unusual"}}),
    [](const auto& info) { return info.param.name; });

TEST(GcpProviderTest, ItsOwnNameIsTheAudienceWithAndWithoutHttps) {
  EXPECT_THAT(Parse(Gcp("assertion.sub == 'acme:web:m1'"))->Audiences(),
              ElementsAreArray({"https://iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x",
                                "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/p/providers/x"}));
}

TEST(GcpProviderTest, ASubjectThatIsNotMappedIsNamed) {
  const auto policy = Parse(R"({"name": "x", "oidc": {"issuerUri": "https://oidc.example.com/acme"},
      "attributeMapping": {"google.subject": "assertion.jti"}, "attributeCondition": "assertion.sub == 'acme:web:m1'"})");
  EXPECT_THAT(Said(*policy), ElementsAreArray({"warning no-mapping"}));
}

struct BadRow {
  const char* name;
  const char* text;
  const char* message;
};
class BadPolicyTest : public testing::TestWithParam<BadRow> {};

TEST_P(BadPolicyTest, IsRefused) {
  EXPECT_THAT(ParseTrustPolicy(GetParam().text, "").status(),
              tests::StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, BadPolicyTest,
    testing::Values(BadRow{"NotJson", "{", "policy: not JSON"}, BadRow{"AnArray", "[]", "want an object"},
                    BadRow{"OfNoKind", R"({"a": 1})", "policy: of no kind known"},
                    BadRow{"AMemberTwice", R"({"Statement": [], "x": {"StringLike": {}, "StringLike": {}}})",
                           "policy: member StringLike twice"},
                    BadRow{"AzureWithoutSubject", R"({"issuer": "x"})", "subject: missing"},
                    BadRow{"AzureWithANumber", R"({"issuer": "x", "subject": 1})", "subject: number, want a string"},
                    BadRow{"VaultOfAnotherType", R"({"user_claim": "sub", "bound_claims_type": "regex"})",
                           "bound_claims_type: regex, want string or glob"},
                    BadRow{"VaultWithClaimsAsText", R"({"user_claim": "sub", "bound_claims": "x"})", "bound_claims: string"},
                    BadRow{"VaultWithANumberAsClaim", R"({"user_claim": "sub", "bound_claims": {"sub": 1}})", "bound_claims: sub: number"},
                    BadRow{"GcpWithoutIssuer", R"({"oidc": {}})", "oidc.issuerUri: missing"},
                    BadRow{"GcpWithTextAsOidc", R"({"oidc": "x"})", "oidc: missing"},
                    BadRow{"GcpWithANumberAsMapping", R"({"oidc": {"issuerUri": "x"}, "attributeMapping": {"a": 1}})",
                           "attributeMapping: a: number"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace tools
