#include "flyd/init/tokens/cloud_identity.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/status_matchers.h"

namespace flyd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using testing::UnorderedElementsAre;
using tests::IsOk;
using tests::StatusIs;

const MachineFacts kMachine = {.id = "148e21f0c12345", .name = "m1", .app = "web"};
constexpr char kProvider[] = "projects/123/locations/global/workloadIdentityPools/pool/providers/fly";

CloudIdentity Plan(const Environment& user, const std::vector<TokenFileSetting>& table = {}) {
  return PlanCloudIdentity(kMachine, user, table);
}

std::vector<std::string> Files(const CloudIdentity& plan) {
  std::vector<std::string> files;
  for (const TokenFileSetting& token : plan.tokens) files.push_back(absl::StrCat(token.name, " ", token.audience));
  return files;
}

struct SessionNameCase {
  const char* name;
  std::string app;
  std::string machine;
  std::string want;
};
class SessionNameTest : public testing::TestWithParam<SessionNameCase> {};

TEST_P(SessionNameTest, IsWhatAwsTakes) {
  EXPECT_EQ(AwsSessionName(GetParam().app, GetParam().machine), GetParam().want);
}

INSTANTIATE_TEST_SUITE_P(
    Names, SessionNameTest,
    testing::Values(SessionNameCase{"Usual", "web", "148e21", "web@148e21"},
                    SessionNameCase{"ExactlySixtyFour", std::string(48, 'a'), std::string(15, '1'),
                                    std::string(48, 'a') + "@" + std::string(15, '1')},
                    SessionNameCase{"LongAppIsCut", std::string(60, 'a'), "148e21",
                                    std::string(57, 'a') + "@148e21"},
                    SessionNameCase{"LongMachineIsCut", "web", std::string(70, '1'), "@" + std::string(63, '1')},
                    SessionNameCase{"OtherCharactersBecomeDashes", "we b/é", "1:2", "we-b---@1-2"},
                    SessionNameCase{"NeverUnderTwo", "", "", "@-"}),
    [](const auto& info) { return info.param.name; });

TEST(CloudIdentityTest, WithoutAnySettingThereIsNothing) {
  const CloudIdentity plan = Plan({{"AWS_ROLE_ARN", ""}, {"AZURE_CLIENT_ID", "c"}, {"GOOGLE_SERVICE_ACCOUNT", "a@b"}});
  EXPECT_THAT(plan.tokens, IsEmpty());
  EXPECT_THAT(plan.variables, IsEmpty());
  EXPECT_EQ(plan.google_credentials, "");
  EXPECT_THAT(plan.flaw, IsOk());
}

TEST(AwsTest, ARoleAloneIsEnough) {
  const CloudIdentity plan = Plan({{"AWS_ROLE_ARN", "arn"}});
  EXPECT_THAT(Files(plan), ElementsAre("oidc_token sts.amazonaws.com"));
  EXPECT_THAT(plan.variables, UnorderedElementsAre(Pair("AWS_WEB_IDENTITY_TOKEN_FILE", "/.fly/oidc_token"),
                                                   Pair("AWS_ROLE_SESSION_NAME", "web@148e21f0c12345")));
}

TEST(AwsTest, TheUsersOwnSettingsWin) {
  const CloudIdentity named = Plan({{"AWS_ROLE_ARN", "arn"}, {"AWS_ROLE_SESSION_NAME", ""}});
  EXPECT_THAT(named.variables, ElementsAre(Pair("AWS_WEB_IDENTITY_TOKEN_FILE", "/.fly/oidc_token")));
  EXPECT_THAT(Plan({{"AWS_ROLE_ARN", "arn"}, {"AWS_WEB_IDENTITY_TOKEN_FILE", "/mine"}}).tokens, IsEmpty());
  EXPECT_THAT(Files(Plan({{"AWS_ROLE_ARN", "arn"}, {"AWS_WEB_IDENTITY_TOKEN_FILE", "/.fly/oidc_token"}})),
              ElementsAre("oidc_token sts.amazonaws.com"));
}

