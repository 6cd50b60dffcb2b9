#include "tools/trust/aws_trust.h"

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"
#include "tools/trust/check_machines.h"
#include "tools/trust/parse_document.h"

namespace tools {
namespace {

using testing::HasSubstr;

constexpr Truth kYes = Truth::kTrue;
constexpr Truth kNo = Truth::kFalse;
constexpr Truth kMaybe = Truth::kUnknown;

// What stands between the braces of a Condition. P is the provider.
std::string WithConditions(const std::string& conditions) {
  return R"({"Statement": [{"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
      "Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/oidc.example.com/acme"},
      "Condition": {)" + conditions + "}}]}";
}

std::unique_ptr<TrustPolicy> Parse(const std::string& text) {
  auto policy = ParseAwsTrust(ParseDocument(text).value());
  EXPECT_THAT(policy.status(), tests::IsOk());
  return *std::move(policy);
}

Verdict Judge(const std::string& policy, const std::string& sub, const std::string& iss = "https://oidc.example.com/acme") {
  return Parse(policy)->Judge({{{"iss", iss}, {"sub", sub}, {"aud", "sts.amazonaws.com"}}});
}

struct Row {
  const char* name;
  const char* conditions;
  Truth web;   // acme:web:m1
  Truth web2;  // acme:web2:m1
};

class AwsTrustTest : public testing::TestWithParam<Row> {};

TEST_P(AwsTrustTest, Judges) {
  const std::string policy = WithConditions(GetParam().conditions);
  const Verdict web = Judge(policy, "acme:web:m1");
  EXPECT_EQ(web.admitted, GetParam().web) << web.why;
  const Verdict web2 = Judge(policy, "acme:web2:m1");
  EXPECT_EQ(web2.admitted, GetParam().web2) << web2.why;
}

INSTANTIATE_TEST_SUITE_P(
    Conditions, AwsTrustTest,
    testing::Values(
        Row{"None", "", kYes, kYes},
        Row{"App", R"("StringLike": {"oidc.example.com/acme:sub": "acme:web:*"})", kYes, kNo},
        Row{"AppCutShort", R"("StringLike": {"oidc.example.com/acme:sub": "acme:web*"})", kYes, kYes},
        Row{"Machine", R"("StringEquals": {"oidc.example.com/acme:sub": "acme:web:m1"})", kYes, kNo},
        Row{"Alternatives", R"("StringEquals": {"oidc.example.com/acme:sub": ["acme:web:m1", "acme:web2:m1"]})", kYes, kYes},
        Row{"BothOperatorsMustHold",
            R"("StringLike": {"oidc.example.com/acme:sub": "acme:*"}, "StringNotLike": {"oidc.example.com/acme:sub": "acme:web2:*"})",
            kYes, kNo},
        Row{"BothKeysMustHold",
            R"("StringEquals": {"oidc.example.com/acme:sub": "acme:web:m1", "oidc.example.com/acme:aud": "other"})", kNo, kNo},
        Row{"AudienceAndSubject",
            R"("StringEquals": {"oidc.example.com/acme:sub": "acme:web:m1", "oidc.example.com/acme:aud": "sts.amazonaws.com"})",
            kYes, kNo},
        Row{"TheKeysCaseDoesNotMatter", R"("StringLike": {"OIDC.example.com/acme:SUB": "acme:web:*"})", kYes, kNo},
        Row{"AnotherProvidersKeyIsMissing", R"("StringLike": {"oidc.example.com/other:sub": "acme:web:*"})", kNo, kNo},
        Row{"AnotherProvidersKeyNegatedIsTrue", R"("StringNotLike": {"oidc.example.com/other:sub": "acme:web:*"})", kYes, kYes},
        Row{"AClaimThatAwsDoesNotFillIsMissing", R"("StringEquals": {"oidc.example.com/acme:app_name": "web"})", kNo, kNo},
        Row{"ForAllValuesOfAMissingKey", R"("ForAllValues:StringEquals": {"oidc.example.com/acme:app_name": "web"})", kYes, kYes},
        Row{"NullWantsTheKey", R"("Null": {"oidc.example.com/acme:sub": false})", kYes, kYes},
        Row{"TheRequestsOwnKeysAreUnknown", R"("StringLike": {"sts:RoleSessionName": "web@*"})", kMaybe, kMaybe},
        Row{"UnknownBesideFalseIsFalse",
            R"("IpAddress": {"aws:SourceIp": "10.0.0.0/8"}, "StringLike": {"oidc.example.com/acme:sub": "acme:web:*"})", kMaybe,
            kNo}),
    [](const auto& info) { return info.param.name; });

