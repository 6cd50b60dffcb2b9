#include "flyd/init/workload/workload_environment.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace flyd {
namespace {

using testing::Contains;
using testing::Pair;

const MachineFacts kMachine = {.id = "148e21f0c12345", .name = "m1", .app = "web", .organization = "acme",
                               .region = "yyz", .version = "01HV", .image = "host"};

TEST(BuildEnvironmentTest, TheIdentitysVariablesAreAdded) {
  EXPECT_THAT(BuildEnvironment(kMachine, {}, {{"AWS_ROLE_SESSION_NAME", "web@1"}}, "/root"),
              Contains(Pair("AWS_ROLE_SESSION_NAME", "web@1")));
}

TEST(BuildEnvironmentTest, WithoutAnIdentityThereIsNothingOfAws) {
  for (const auto& [name, value] : BuildEnvironment(kMachine, {}, {}, "/root")) EXPECT_NE(name.substr(0, 4), "AWS_");
}

TEST(BuildEnvironmentTest, TheUsersOwnSettingsWin) {
  const Environment all = BuildEnvironment(kMachine, {{"AWS_ROLE_SESSION_NAME", ""}, {"PATH", "/x"}, {"HOME", "/y"}},
                                           {{"AWS_ROLE_SESSION_NAME", "web@1"}}, "/root");
  EXPECT_THAT(all, Contains(Pair("AWS_ROLE_SESSION_NAME", "")));
  EXPECT_THAT(all, Contains(Pair("PATH", "/x")));
  EXPECT_THAT(all, Contains(Pair("HOME", "/y")));
}

TEST(BuildEnvironmentTest, ThePlatformsVariablesCannotBeForged) {
  const Environment all =
      BuildEnvironment(kMachine, {{"FLY_MACHINE_ID", "x"}, {"FLY_REGION", "x"}}, {{"FLY_APP_NAME", "x"}}, "/root");
  EXPECT_THAT(all, Contains(Pair("FLY_MACHINE_ID", "148e21f0c12345")));
  EXPECT_THAT(all, Contains(Pair("FLY_REGION", "yyz")));
  EXPECT_THAT(all, Contains(Pair("FLY_APP_NAME", "web")));
}

}  // namespace
}  // namespace flyd
