#include "tools/flydctl/token_file_option.h"

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace tools {
namespace {

using testing::HasSubstr;
using tests::IsOk;
using tests::StatusIs;

struct OptionCase {
  const char* name;
  std::string option;
  std::string path;
  std::string audience;
  uint32_t mode = 0;
  std::string owner = "";
};
class OptionTest : public testing::TestWithParam<OptionCase> {};

TEST_P(OptionTest, IsTakenApart) {
  const absl::StatusOr<fly::machines::v1::TokenFile> file = ParseTokenFileOption(GetParam().option);
  ASSERT_THAT(file.status(), IsOk());
  EXPECT_EQ(file->path(), GetParam().path);
  EXPECT_EQ(file->audience(), GetParam().audience);
  EXPECT_EQ(file->mode(), GetParam().mode);
  EXPECT_EQ(file->owner(), GetParam().owner);
}

INSTANTIATE_TEST_SUITE_P(
    Forms, OptionTest,
    testing::Values(OptionCase{"PathAndAudience", "/.fly/v=https://v", "/.fly/v", "https://v"},
                    OptionCase{"PathAlone", "/.fly/v", "/.fly/v", ""},
                    OptionCase{"Everything", "/.fly/v=aud,mode=0640,owner=web:adm", "/.fly/v", "aud", 0640, "web:adm"},
                    OptionCase{"OtherOrder", "/.fly/v=aud,owner=33,mode=440", "/.fly/v", "aud", 0440, "33"},
                    OptionCase{"EqualsInTheAudience", "/.fly/v=https://v?a=b", "/.fly/v", "https://v?a=b"},
                    OptionCase{"CommaInTheAudience", "/.fly/v=a,b,mode=0600", "/.fly/v", "a,b", 0600}),
    [](const auto& info) { return info.param.name; });

TEST(ParseTokenFileOptionTest, WithoutAPathIsRefused) {
  for (const char* option : {"", "=aud", "=,mode=0600"}) {
    EXPECT_THAT(ParseTokenFileOption(option).status(), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no path")))
        << option;
  }
}

TEST(ParseTokenFileOptionTest, AModeIsOctal) {
  for (const char* option : {"/.fly/v=a,mode=", "/.fly/v=a,mode=0680", "/.fly/v=a,mode=rw", "/.fly/v=a,mode=0000600"}) {
    EXPECT_THAT(ParseTokenFileOption(option).status(),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("want mode=OCTAL")))
        << option;
  }
}

}  // namespace
}  // namespace tools