TEST(AwsTrustStatementsTest, AnotherIssuersTokenIsRefused) {
  const Verdict verdict = Judge(WithConditions(""), "acme:web:m1", "https://oidc.example.com/other");
  EXPECT_EQ(verdict.admitted, kNo);
  EXPECT_THAT(verdict.why, HasSubstr("statement 1: Principal is not the provider oidc.example.com/other"));
}

TEST(AwsTrustStatementsTest, TheReasonNamesStatementValueAndWant) {
  EXPECT_EQ(Judge(WithConditions(R"("StringLike": {"oidc.example.com/acme:sub": ["acme:api:*", "acme:job:*"]})"), "acme:web:m1").why,
            "statement 1: sub \"acme:web:m1\", want StringLike \"acme:api:*\", \"acme:job:*\"");
}

std::string Statement(const std::string& effect, const std::string& members) {
  return R"({"Effect": ")" + effect + R"(", "Principal": {"Federated": ["arn:aws:iam::1:oidc-provider/oidc.example.com/acme"]}, )" +
         members + "}";
}

TEST(AwsTrustStatementsTest, OneStatementThatAllowsIsEnoughAndADenialWins) {
  const std::string web = Statement("Allow", R"("Action": "sts:*", "Condition": {"StringLike": {"oidc.example.com/acme:sub": "acme:web:*"}})");
  const std::string all = Statement("Allow", R"("Action": ["sts:TagSession", "sts:assumerolewithwebidentity"])");
  const std::string deny = Statement("Deny", R"("Action": "*", "Condition": {"StringLike": {"oidc.example.com/acme:sub": "*:m1"}})");
  EXPECT_EQ(Judge(R"({"Statement": [)" + web + "," + all + "]}", "acme:api:m2").admitted, kYes);
  EXPECT_EQ(Judge(R"({"Statement": [)" + deny + "," + all + "]}", "acme:api:m2").admitted, kYes);
  const Verdict denied = Judge(R"({"Statement": [)" + all + "," + deny + "]}", "acme:web:m1");
  EXPECT_EQ(denied.admitted, kNo);
  EXPECT_THAT(denied.why, HasSubstr("statement 2 denies"));
}

TEST(AwsTrustStatementsTest, ADenialThatIsNotJudgedLeavesTheAnswerOpen) {
  const std::string all = Statement("Allow", R"("Action": "sts:AssumeRoleWithWebIdentity")");
  const std::string deny = Statement("Deny", R"("Action": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}})");
  EXPECT_EQ(Judge(R"({"Statement": [)" + all + "," + deny + "]}", "acme:web:m1").admitted, kMaybe);
}

TEST(AwsTrustStatementsTest, AnotherActionAllowsNothing) {
  EXPECT_EQ(Judge(R"({"Statement": )" + Statement("Allow", R"("Action": "sts:AssumeRole")") + "}", "acme:web:m1").admitted, kNo);
}

TEST(AwsTrustStatementsTest, MembersThatAreNotJudgedLeaveTheAnswerOpen) {
  const std::string other = Statement("Allow", R"("NotAction": "sts:AssumeRole")");
  EXPECT_EQ(Judge(R"({"Statement": )" + other + "}", "acme:web:m1").admitted, kMaybe);
  const std::string others = R"({"Effect": "Deny", "NotPrincipal": {"Federated": "x"}, "Action": "*"})";
  const std::string all = Statement("Allow", R"("Action": "sts:*")");
  EXPECT_EQ(Judge(R"({"Statement": [)" + all + "," + others + "]}", "acme:web:m1").admitted, kMaybe);
  const std::string resource = Statement("Allow", R"("Action": "sts:*", "Resource": "*")");
  EXPECT_EQ(Judge(R"({"Statement": )" + resource + "}", "acme:web:m1").admitted, kMaybe);
}