TEST(GoogleTest, AProviderAloneIsEnough) {
  const CloudIdentity plan = Plan({{"GOOGLE_WORKLOAD_IDENTITY_PROVIDER", kProvider}});
  const std::string audience = absl::StrCat("//iam.googleapis.com/", kProvider);
  EXPECT_THAT(Files(plan), ElementsAre("google_token " + audience));
  EXPECT_THAT(plan.variables, ElementsAre(Pair("GOOGLE_APPLICATION_CREDENTIALS", "/.fly/google_credentials.json")));
  EXPECT_EQ(nlohmann::json::parse(plan.google_credentials),
            nlohmann::json({{"type", "external_account"},
                            {"audience", audience},
                            {"subject_token_type", "urn:ietf:params:oauth:token-type:jwt"},
                            {"token_url", "https://sts.googleapis.com/v1/token"},
                            {"credential_source", {{"file", "/.fly/google_token"}, {"format", {{"type", "text"}}}}}}));
}

TEST(GoogleTest, AServiceAccountIsImpersonated) {
  const CloudIdentity plan = Plan({{"GOOGLE_WORKLOAD_IDENTITY_PROVIDER", kProvider},
                                   {"GOOGLE_SERVICE_ACCOUNT", "robot@project.iam.gserviceaccount.com"}});
  EXPECT_EQ(nlohmann::json::parse(plan.google_credentials)["service_account_impersonation_url"],
            "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/"
            "robot@project.iam.gserviceaccount.com:generateAccessToken");
}

TEST(GoogleTest, TheProviderMayBeWrittenWithItsHost) {
  for (const char* prefix : {"//iam.googleapis.com/", "https://iam.googleapis.com/"}) {
    EXPECT_EQ(Plan({{"GOOGLE_WORKLOAD_IDENTITY_PROVIDER", absl::StrCat(prefix, kProvider)}}).google_credentials,
              Plan({{"GOOGLE_WORKLOAD_IDENTITY_PROVIDER", kProvider}}).google_credentials)
        << prefix;
  }
}

TEST(GoogleTest, StandInsTakeThePlaceOfGooglesAddresses) {
  const nlohmann::json credentials =
      nlohmann::json::parse(Plan({{"GOOGLE_WORKLOAD_IDENTITY_PROVIDER", kProvider},
                                  {"GOOGLE_SERVICE_ACCOUNT", "a@b"},
                                  {"GOOGLE_STS_TOKEN_URL", "http://127.0.0.1:1/token"},
                                  {"GOOGLE_IAM_CREDENTIALS_URL", "http://127.0.0.1:2/"}})
                                .google_credentials);
  EXPECT_EQ(credentials["token_url"], "http://127.0.0.1:1/token");
  EXPECT_EQ(credentials["service_account_impersonation_url"],
            "http://127.0.0.1:2/v1/projects/-/serviceAccounts/a@b:generateAccessToken");
}

TEST(GoogleTest, CredentialsOfTheUsersOwnStay) {
  const CloudIdentity plan =
      Plan({{"GOOGLE_WORKLOAD_IDENTITY_PROVIDER", kProvider}, {"GOOGLE_APPLICATION_CREDENTIALS", "/mine.json"}});
  EXPECT_THAT(plan.variables, IsEmpty());
  EXPECT_EQ(plan.tokens.size(), 1u) << "theirs may name /.fly/google_token";
}

