#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tools/trust/parse_trust_policy.h"

namespace tools {
namespace {

using testing::ElementsAreArray;
using testing::HasSubstr;

const std::vector<IssuerFacts> kIssuers = {{"acme", "https://oidc.example.com/acme"}, {"dev", "http://localhost:7003/dev"}};

std::string Policy(const std::string& conditions, const std::string& provider = "oidc.example.com/acme",
                   const std::string& action = "sts:AssumeRoleWithWebIdentity") {
  return R"({"Statement": [{"Effect": "Allow", "Action": ")" + action +
         R"(", "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/)" + provider +
         R"("}, "Condition": {)" + conditions + "}}]}";
}

std::vector<Finding> Audit(const std::string& text) {
  const auto policy = ParseTrustPolicy(text, "");
  EXPECT_THAT(policy.status(), tests::IsOk());
  return (*policy)->Audit(kIssuers);
}

// "danger no-subject", "warning no-audience", …
std::vector<std::string> Said(const std::string& text) {
  std::vector<std::string> said;
  for (const Finding& finding : Audit(text)) {
    said.push_back(absl::StrCat(finding.severity == Severity::kDanger ? "danger " : "warning ", finding.code));
  }
  return said;
}

constexpr char kAud[] = R"("oidc.example.com/acme:aud": "sts.amazonaws.com")";

struct Row {
  const char* name;
  std::string conditions;
  std::vector<std::string> said;
};
class AwsAuditTest : public testing::TestWithParam<Row> {};

TEST_P(AwsAuditTest, Says) { EXPECT_THAT(Said(Policy(GetParam().conditions)), ElementsAreArray(GetParam().said)); }

Row Sub(const char* name, const char* operator_text, const char* value, std::vector<std::string> said) {
  return {name, absl::StrCat(R"("StringEquals": {)", kAud, R"(}, ")", operator_text, R"(": {"oidc.example.com/acme:sub": )", value, "}"),
          std::move(said)};
}