TEST(AwsTrustStatementsTest, WhatGetRolePrintsIsRead) {
  const std::string inner = R"({"Statement": )" + Statement("Allow", R"("Action": "sts:*")") + "}";
  EXPECT_EQ(Judge(R"({"Role": {"AssumeRolePolicyDocument": )" + inner + "}}", "acme:web:m1").admitted, kYes);
}

struct BadRow {
  const char* name;
  const char* text;
  const char* message;
};
class AwsDocumentTest : public testing::TestWithParam<BadRow> {};

TEST_P(AwsDocumentTest, IsRefused) {
  const auto document = ParseDocument(GetParam().text);
  ASSERT_THAT(document.status(), tests::IsOk());
  EXPECT_THAT(ParseAwsTrust(*document).status(), tests::StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Rows, AwsDocumentTest,
    testing::Values(BadRow{"NoStatement", "{}", "Statement: missing"},
                    BadRow{"AStatementThatIsText", R"({"Statement": ["x"]})", "statement 1: string, want an object"},
                    BadRow{"NoEffect", R"({"Statement": {}})", "statement 1: Effect: missing"},
                    BadRow{"AnotherEffect", R"({"Statement": [{"Effect": "allow", "Sid": "S"}]})",
                           "statement 1 (S): Effect: \"allow\", want \"Allow\" or \"Deny\""},
                    BadRow{"AnActionThatIsANumber", R"({"Statement": {"Effect": "Allow", "Action": 1}})", "statement 1: Action: number"},
                    BadRow{"APrincipalThatIsText", R"({"Statement": {"Effect": "Allow", "Principal": "x"}})", "Principal: string"},
                    BadRow{"AConditionThatIsText", R"({"Statement": {"Effect": "Allow", "Condition": "x"}})", "Condition: string"},
                    BadRow{"AnOperatorWithoutKeys", R"({"Statement": {"Effect": "Allow", "Condition": {"StringLike": "x"}}})",
                           "Condition: StringLike: string, want an object of keys"},
                    BadRow{"AValueThatIsANumber",
                           R"({"Statement": {"Effect": "Allow", "Condition": {"StringLike": {"a/b:sub": [1]}}}})",
                           "Condition: StringLike: a/b:sub: array"},
                    BadRow{"ARoleWithoutPolicy", R"({"Role": {}})", "AssumeRolePolicyDocument: missing"}),
    [](const auto& info) { return info.param.name; });

TEST(AwsMachinesTest, APlacementThatAllowsNoAudienceOfThePolicyIsRefused) {
  const auto policy = Parse(WithConditions(R"("StringEquals": {"oidc.example.com/acme:aud": "sts.amazonaws.com"})"));
  MachineFacts machine = {.organization = "acme", .issuer = "https://oidc.example.com/acme", .app = "web", .machine = "m1"};
  machine.audiences = {"vault", "https://fly.io/acme"};
  const MachineVerdict refused = CheckMachine(*policy, machine);
  EXPECT_EQ(refused.verdict.admitted, kNo);
  machine.audiences.push_back("sts.amazonaws.com");
  const MachineVerdict admitted = CheckMachine(*policy, machine);
  EXPECT_EQ(admitted.verdict.admitted, kYes);
  EXPECT_EQ(admitted.audience, "sts.amazonaws.com");
}

TEST(AwsMachinesTest, AnAudienceThatAPatternLetsThroughIsFound) {
  const auto policy = Parse(WithConditions(R"("StringLike": {"oidc.example.com/acme:aud": "team-?-*"})"));
  const MachineFacts machine = {.organization = "acme", .issuer = "https://oidc.example.com/acme", .app = "web", .machine = "m1",
                                .any_audience = true};
  EXPECT_EQ(CheckMachine(*policy, machine).audience, "team-x-");
}

TEST(AwsMachinesTest, TheSubjectOfAnAppHasNoMachine) {
  EXPECT_EQ(SubjectOf({.organization = "acme", .app = "web", .machine = "m1"}), "acme:web:m1");
  EXPECT_EQ(SubjectOf({.organization = "acme", .app = "web", .machine = "m1", .app_subject = true}), "acme:web");
}

}  // namespace
}  // namespace tools
