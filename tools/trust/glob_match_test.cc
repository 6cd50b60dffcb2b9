#include "tools/trust/glob_match.h"

#include <string>

#include "gtest/gtest.h"

namespace tools {
namespace {

struct Row {
  const char* name;
  const char* pattern;
  const char* text;
  bool like;  // as AWS StringLike
};

class GlobMatchTest : public testing::TestWithParam<Row> {};

TEST_P(GlobMatchTest, IsStringLike) {
  EXPECT_EQ(MatchesGlob(GetParam().pattern, GetParam().text, GlobSyntax::kStarAndQuestion), GetParam().like);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, GlobMatchTest,
    testing::Values(Row{"TheSame", "acme:web:m1", "acme:web:m1", true}, Row{"Longer", "acme:web:m1", "acme:web:m12", false},
                    Row{"Shorter", "acme:web:m1", "acme:web:m", false}, Row{"Case", "acme:Web:*", "acme:web:m1", false},
                    Row{"StarAtTheEnd", "acme:web:*", "acme:web:m1", true},
                    Row{"StarForNothing", "acme:web:*", "acme:web:", true},
                    Row{"StarNeedsItsHead", "acme:web:*", "acme:web", false},
                    Row{"StarCrossesColons", "acme:*", "acme:web:m1", true},
                    Row{"OpenEnd", "acme:web*", "acme:web2:m1", true}, Row{"StarAlone", "*", "", true},
                    Row{"EmptyPattern", "", "a", false}, Row{"BothEmpty", "", "", true},
                    Row{"StarInTheMiddle", "acme:*:m1", "acme:web:m1", true},
                    Row{"StarInTheMiddleTriesAgain", "a*bc", "abcbc", true},
                    Row{"StarInTheMiddleNeedsItsTail", "a*bc", "abcb", false},
                    Row{"TwoStars", "*:web:*", "acme:web:m1", true}, Row{"ManyStars", "**a**", "bab", true},
                    Row{"QuestionIsOne", "m?", "m1", true}, Row{"QuestionIsNotNone", "m?", "m", false},
                    Row{"QuestionIsNotTwo", "m?", "m12", false}, Row{"QuestionAfterStar", "*?", "", false},
                    Row{"NulIsACharacter", "m", "", false}),
    [](const auto& info) { return info.param.name; });

TEST(GlobSyntaxTest, AQuestionMarkIsItselfWhereOnlyStarsStandForOthers) {
  EXPECT_FALSE(MatchesGlob("m?", "m1", GlobSyntax::kStar));
  EXPECT_TRUE(MatchesGlob("m?", "m?", GlobSyntax::kStar));
  EXPECT_TRUE(MatchesGlob("m*", "m1", GlobSyntax::kStar));
}

TEST(GlobSyntaxTest, WithoutSyntaxOnlyTheSameTextMatches) {
  EXPECT_FALSE(MatchesGlob("m*", "m1", GlobSyntax::kNone));
  EXPECT_TRUE(MatchesGlob("m*", "m*", GlobSyntax::kNone));
}

TEST(GlobSyntaxTest, TheFirstWildcardDependsOnTheSyntax) {
  EXPECT_EQ(FirstWildcard("a?*", GlobSyntax::kStarAndQuestion), 1u);
  EXPECT_EQ(FirstWildcard("a?*", GlobSyntax::kStar), 2u);
  EXPECT_EQ(FirstWildcard("a?*", GlobSyntax::kNone), absl::string_view::npos);
}

// A pattern of stars against a text that fits nowhere must not take exponential time.
TEST(GlobSyntaxTest, ManyStarsOnALongTextEnd) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "*a";
  EXPECT_FALSE(MatchesGlob(pattern + "b", std::string(2000, 'a'), GlobSyntax::kStarAndQuestion));
}

}  // namespace
}  // namespace tools
