#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "flyd/runtime/runtime.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/identity/identity_fixture.h"

namespace tests {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

class CloudFilesTest : public IdentityTest {
 protected:
  static std::string Claim(absl::string_view token, const char* name) {
    const nlohmann::json claims = ClaimsOf(token);
    return claims.is_object() ? claims.value(name, "") : "";
  }
};

TEST_F(CloudFilesTest, GoogleFindsItsTokenItsCredentialsAndTheVariable) {
  const std::string provider = "projects/123/locations/global/workloadIdentityPools/p/providers/fly";
  Run(Boot("cat $GOOGLE_APPLICATION_CREDENTIALS; stat -c '%n %a' /.fly/google_*; cat /.fly/google_token",
           {{"GOOGLE_WORKLOAD_IDENTITY_PROVIDER", provider}, {"GOOGLE_SERVICE_ACCOUNT", "robot@p.iam.gserviceaccount.com"}}));
  const std::string output = Output();
  const size_t end = output.find("\n}\n");
  ASSERT_NE(end, output.npos) << output << Errors();
  const nlohmann::json credentials = nlohmann::json::parse(output.substr(0, end + 3));
  EXPECT_EQ(credentials["type"], "external_account");
  EXPECT_EQ(credentials["credential_source"]["file"], "/.fly/google_token");
  EXPECT_THAT(output, HasSubstr("/.fly/google_credentials.json 600\n/.fly/google_token 600\n"));
  EXPECT_EQ(Claim(output.substr(output.rfind('\n') + 1), "aud"), "//iam.googleapis.com/" + provider);
}

TEST_F(CloudFilesTest, AzureFindsItsTokenAndTheVariables) {
  Run(Boot("echo $AZURE_AUTHORITY_HOST $AZURE_FEDERATED_TOKEN_FILE; cat $AZURE_FEDERATED_TOKEN_FILE",
           {{"AZURE_CLIENT_ID", "client"}, {"AZURE_TENANT_ID", "tenant"}}));
  EXPECT_THAT(Output(), HasSubstr("https://login.microsoftonline.com/ /.fly/azure_token\n"));
  EXPECT_EQ(Claim(Output().substr(Output().find('\n') + 1), "aud"), "api://AzureADTokenExchange");
}

TEST_F(CloudFilesTest, EveryCloudAtOnceIsOneMachinesMatter) {
  Run(Boot("ls /.fly", {{"AWS_ROLE_ARN", "arn"},
                        {"GOOGLE_WORKLOAD_IDENTITY_PROVIDER", "projects/1/locations/global/workloadIdentityPools/p/providers/x"},
                        {"AZURE_CLIENT_ID", "c"},
                        {"AZURE_TENANT_ID", "t"}}));
  EXPECT_EQ(Output(), "api\nazure_token\ngoogle_credentials.json\ngoogle_token\noidc_token\n");
  EXPECT_EQ(Asked().size(), 3u);
  EXPECT_THAT(Events(), ElementsAre("started: "));
}

TEST_F(CloudFilesTest, ARoleIsPinnedAndTagsAreAskedForInTheAwsTokenAlone) {
  nlohmann::json answer = Boot("true", {{"AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/r"},
                                        {"AZURE_CLIENT_ID", "c"},
                                        {"AZURE_TENANT_ID", "t"}});
  answer["identity"]["aws_pin_role"] = true;
  answer["identity"]["aws_principal_tags"] = true;
  Run(answer);
  EXPECT_THAT(Asked(), ElementsAre(nlohmann::json({{"aud", "sts.amazonaws.com"},
                                                   {"aws_principal_tags", true},
                                                   {"aws_role_arn", "arn:aws:iam::123456789012:role/r"}}),
                                   nlohmann::json({{"aud", "api://AzureADTokenExchange"}})));
}

TEST_F(CloudFilesTest, TheTableSaysAudienceModeAndOwner) {
  nlohmann::json answer = Boot("stat -c '%n %a %u %g' /.fly/a /.fly/b /.fly/c; cat /.fly/a", {});
  answer["identity"]["socket_mode"] = "0660";
  answer["identity"]["files"] = {{{"path", "/.fly/a"}, {"audience", "https://vault"}, {"mode", "0444"}, {"owner", ""}},
                                 {{"path", "/.fly/b"}, {"audience", ""}, {"mode", ""}, {"owner", IsRootless() ? "" : "33:7"}},
                                 {{"path", "/.fly/c"}, {"audience", "c"}, {"mode", "0666"}, {"owner", ""}}};
  Run(answer);
  EXPECT_THAT(Output(), HasSubstr(absl::StrCat("/.fly/a 444 0 0\n/.fly/b 640 ", IsRootless() ? "0 0" : "33 7", "\n",
                                               "/.fly/c 644 0 0\n")));
  EXPECT_THAT(Asked(), ElementsAre(nlohmann::json({{"aud", "https://vault"}}), nlohmann::json({{"aud", ""}}),
                                   nlohmann::json({{"aud", "c"}})));
  EXPECT_EQ(Claim(Output().substr(Output().rfind('\n') + 1), "aud"), "https://vault");
}

TEST_F(CloudFilesTest, AnotherUserOwnsTheFilesAndReadsThem) {
  if (IsRootless()) GTEST_SKIP() << "a rootless machine has one id";
  nlohmann::json answer = Boot("stat -c '%a %u %g' /.fly/oidc_token; cat /.fly/oidc_token; touch /.fly/x 2>&1",
                               {{"AWS_ROLE_ARN", "arn"}});
  answer["run"]["user"] = "33:7";
  Run(answer);
  EXPECT_THAT(Output(), HasSubstr("600 33 7\n"));
  EXPECT_THAT(Output(), HasSubstr("_end"));
  EXPECT_THAT(Output(), HasSubstr("Permission denied"));
}

TEST_F(CloudFilesTest, AnOwnerThatIsNotThereIsNamed) {
  nlohmann::json answer = Boot("true", {});
  answer["identity"]["files"] = {{{"path", "/.fly/a"}, {"audience", ""}, {"mode", ""}, {"owner", "nobody-knows"}}};
  const flyd::BootExit exit = Run(answer);
  EXPECT_EQ(exit.exit_code, 127);
  EXPECT_THAT(exit.error, HasSubstr("/.fly/a: user: nobody-knows, want a name of the machine's /etc/passwd"));
}

TEST_F(CloudFilesTest, AProviderThatIsNoneIsToldAndTheMachineStarts) {
  EXPECT_EQ(Run(Boot("ls /.fly", {{"GOOGLE_WORKLOAD_IDENTITY_PROVIDER", "pool"}, {"AWS_ROLE_ARN", "arn"}})).exit_code, 0);
  EXPECT_EQ(Output(), "api\noidc_token\n");
  EXPECT_THAT(Events()[0], HasSubstr("identity_unavailable: GOOGLE_WORKLOAD_IDENTITY_PROVIDER: pool, want projects/"));
}

TEST_F(CloudFilesTest, AProviderThatIsNoneFailsAStartThatNeedsItsIdentity) {
  nlohmann::json answer = Boot("true", {{"GOOGLE_WORKLOAD_IDENTITY_PROVIDER", "pool"}});
  answer["identity"]["required"] = true;
  const flyd::BootExit exit = Run(answer);
  EXPECT_EQ(exit.exit_code, 125);
  EXPECT_THAT(exit.error, HasSubstr("identity: GOOGLE_WORKLOAD_IDENTITY_PROVIDER"));
}

TEST_F(CloudFilesTest, OneRefusedFileDoesNotHoldTheOthersBack) {
  const FakeFlyd::Handler mint = handler_;
  handler_ = [mint](const SeenRequest& request) {
    return request.body.find("forbidden") == std::string::npos ? mint(request) : FakeAnswer{403, "{}"};
  };
  nlohmann::json answer = Boot("ls /.fly", {{"AWS_ROLE_ARN", "arn"}});
  answer["identity"]["files"] = {{{"path", "/.fly/a"}, {"audience", "forbidden"}, {"mode", ""}, {"owner", ""}}};
  Run(answer);
  EXPECT_EQ(Output(), "api\noidc_token\n");
  EXPECT_THAT(Events()[0], HasSubstr("identity_unavailable: a: answer 403, want 200"));
  EXPECT_THAT(Errors(), HasSubstr("init: a: answer 403, want 200; there is no token yet"));
  EXPECT_THAT(Errors(), Not(HasSubstr("oidc_token")));
}

TEST_F(CloudFilesTest, AllFilesAreReplacedAtTheSameInstants) {
  SetLifetime(absl::Seconds(10));
  nlohmann::json answer = Boot("sleep 1000", {{"AWS_ROLE_ARN", "arn"}, {"AZURE_CLIENT_ID", "c"}, {"AZURE_TENANT_ID", "t"}});
  ASSERT_TRUE(Start(answer));
  ASSERT_TRUE(flyd_->Await("/v1/tokens/oidc", 6));
  const std::vector<nlohmann::json> asked = Asked();
  for (size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(asked[i]["aud"], i % 2 == 0 ? "sts.amazonaws.com" : "api://AzureADTokenExchange") << i;
  }
}

TEST_F(CloudFilesTest, AFailureIsToldWithWhatIsLeftOfTheOldToken) {
  SetLifetime(absl::Seconds(10));
  ASSERT_TRUE(Start(Boot("echo started; sleep 1000", {{"AWS_ROLE_ARN", "arn"}})));
  ASSERT_TRUE(AwaitOutput("started"));
  AnswerWith(503);
  ASSERT_TRUE(flyd_->Await("/v1/tokens/oidc", 3));
  EXPECT_THAT(Errors(), testing::ContainsRegex("init: oidc_token: answer 503, want 200; the token there lives [0-9]+ s more"));
  AnswerWith(200);
  const int before = minted();
  ASSERT_TRUE(flyd_->Await("/v1/tokens/oidc", 5));
  EXPECT_GE(minted(), before);
}

}  // namespace
}  // namespace tests
