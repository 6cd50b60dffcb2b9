#include "tools/trust/gcp_condition.h"

#include <map>
#include <string>

#include "gtest/gtest.h"

namespace tools {
namespace {

const std::map<std::string, std::string> kMapping = {{"google.subject", "assertion.sub"},
                                                     {"attribute.team", "assertion.app_name"},
                                                     {"attribute.app", "assertion.org_name + ':' + assertion.app_name"}};
const std::map<std::string, std::string> kClaims = {{"sub", "acme:web:m1"}, {"app_name", "web"}};

struct Row {
  const char* name;
  const char* text;
  Truth holds;
};
class GcpConditionTest : public testing::TestWithParam<Row> {};

TEST_P(GcpConditionTest, Judges) {
  const auto condition = GcpCondition::Parse(GetParam().text, kMapping);
  ASSERT_TRUE(condition.has_value());
  EXPECT_EQ(condition->Judge(kClaims), GetParam().holds);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, GcpConditionTest,
    testing::Values(Row{"Equal", "assertion.sub == 'acme:web:m1'", Truth::kTrue},
                    Row{"EqualInDoubleQuotes", "assertion.sub==\"acme:web:m1\"", Truth::kTrue},
                    Row{"EqualTurnedRound", "'acme:web:m1' == assertion.sub", Truth::kTrue},
                    Row{"NotEqual", "assertion.sub != 'acme:web:m1'", Truth::kFalse},
                    Row{"InBrackets", "assertion['sub'] == 'acme:web:m1'", Truth::kTrue},
                    Row{"In", "assertion.sub in ['x', 'acme:web:m1']", Truth::kTrue},
                    Row{"NotIn", "!(assertion.sub in ['x', 'y'])", Truth::kTrue},
                    Row{"StartsWith", "assertion.sub.startsWith('acme:web:')", Truth::kTrue},
                    Row{"StartsWithAnother", "assertion.sub.startsWith('acme:api:')", Truth::kFalse},
                    Row{"EndsWith", "assertion.sub.endsWith(':m1')", Truth::kTrue},
                    Row{"Contains", "assertion.sub.contains('api')", Truth::kFalse},
                    Row{"ByTheMapping", "google.subject == 'acme:web:m1' && attribute.team == 'web'", Truth::kTrue},
                    Row{"AndBindsTighterThanOr",
                        "assertion.app_name == 'web' || assertion.app_name == 'x' && assertion.app_name == 'y'", Truth::kTrue},
                    Row{"Parentheses", "(assertion.app_name == 'web' || assertion.app_name == 'x') && assertion.sub == 'y'",
                        Truth::kFalse},
                    Row{"AClaimOfTheTokenAlone", "assertion.image == 'x'", Truth::kUnknown},
                    Row{"UnknownBesideFalse", "assertion.image == 'x' && assertion.sub == 'y'", Truth::kFalse},
                    Row{"AnEscapedQuote", "assertion.sub == 'it\\'s'", Truth::kFalse}),
    [](const auto& info) { return info.param.name; });

class BeyondTest : public testing::TestWithParam<const char*> {};

TEST_P(BeyondTest, IsNotParsed) { EXPECT_FALSE(GcpCondition::Parse(GetParam(), kMapping).has_value()); }

INSTANTIATE_TEST_SUITE_P(Texts, BeyondTest,
                         testing::Values("", "true", "assertion.sub", "assertion.sub == ", "assertion.sub == 'x", "assertion.sub = 'x'",
                                         "assertion.sub == 'x' &&", "(assertion.sub == 'x'", "assertion.sub == 'x')",
                                         "assertion.sub.matches('^acme')", "assertion.sub.startsWith('x'", "assertion.sub in []",
                                         "assertion.sub in ['x'", "attribute.app == 'acme:web'", "attribute.none == 'x'",
                                         "assertion.sub == 'a\\n'", "size(assertion.sub) == 3", "'a' != assertion.sub"));

TEST(GcpConditionDepthTest, DeepNestingIsRefusedNotFollowed) {
  EXPECT_FALSE(GcpCondition::Parse(std::string(100'000, '(') + "assertion.sub == 'x'", kMapping).has_value());
  EXPECT_FALSE(GcpCondition::Parse(std::string(100'000, '!') + "assertion.sub == 'x'", kMapping).has_value());
}

struct BoundRow {
  const char* name;
  const char* text;
  bool bounded;
  const char* first;  // pattern; null: none
};
class BoundTest : public testing::TestWithParam<BoundRow> {};

TEST_P(BoundTest, OfSubject) {
  const auto bound = GcpCondition::Parse(GetParam().text, kMapping)->BoundOfSubject();
  EXPECT_EQ(bound.bounded, GetParam().bounded);
  EXPECT_EQ(bound.patterns.empty(), GetParam().first == nullptr);
  if (GetParam().first != nullptr) {
    EXPECT_EQ(bound.patterns[0].text, GetParam().first);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rows, BoundTest,
    testing::Values(BoundRow{"Equal", "assertion.sub == 'acme:web:m1'", true, "acme:web:m1"},
                    BoundRow{"StartsWith", "assertion.sub.startsWith('acme:web')", true, "acme:web*"},
                    BoundRow{"EndsWith", "assertion.sub.endsWith(':m1')", true, "*:m1"},
                    BoundRow{"AnotherClaim", "assertion.app_name == 'web'", true, nullptr},
                    BoundRow{"AClaimOfEveryMachine", "assertion.org_name == 'acme'", false, nullptr},
                    BoundRow{"ARefusal", "assertion.sub != 'x'", false, nullptr},
                    BoundRow{"AndTakesTheBound", "assertion.org_name == 'acme' && assertion.sub == 'acme:web:m1'", true, "acme:web:m1"},
                    BoundRow{"OrNeedsBoth", "assertion.org_name == 'acme' || assertion.sub == 'acme:web:m1'", false, nullptr},
                    BoundRow{"OrOfTwo", "assertion.sub == 'acme:a:m' || assertion.sub.startsWith('acme:b:')", true, "acme:a:m"}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace tools
