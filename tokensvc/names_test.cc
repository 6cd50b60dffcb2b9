#include "tokensvc/names.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/status_matchers.h"

namespace tokensvc {
namespace {

using testing::HasSubstr;

struct NameCase {
  const char* name;
  std::string text;
  bool accepted;
};
class NameTest : public testing::TestWithParam<NameCase> {};

TEST_P(NameTest, IsCheckedAgainstTheAlphabetAndTheBound) {
  const absl::Status status = CheckName(GetParam().text, 8);
  if (GetParam().accepted) {
    EXPECT_THAT(status, tests::IsOk());
  } else {
    EXPECT_THAT(status, tests::StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("[a-z0-9-]")));
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, NameTest,
                         testing::Values(NameCase{"One", "a", true}, NameCase{"Max", "abcdefg8", true},
                                         NameCase{"PastMax", "abcdefg89", false}, NameCase{"Empty", "", false},
                                         NameCase{"Upper", "Web", false}, NameCase{"Colon", "a:b", false},
                                         NameCase{"Slash", "a/b", false}, NameCase{"Dot", "a.b", false},
                                         NameCase{"Nul", std::string("a\0b", 3), false},
                                         NameCase{"Hyphen", "a-b", true}, NameCase{"LeadingHyphen", "-a", false},
                                         NameCase{"TrailingHyphen", "a-", false}),
                         [](const auto& info) { return info.param.name; });

TEST(AudienceTest, BoundsAreOneAndTwoHundredFiftyFiveBytes) {
  EXPECT_FALSE(IsAudience(""));
  EXPECT_TRUE(IsAudience("a"));
  EXPECT_TRUE(IsAudience(std::string(255, 'a')));
  EXPECT_FALSE(IsAudience(std::string(256, 'a')));
}

TEST(AudienceTest, ControlCharactersAndBrokenUtf8AreRefused) {
  EXPECT_FALSE(IsAudience("a\nb"));
  EXPECT_FALSE(IsAudience(std::string("a\0b", 3)));
  EXPECT_FALSE(IsAudience("a\x7f"));
  EXPECT_FALSE(IsAudience("a\xc2\x80"));
  EXPECT_FALSE(IsAudience("a\xc2\x9f" "b"));
  EXPECT_TRUE(IsAudience("a\xc2\xa0"));
  EXPECT_TRUE(IsAudience("caf\xc3\xa9"));
  EXPECT_FALSE(IsAudience("\xc3"));
  EXPECT_FALSE(IsAudience("\xc0\xaf"));          // overlong
  EXPECT_FALSE(IsAudience("\xed\xa0\x80"));      // surrogate
  EXPECT_FALSE(IsAudience("\xf4\x90\x80\x80"));  // above U+10FFFF
}

TEST(ImageDigestTest, IsSha256InLowerCaseHex) {
  const std::string hex(64, 'a');
  EXPECT_THAT(CheckImageDigest("sha256:" + hex), tests::IsOk());
  EXPECT_FALSE(CheckImageDigest("sha256:" + hex + "a").ok());
  EXPECT_FALSE(CheckImageDigest("sha512:" + hex).ok());
  EXPECT_FALSE(CheckImageDigest("sha256:" + std::string(64, 'A')).ok());
}

TEST(UlidTest, FirstCharacterKeepsItWithinOneHundredTwentyEightBits) {
  EXPECT_THAT(CheckUlid("7ZZZZZZZZZZZZZZZZZZZZZZZZZ"), tests::IsOk());
  EXPECT_FALSE(CheckUlid("8ZZZZZZZZZZZZZZZZZZZZZZZZZ").ok());
  EXPECT_FALSE(CheckUlid("01HTGGC1TZ2JHK83J4AC0R3VE").ok());
  EXPECT_FALSE(CheckUlid("01HTGGC1TZ2JHK83J4AC0R3VEU").ok());
}

}  // namespace
}  // namespace tokensvc
