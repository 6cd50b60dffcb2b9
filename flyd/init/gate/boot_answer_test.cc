#include "flyd/init/gate/boot_answer.h"

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/status_matchers.h"

namespace flyd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using tests::StatusIs;

nlohmann::json Whole() {
  return nlohmann::json::parse(R"({
    "boot_id": "b1", "macaroon": "FlyV1 fm2_secret",
    "machine": {"id": "148e21", "name": "m1", "app": "web", "organization": "acme", "region": "yyz", "version": "01HV",
                "image": "host", "image_digest": "sha256:00"},
    "run": {"command": ["sh", "-c", "true"], "env": {"A": "b"}, "user": "web", "working_dir": "/srv"},
    "identity": {"required": true, "socket_mode": "0660", "aws_principal_tags": true, "aws_pin_role": true,
                 "google_metadata": true, "files": [
                   {"path": "/.fly/vault", "audience": "https://v", "mode": "0640", "owner": "web:adm"},
                   {"path": "/.fly/other", "audience": "", "mode": "", "owner": ""}]},
    "stop": {"signal": "SIGINT", "timeout_seconds": 5}, "later": 1})");
}

absl::StatusOr<BootAnswer> Parse(const nlohmann::json& json) {
  std::string text = json.dump();
  return ParseBootAnswer(text);
}

TEST(ParseBootAnswerTest, ReadsEveryField) {
  const absl::StatusOr<BootAnswer> answer = Parse(Whole());
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->boot_id, "b1");
  EXPECT_EQ(answer->macaroon.Reveal(), "FlyV1 fm2_secret");
  EXPECT_EQ(answer->machine.app, "web");
  EXPECT_EQ(answer->machine.image_digest, "sha256:00");
  EXPECT_THAT(answer->command, ElementsAre("sh", "-c", "true"));
  EXPECT_EQ(answer->environment.at("A"), "b");
  EXPECT_EQ(answer->user, "web");
  EXPECT_EQ(answer->working_dir, "/srv");
}

TEST(ParseBootAnswerTest, ReadsWhatIsSaidOfTheIdentity) {
  const absl::StatusOr<BootAnswer> answer = Parse(Whole());
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_TRUE(answer->identity.required);
  EXPECT_EQ(answer->identity.socket_mode, 0660u);
  EXPECT_TRUE(answer->identity.aws_principal_tags);
  EXPECT_TRUE(answer->identity.aws_pin_role);
  EXPECT_TRUE(answer->identity.google_metadata);
  ASSERT_EQ(answer->identity.files.size(), 2u);
  EXPECT_EQ(answer->identity.files[0].name, "vault");
  EXPECT_EQ(answer->identity.files[0].audience, "https://v");
  EXPECT_EQ(answer->identity.files[0].mode, 0640u);
  EXPECT_EQ(answer->identity.files[0].owner, "web:adm");
  EXPECT_EQ(answer->identity.files[1].mode, 0u);
}

TEST(ParseBootAnswerTest, IdentityHasDefaults) {
  nlohmann::json json = Whole();
  json.erase("identity");
  const absl::StatusOr<BootAnswer> answer = Parse(json);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->identity.socket_mode, 0600u);
  EXPECT_FALSE(answer->identity.required);
  EXPECT_FALSE(answer->identity.google_metadata);
  EXPECT_TRUE(answer->identity.files.empty());
}

TEST(ParseBootAnswerTest, LeavesNothingOfTheTextBehind) {
  std::string text = Whole().dump();
  ASSERT_TRUE(ParseBootAnswer(text).ok());
  EXPECT_EQ(text.find_first_not_of('\0'), std::string::npos);
}

struct BadCase {
  const char* name;
  const char* pointer;
  nlohmann::json value;
  const char* word;
};
class BadBootAnswerTest : public testing::TestWithParam<BadCase> {};

TEST_P(BadBootAnswerTest, IsRefusedByFieldAndWithoutItsValue) {
  nlohmann::json json = Whole();
  json[nlohmann::json::json_pointer(GetParam().pointer)] = GetParam().value;
  const absl::Status status = Parse(json).status();
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().word)));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("fm2_")));
}

INSTANTIATE_TEST_SUITE_P(
    Fields, BadBootAnswerTest,
    testing::Values(BadCase{"MacaroonNumber", "/macaroon", 7, "macaroon"}, BadCase{"MacaroonEmpty", "/macaroon", "", "macaroon"},
                    BadCase{"MacaroonTwoLines", "/macaroon", "FlyV1 fm2_\r\nX: y", "macaroon"},
                    BadCase{"NoCommand", "/run/command", nullptr, "run.command"},
                    BadCase{"CommandNumber", "/run/command", {1}, "run.command"},
                    BadCase{"EnvList", "/run/env", {1}, "run.env"}, BadCase{"EnvNumber", "/run/env/A", 1, "run.env.A"},
                    BadCase{"EnvName", "/run/env/A=B", "x", "run.env"},
                    BadCase{"Mode", "/identity/socket_mode", "rw", "socket_mode"},
                    BadCase{"FileElsewhere", "/identity/files/0/path", "/run/vault", "identity.files.path"},
                    BadCase{"FileUpward", "/identity/files/0/path", "/.fly/../x", "identity.files.path"},
                    BadCase{"FileHidden", "/identity/files/0/path", "/.fly/.x", "identity.files.path"},
                    BadCase{"FileNoObject", "/identity/files/0", "x", "identity.files.path"},
                    BadCase{"FileMode", "/identity/files/0/mode", "rw", "identity.mode"},
                    BadCase{"MachineId", "/machine/id", 1, "machine.id"}),
    [](const auto& info) { return info.param.name; });

TEST(ParseBootAnswerTest, WhatIsNoObjectIsRefused) {
  for (std::string text : {"", "[]", "{", "7"}) {
    EXPECT_THAT(ParseBootAnswer(text).status(), StatusIs(absl::StatusCode::kInvalidArgument));
  }
}

}  // namespace
}  // namespace flyd
