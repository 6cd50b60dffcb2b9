#include "tokensvc/rpc/config_file.h"

#include <fstream>
#include <string>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "proto/fleet/v1/fleet.pb.h"
#include "tests/status_matchers.h"

namespace tokensvc {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using tests::IsOk;
using tests::StatusIs;

class ConfigFileTest : public testing::Test {
 protected:
  absl::StatusOr<ConfigFile> Read(const std::string& text) {
    std::ofstream(path_, std::ios::trunc) << text;
    return ConfigFile::Read(path_, message_);
  }

  const std::string path_ = testing::TempDir() + "/fleetd.txtpb";
  fly::fleet::v1::PlaceMachineRequest message_;
};

TEST_F(ConfigFileTest, AGoodFileFillsTheMessage) {
  ASSERT_THAT(Read("app_name: \"web\"\npolicy { any_audience: true }\n").status(), IsOk());
  EXPECT_EQ(message_.app_name(), "web");
  EXPECT_TRUE(message_.policy().any_audience());
}

TEST_F(ConfigFileTest, AMissingFileIsNotFound) {
  EXPECT_THAT(ConfigFile::Read(path_ + ".absent", message_).status(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("fleetd.txtpb.absent")));
}

TEST_F(ConfigFileTest, AnUnknownFieldIsNamedWithLineFoundAndWanted) {
  EXPECT_THAT(Read("app_name: \"web\"\n\ncolour: 7\n").status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("fleetd.txtpb:3: field colour, want one of"), HasSubstr("app_name"))));
}

TEST_F(ConfigFileTest, AnUnknownFieldOfAMessageInsideIsNamedToo) {
  EXPECT_THAT(Read("policy {\n  colour: 7\n}\n").status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr(":2: field colour, want one of"), HasSubstr("any_audience"))));
}

TEST_F(ConfigFileTest, AValueOfAnotherTypeIsNamedWithLineFoundAndWanted) {
  EXPECT_THAT(Read("app_name: \"web\"\nlifetime_seconds: \"soon\"\n").status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(":2: \"soon\", want integer")));
}

TEST_F(ConfigFileTest, AFieldGivenTwiceIsRefused) {
  EXPECT_THAT(Read("app_name: \"a\"\napp_name: \"b\"\n").status(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(":2: field app_name twice, want it once")));
}

TEST_F(ConfigFileTest, WhatIsFoundBadLaterStillNamesItsLine) {
  absl::StatusOr<ConfigFile> file = Read("app_name: \"web\"\npolicy {\n  any_audience: true\n}\n");
  ASSERT_THAT(file.status(), IsOk());
  EXPECT_THAT(file->Bad("policy.any_audience", "true, want false"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(":3: policy.any_audience: true, want false")));
  EXPECT_THAT(file->Bad("policy.default_audience", "empty, want one"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(":2: policy.default_audience: empty, want one")));
  EXPECT_THAT(file->Bad("region", "empty, want one"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("fleetd.txtpb: region: empty, want one")));
}

}  // namespace
}  // namespace tokensvc
