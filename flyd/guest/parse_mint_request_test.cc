#include "flyd/guest/parse_mint_request.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace flyd {
namespace {

using testing::HasSubstr;

TEST(ParseMintRequestTest, NothingAndAnEmptyObjectAndAnEmptyAudienceAskForTheDefault) {
  for (const char* body : {"", "{}", R"({"aud":""})"}) {
    const auto request = ParseMintRequest(body);
    ASSERT_THAT(request, tests::IsOk()) << body;
    EXPECT_EQ(request->audience, "");
    EXPECT_FALSE(request->aws_principal_tags);
  }
}

TEST(ParseMintRequestTest, TakesAudienceRoleAndTags) {
  const auto request = ParseMintRequest(
      R"({"aud":"sts.amazonaws.com","aws_role_arn":"arn:aws:iam::123456789012:role/r","aws_principal_tags":true})");
  ASSERT_THAT(request, tests::IsOk());
  EXPECT_EQ(request->audience, "sts.amazonaws.com");
  EXPECT_EQ(request->aws_role_arn, "arn:aws:iam::123456789012:role/r");
  EXPECT_TRUE(request->aws_principal_tags);
}

TEST(ParseMintRequestTest, AnAudienceHasAtMostTwoHundredFiftyFiveBytes) {
  EXPECT_THAT(ParseMintRequest(absl::StrCat(R"({"aud":")", std::string(255, 'a'), R"("})")), tests::IsOk());
  EXPECT_THAT(ParseMintRequest(absl::StrCat(R"({"aud":")", std::string(256, 'a'), R"("})")),
              tests::StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("aud: 256 bytes")));
}

struct BadBody {
  const char* name;
  const char* body;
  const char* message;
};
TEST(ParseMintRequestTest, ANulOrAByteOrderMarkIsNoJson) {
  for (const std::string& body :
       {std::string("{\"aud\":\"a\"}\0{\"aud\":\"b\"}", 23), std::string("{}\0", 3), std::string("\xef\xbb\xbf{}")}) {
    EXPECT_THAT(ParseMintRequest(body),
                tests::StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("not a JSON object")));
  }
}

class BadBodyTest : public testing::TestWithParam<BadBody> {};

TEST_P(BadBodyTest, IsRefusedWithItsCause) {
  EXPECT_THAT(ParseMintRequest(GetParam().body),
              tests::StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().message)));
}

INSTANTIATE_TEST_SUITE_P(
    Each, BadBodyTest,
    testing::Values(BadBody{"NotJson", "aud=x", "not a JSON object"}, BadBody{"Truncated", R"({"aud":"x")", "JSON"},
                    BadBody{"Trailing", "{} {}", "JSON"}, BadBody{"Array", "[]", "JSON object"},
                    BadBody{"Number", R"({"aud":1})", "aud: number, want a string"},
                    BadBody{"List", R"({"aud":["a"]})", "aud: array, want a string"},
                    BadBody{"Null", R"({"aud":null})", "aud: null, want a string"},
                    BadBody{"ControlCharacter", R"({"aud":"a\u0000"})", "control characters"},
                    BadBody{"Twice", R"({"aud":"a","aud":"b"})", "a member twice"},
                    BadBody{"AnotherMachine", R"({"machine_id":"148e21ea7e46e8"})", "unknown member"},
                    BadBody{"TagsAsText", R"({"aws_principal_tags":"true"})", "aws_principal_tags: string"},
                    BadBody{"ShortRole", R"({"aws_role_arn":"arn"})", "aws_role_arn: 3 bytes"}),
    [](const auto& info) { return info.param.name; });

TEST(ParseMintRequestTest, DeeplyNestedBodiesAreRefusedWithoutRecursion) {
  EXPECT_FALSE(ParseMintRequest(std::string(4096, '[')).ok());
  EXPECT_FALSE(ParseMintRequest(absl::StrCat(R"({"aud":)", std::string(2000, '['), std::string(2000, ']'), "}")).ok());
}

}  // namespace
}  // namespace flyd
