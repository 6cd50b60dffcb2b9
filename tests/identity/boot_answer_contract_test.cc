// What flyd writes into the answer to POST /boot is what init reads from it.
#include <string>

#include "absl/status/statusor.h"
#include "flyd/init/gate/boot_answer.h"
#include "flyd/supervisor/boot_answer_codec.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/machines/v1/machines.pb.h"
#include "storage/machine_record.h"

namespace tests {
namespace {

using fly::machines::v1::MachineConfig;
using testing::ElementsAre;
using testing::Pair;

absl::StatusOr<flyd::BootAnswer> Pass(const MachineConfig& config) {
  storage::MachineRecord record = {.id = "148e21", .name = "m1", .organization_slug = "acme", .app_name = "web", .region = "yyz"};
  record.boot.emplace();
  record.boot->boot_id = "b1";
  record.boot->version.version = "01HV";
  record.boot->version.config = config.SerializeAsString();
  absl::StatusOr<std::string> text = flyd::BootAnswerJson(record, "FlyV1 fm2_x");
  if (!text.ok()) return text.status();
  return flyd::ParseBootAnswer(*text);
}

TEST(BootAnswerContractTest, TheMachineAndItsRunPass) {
  MachineConfig config;
  config.add_command("sh");
  (*config.mutable_env())["A"] = "b=c";
  config.set_user("33:7");
  const absl::StatusOr<flyd::BootAnswer> answer = Pass(config);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->machine.id, "148e21");
  EXPECT_EQ(answer->machine.app, "web");
  EXPECT_THAT(answer->command, ElementsAre("sh"));
  EXPECT_THAT(answer->environment, ElementsAre(Pair("A", "b=c")));
  EXPECT_EQ(answer->user, "33:7");
}

TEST(BootAnswerContractTest, WithoutIdentitySettingsInitHasItsDefaults) {
  MachineConfig config;
  config.add_command("sh");
  const absl::StatusOr<flyd::BootAnswer> answer = Pass(config);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_FALSE(answer->identity.required);
  EXPECT_EQ(answer->identity.socket_mode, 0600u);
  EXPECT_FALSE(answer->identity.aws_principal_tags);
  EXPECT_FALSE(answer->identity.aws_pin_role);
  EXPECT_FALSE(answer->identity.google_metadata);
  EXPECT_TRUE(answer->identity.files.empty());
}

TEST(BootAnswerContractTest, EveryIdentitySettingPasses) {
  MachineConfig config;
  config.add_command("sh");
  auto& identity = *config.mutable_identity();
  identity.set_required(true);
  identity.set_socket_mode(0660);
  identity.set_aws_principal_tags(true);
  identity.set_aws_pin_role(true);
  identity.set_google_metadata(true);
  auto& file = *identity.add_files();
  file.set_path("/.fly/vault");
  file.set_audience("https://vault.example");
  file.set_mode(0440);
  file.set_owner("web:adm");
  identity.add_files()->set_path("/.fly/plain");
  const absl::StatusOr<flyd::BootAnswer> answer = Pass(config);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_TRUE(answer->identity.required);
  EXPECT_EQ(answer->identity.socket_mode, 0660u);
  EXPECT_TRUE(answer->identity.aws_principal_tags);
  EXPECT_TRUE(answer->identity.aws_pin_role);
  EXPECT_TRUE(answer->identity.google_metadata);
  ASSERT_EQ(answer->identity.files.size(), 2u);
  EXPECT_EQ(answer->identity.files[0].name, "vault");
  EXPECT_EQ(answer->identity.files[0].audience, "https://vault.example");
  EXPECT_EQ(answer->identity.files[0].mode, 0440u);
  EXPECT_EQ(answer->identity.files[0].owner, "web:adm");
  EXPECT_EQ(answer->identity.files[1].name, "plain");
  EXPECT_EQ(answer->identity.files[1].mode, 0u);
}

}  // namespace
}  // namespace tests