TEST(GoogleTest, WhatIsNoProviderIsNamed) {
  for (const char* bad : {"x", "projects/1/locations/eu/workloadIdentityPools/p/providers/x",
                          "projects//locations/global/workloadIdentityPools/p/providers/x",
                          "projects/1/locations/global/workloadIdentityPools/p/providers/x/",
                          "projects/1/locations/global/workloadIdentityPools/p/providers/x\"y",
                          "https://example.com/projects/1/locations/global/workloadIdentityPools/p/providers/x"}) {
    const CloudIdentity plan = Plan({{"GOOGLE_WORKLOAD_IDENTITY_PROVIDER", bad}, {"AWS_ROLE_ARN", "arn"}});
    EXPECT_THAT(plan.flaw, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("GOOGLE_WORKLOAD_IDENTITY_PROVIDER: ")));
    EXPECT_THAT(Files(plan), ElementsAre("oidc_token sts.amazonaws.com")) << "the other clouds go on";
  }
}

TEST(GoogleTest, WhatIsNoAccountIsNamed) {
  for (const char* bad : {"robot", "a@b/../c", "a@b c", "a@b?x"}) {
    EXPECT_THAT(Plan({{"GOOGLE_WORKLOAD_IDENTITY_PROVIDER", kProvider}, {"GOOGLE_SERVICE_ACCOUNT", bad}}).flaw,
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("GOOGLE_SERVICE_ACCOUNT: ")))
        << bad;
  }
}

const Environment kAzure = {{"AZURE_CLIENT_ID", "c"}, {"AZURE_TENANT_ID", "t"}};

Environment AzureAnd(const char* name, const char* value) {
  Environment user = kAzure;
  user[name] = value;
  return user;
}

TEST(AzureTest, ClientAndTenantAreEnough) {
  const CloudIdentity plan = Plan(kAzure);
  EXPECT_THAT(Files(plan), ElementsAre("azure_token api://AzureADTokenExchange"));
  EXPECT_THAT(plan.variables, UnorderedElementsAre(Pair("AZURE_FEDERATED_TOKEN_FILE", "/.fly/azure_token"),
                                                   Pair("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.com/")));
}

TEST(AzureTest, TheUsersAuthorityStays) {
  EXPECT_THAT(Plan(AzureAnd("AZURE_AUTHORITY_HOST", "https://login.microsoftonline.us/")).variables,
              ElementsAre(Pair("AZURE_FEDERATED_TOKEN_FILE", "/.fly/azure_token")));
}

TEST(AzureTest, AnotherCredentialOfTheClientTurnsItOff) {
  EXPECT_THAT(Plan(AzureAnd("AZURE_CLIENT_SECRET", "s")).tokens, IsEmpty());
  EXPECT_THAT(Plan(AzureAnd("AZURE_CLIENT_CERTIFICATE_PATH", "/c.pem")).tokens, IsEmpty());
  EXPECT_THAT(Plan(AzureAnd("AZURE_FEDERATED_TOKEN_FILE", "/mine")).tokens, IsEmpty());
  EXPECT_THAT(Plan(AzureAnd("AZURE_FEDERATED_TOKEN_FILE", "/.fly/azure_token")).tokens.size(), 1u);
  EXPECT_THAT(Plan({{"AZURE_CLIENT_ID", "c"}}).tokens, IsEmpty());
  EXPECT_THAT(Plan({{"AZURE_TENANT_ID", "t"}}).tokens, IsEmpty());
}

TEST(TableTest, ItsRowsStandBesideTheClouds) {
  EXPECT_THAT(Files(Plan({{"AWS_ROLE_ARN", "arn"}}, {{.name = "vault", .audience = "https://v"}})),
              ElementsAre("vault https://v", "oidc_token sts.amazonaws.com"));
}

TEST(TableTest, ARowTakesThePlaceOfACloudsFile) {
  const CloudIdentity plan =
      Plan({{"AWS_ROLE_ARN", "arn"}}, {{.name = "oidc_token", .audience = "other", .mode = 0640}});
  EXPECT_THAT(Files(plan), ElementsAre("oidc_token other"));
  EXPECT_EQ(plan.tokens[0].mode, 0640u);
  EXPECT_EQ(plan.variables.count("AWS_WEB_IDENTITY_TOKEN_FILE"), 1u);
}

}  // namespace
}  // namespace flyd
