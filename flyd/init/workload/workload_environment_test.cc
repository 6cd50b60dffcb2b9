#include "flyd/init/workload/workload_environment.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flyd {
namespace {

using testing::Contains;
using testing::Pair;

const MachineFacts kMachine = {.id = "148e21f0c12345", .name = "m1", .app = "web", .organization = "acme",
                               .region = "yyz", .version = "01HV", .image = "host"};

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

TEST(BuildEnvironmentTest, ARoleAloneGivesTheTwoOthers) {
  const Environment all = BuildEnvironment(kMachine, {{"AWS_ROLE_ARN", "arn"}}, "/root");
  EXPECT_THAT(all, Contains(Pair("AWS_WEB_IDENTITY_TOKEN_FILE", "/.fly/oidc_token")));
  EXPECT_THAT(all, Contains(Pair("AWS_ROLE_SESSION_NAME", "web@148e21f0c12345")));
  EXPECT_THAT(all, Contains(Pair("AWS_ROLE_ARN", "arn")));
}

TEST(BuildEnvironmentTest, WithoutARoleThereIsNothingOfAws) {
  for (const auto& [name, value] : BuildEnvironment(kMachine, {}, "/root")) EXPECT_NE(name.substr(0, 4), "AWS_");
}

TEST(BuildEnvironmentTest, TheUsersOwnSettingsWin) {
  const Environment all = BuildEnvironment(
      kMachine, {{"AWS_ROLE_ARN", "arn"}, {"AWS_ROLE_SESSION_NAME", ""}, {"PATH", "/x"}, {"HOME", "/y"}}, "/root");
  EXPECT_THAT(all, Contains(Pair("AWS_ROLE_SESSION_NAME", "")));
  EXPECT_THAT(all, Contains(Pair("PATH", "/x")));
  EXPECT_THAT(all, Contains(Pair("HOME", "/y")));
}

TEST(BuildEnvironmentTest, ThePlatformsVariablesCannotBeForged) {
  const Environment all = BuildEnvironment(kMachine, {{"FLY_MACHINE_ID", "x"}, {"FLY_REGION", "x"}}, "/root");
  EXPECT_THAT(all, Contains(Pair("FLY_MACHINE_ID", "148e21f0c12345")));
  EXPECT_THAT(all, Contains(Pair("FLY_REGION", "yyz")));
}

TEST(WantsAwsTokenTest, OnlyWithARoleAndNoOtherFile) {
  EXPECT_FALSE(WantsAwsToken({}));
  EXPECT_FALSE(WantsAwsToken({{"AWS_ROLE_ARN", ""}}));
  EXPECT_TRUE(WantsAwsToken({{"AWS_ROLE_ARN", "arn"}}));
  EXPECT_TRUE(WantsAwsToken({{"AWS_ROLE_ARN", "arn"}, {"AWS_WEB_IDENTITY_TOKEN_FILE", "/.fly/oidc_token"}}));
  EXPECT_FALSE(WantsAwsToken({{"AWS_ROLE_ARN", "arn"}, {"AWS_WEB_IDENTITY_TOKEN_FILE", "/mine"}}));
}

}  // namespace
}  // namespace flyd