INSTANTIATE_TEST_SUITE_P(
    Rows, AwsAuditTest,
    testing::Values(
        Sub("AnAppIsFine", "StringLike", R"("acme:web:*")", {}),
        Sub("AnOrganizationSaidPlainlyIsFine", "StringLike", R"("acme:*")", {}),
        Sub("SomeMachinesAreFine", "StringLike", R"(["acme:web:prod-*", "acme:api:*"])", {}),
        Row{"AMachineIsFine", absl::StrCat(R"("StringEquals": {)", kAud, R"(, "oidc.example.com/acme:sub": "acme:web:m1"})"), {}},
        Row{"NoSubject", absl::StrCat(R"("StringEquals": {)", kAud, "}"), {"danger no-subject"}},
        Row{"Nothing", "", {"danger no-subject", "warning no-audience"}},
        Sub("OnlyARefusal", "StringNotLike", R"("acme:api:*")", {"danger no-subject"}),
        Sub("AppCutShort", "StringLike", R"("acme:web*")", {"danger subject-early-wildcard"}),
        Sub("OneOfTwoCutShort", "StringLike", R"(["acme:api:*", "acme:web*"])", {"danger subject-early-wildcard"}),
        Sub("OrganizationCutShort", "StringLike", R"("acme*")", {"danger subject-early-wildcard"}),
        Sub("Everything", "StringLike", R"("*")", {"danger subject-early-wildcard"}),
        Sub("AnotherOrganization", "StringLike", R"("other:web:*")", {"warning subject-other-organization"}),
        Sub("NoSubjectsShape", "StringLike", R"("acme/web/*")", {"danger subject-early-wildcard"}),
        Sub("NobodysSubject", "StringEqualsIgnoreCase", R"("acme")", {"warning subject-shape"}),
        Sub("LikeWithoutNeed", "StringLike", R"("acme:web:m1")", {"warning needless-like"}),
        Sub("AStarThatIsALetter", "StringEqualsIgnoreCase", R"("acme:web:*")", {"warning literal-wildcard"}),
        Sub("ForAllValues", "ForAllValues:StringLike", R"("acme:web:*")", {"danger vacuous-condition"}),
        Sub("IfExists", "StringLikeIfExists", R"("acme:web:*")", {"danger vacuous-condition"}),
        Sub("AVariable", "StringLike", R"("acme:${aws:username}:*")", {"warning not-judged"}),
        Sub("AnOperatorOfAnotherKind", "ArnLike", R"("acme:web:*")", {"warning not-judged", "danger no-subject"}),
        Row{"AWideOneBesideANarrowOne",
            absl::StrCat(R"("StringLike": {"oidc.example.com/acme:sub": "acme:web*"}, "StringEquals": {)", kAud,
                         R"(, "oidc.example.com/acme:sub": ["acme:web:m1"]})"),
            {}},
        Row{"AnotherAudience",
            R"("StringEquals": {"oidc.example.com/acme:aud": "vault"}, "StringLike": {"oidc.example.com/acme:sub": "acme:web:*"})",
            {"warning audience-unusual"}},
        Row{"AnAudiencesWildcard",
            R"("StringLike": {"oidc.example.com/acme:aud": "sts*", "oidc.example.com/acme:sub": "acme:web:*"})",
            {"danger audience-wildcard"}},
        Row{"AnotherProvidersKeys",
            R"("StringLike": {"oidc.example.com/other:sub": "acme:web:*"}, "StringEquals": {"oidc.example.com/other:aud": "sts.amazonaws.com"})",
            {"warning other-provider", "warning other-provider"}},
        Row{"AClaimThatAwsDoesNotFill",
            absl::StrCat(R"("StringEquals": {)", kAud, R"(, "oidc.example.com/acme:app_name": "web"})"),
            {"warning unusable-key", "danger no-subject"}},
        Row{"AKeyOfTheRequest",
            absl::StrCat(R"("StringEquals": {)", kAud,
                         R"(}, "StringLike": {"oidc.example.com/acme:sub": "acme:web:*", "sts:RoleSessionName": "x"})"),
            {"warning not-judged"}}),
    [](const auto& info) { return info.param.name; });

constexpr char kGood[] = R"("StringEquals": {"oidc.example.com/acme:aud": "sts.amazonaws.com", "oidc.example.com/acme:sub": "acme:web:m1"})";

TEST(AwsAuditStatementTest, AnIssuerThatTheFleetDoesNotHaveIsNamed) {
  const std::string conditions =
      R"("StringEquals": {"oidc.example.com/gone:aud": "sts.amazonaws.com", "oidc.example.com/gone:sub": "gone:web:m1"})";
  const std::vector<Finding> findings = Audit(Policy(conditions, "oidc.example.com/gone"));
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].code, "unknown-issuer");
  EXPECT_THAT(findings[0].message, HasSubstr("https://oidc.example.com/gone, want the issuer of an organization"));
}

TEST(AwsAuditStatementTest, AnIssuerThatDiffersInCaseOrASlashIsNamedWithTheRightOne) {
  const std::vector<Finding> findings = Audit(Policy("", "oidc.example.com/Acme/"));
  ASSERT_FALSE(findings.empty());
  EXPECT_THAT(findings[0].message, HasSubstr("want https://oidc.example.com/acme to the byte"));
}

TEST(AwsAuditStatementTest, AnIssuerOfPlainHttpWithAPortIsNoClouds) {
  const std::string conditions =
      R"("StringEquals": {"localhost:7003/dev:aud": "sts.amazonaws.com", "localhost:7003/dev:sub": "dev:web:m1"})";
  EXPECT_THAT(Said(Policy(conditions, "localhost:7003/dev")), ElementsAreArray({"warning http-issuer", "warning issuer-port"}));
}

TEST(AwsAuditStatementTest, ATooBroadActionIsNamed) {
  EXPECT_THAT(Said(Policy(kGood, "oidc.example.com/acme", "sts:*")), ElementsAreArray({"warning broad-action"}));
}

TEST(AwsAuditStatementTest, APrincipalOfAllIsADanger) {
  const std::string text = R"({"Statement": {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": "*", "Condition": {)" +
                           std::string(kGood) + "}}}";
  EXPECT_THAT(Said(text), ElementsAreArray({"danger any-principal"}));
}

TEST(AwsAuditStatementTest, APolicyForOthersSaysNothingAboutWebIdentity) {
  EXPECT_THAT(Said(R"({"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "arn:aws:iam::1:root"}}})"),
              ElementsAreArray({"warning no-web-identity"}));
}

TEST(AwsAuditStatementTest, MembersThatAreNotJudgedAreNamed) {
  const std::string text = R"({"Statement": {"Effect": "Deny", "NotPrincipal": {"AWS": "x"}, "NotAction": "sts:AssumeRole"}})";
  EXPECT_THAT(Audit(text)[0].message, HasSubstr("NotAction, NotPrincipal: not judged"));
}

TEST(AwsAuditStatementTest, TheMessageNamesWhoElseIsAdmitted) {
  const std::string conditions = R"("StringLike": {"oidc.example.com/acme:sub": "acme:web*"})";
  EXPECT_THAT(Audit(Policy(conditions))[0].message,
              HasSubstr("statement 1: sub: \"acme:web*\" has its wildcard before the app ends and admits \"acme:web2:m1\""));
}

}  // namespace
}  // namespace tools
