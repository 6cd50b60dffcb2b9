#include "tools/trust/aws_condition.h"

#include <optional>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace tools {
namespace {

constexpr Truth kYes = Truth::kTrue;
constexpr Truth kNo = Truth::kFalse;
constexpr Truth kMaybe = Truth::kUnknown;

struct Row {
  const char* name;
  const char* operator_text;
  std::vector<std::string> values;
  Truth present;  // where the key has the value "acme:web:m1"
  Truth absent;
};

class AwsConditionTest : public testing::TestWithParam<Row> {};

TEST_P(AwsConditionTest, Judges) {
  AwsCondition condition = ParseAwsOperator(GetParam().operator_text);
  condition.values = GetParam().values;
  EXPECT_EQ(Judge(condition, "acme:web:m1"), GetParam().present);
  EXPECT_EQ(Judge(condition, std::nullopt), GetParam().absent);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, AwsConditionTest,
    testing::Values(
        Row{"Equals", "StringEquals", {"acme:web:m1"}, kYes, kNo},
        Row{"EqualsMindsTheCase", "StringEquals", {"acme:Web:m1"}, kNo, kNo},
        Row{"EqualsTakesAStarAsALetter", "StringEquals", {"acme:web:*"}, kNo, kNo},
        Row{"EqualsOneOfSeveral", "StringEquals", {"x", "acme:web:m1"}, kYes, kNo},
        Row{"EqualsNone", "StringEquals", {}, kNo, kNo},
        Row{"IgnoreCase", "StringEqualsIgnoreCase", {"ACME:web:M1"}, kYes, kNo},
        Row{"IgnoreCaseTakesAStarAsALetter", "StringEqualsIgnoreCase", {"ACME:*"}, kNo, kNo},
        Row{"Like", "StringLike", {"acme:web:*"}, kYes, kNo},
        Row{"LikeMindsTheCase", "StringLike", {"acme:Web:*"}, kNo, kNo},
        Row{"LikeOneOfSeveral", "StringLike", {"acme:api:*", "acme:we?:*"}, kYes, kNo},
        Row{"NotEquals", "StringNotEquals", {"acme:web:m2"}, kYes, kYes},
        Row{"NotEqualsAny", "StringNotEquals", {"acme:web:m2", "acme:web:m1"}, kNo, kYes},
        Row{"NotEqualsIgnoreCase", "StringNotEqualsIgnoreCase", {"ACME:WEB:M1"}, kNo, kYes},
        Row{"NotLike", "StringNotLike", {"acme:api:*"}, kYes, kYes},
        Row{"NotLikeThatFits", "StringNotLike", {"acme:web:*"}, kNo, kYes},
        Row{"IfExists", "StringEqualsIfExists", {"acme:web:m1"}, kYes, kYes},
        Row{"IfExistsOfAnother", "StringEqualsIfExists", {"acme:web:m2"}, kNo, kYes},
        Row{"ForAllValuesIsTrueOfNothing", "ForAllValues:StringLike", {"acme:api:*"}, kNo, kYes},
        Row{"ForAnyValueIsFalseOfNothing", "ForAnyValue:StringLike", {"acme:web:*"}, kYes, kNo},
        Row{"ForAnyValueNegated", "ForAnyValue:StringNotEquals", {"acme:web:m2"}, kYes, kNo},
        Row{"NullTrueWantsAbsence", "Null", {"true"}, kNo, kYes},
        Row{"NullFalseWantsPresence", "Null", {"false"}, kYes, kNo},
        Row{"NullOfAnotherWord", "Null", {"maybe"}, kMaybe, kMaybe},
        Row{"APolicyVariable", "StringEquals", {"${aws:username}"}, kMaybe, kNo},
        Row{"AVariableBesideAFit", "StringEquals", {"${aws:username}", "acme:web:m1"}, kYes, kNo},
        Row{"ANegatedVariable", "StringNotEquals", {"${aws:username}"}, kMaybe, kYes},
        Row{"AnotherOperator", "ArnLike", {"acme:web:m1"}, kMaybe, kMaybe},
        Row{"AnotherCaseIsAnotherOperator", "stringEquals", {"acme:web:m1"}, kMaybe, kMaybe},
        Row{"AnUnknownPrefix", "ForSomeValues:StringEquals", {"acme:web:m1"}, kMaybe, kMaybe}),
    [](const auto& info) { return info.param.name; });

}  // namespace
}  // namespace tools
