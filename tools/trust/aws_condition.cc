#include "tools/trust/aws_condition.h"

#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "tools/trust/glob_match.h"

namespace tools {
namespace {

using Comparison = AwsCondition::Comparison;

struct Operator {
  const char* name;
  Comparison comparison;
  bool negated;
};
constexpr Operator kOperators[] = {
    {"StringEquals", Comparison::kEquals, false},
    {"StringNotEquals", Comparison::kEquals, true},
    {"StringEqualsIgnoreCase", Comparison::kEqualsIgnoreCase, false},
    {"StringNotEqualsIgnoreCase", Comparison::kEqualsIgnoreCase, true},
    {"StringLike", Comparison::kLike, false},
    {"StringNotLike", Comparison::kLike, true},
    {"Null", Comparison::kNull, false},
};

Truth Fits(Comparison comparison, absl::string_view wanted, absl::string_view value) {
  if (absl::StrContains(wanted, "${")) return Truth::kUnknown;
  switch (comparison) {
    case Comparison::kEquals: return TruthOf(wanted == value);
    case Comparison::kEqualsIgnoreCase: return TruthOf(absl::EqualsIgnoreCase(wanted, value));
    case Comparison::kLike: return TruthOf(MatchesGlob(wanted, value, GlobSyntax::kStarAndQuestion));
    case Comparison::kNull:
    case Comparison::kOther: break;
  }
  return Truth::kUnknown;
}

Truth JudgeNull(const AwsCondition& condition, bool present) {
  Truth any = Truth::kFalse;
  for (const std::string& value : condition.values) {
    if (value != "true" && value != "false") any = Or(any, Truth::kUnknown);
    any = Or(any, TruthOf((value == "true" && !present) || (value == "false" && present)));
  }
  return any;
}

}  // namespace

AwsCondition ParseAwsOperator(absl::string_view text) {
  AwsCondition condition;
  condition.text = std::string(text);
  if (absl::ConsumePrefix(&text, "ForAllValues:")) {
    condition.set = AwsCondition::Set::kForAllValues;
  } else if (absl::ConsumePrefix(&text, "ForAnyValue:")) {
    condition.set = AwsCondition::Set::kForAnyValue;
  }
  condition.if_exists = absl::ConsumeSuffix(&text, "IfExists");
  for (const Operator& known : kOperators) {
    if (text != known.name) continue;
    condition.comparison = known.comparison;
    condition.negated = known.negated;
  }
  return condition;
}

Truth Judge(const AwsCondition& condition, const std::optional<std::string>& value) {
  if (condition.comparison == Comparison::kOther) return Truth::kUnknown;
  if (condition.comparison == Comparison::kNull) return JudgeNull(condition, value.has_value());
  if (!value.has_value()) {
    if (condition.set == AwsCondition::Set::kForAllValues || condition.if_exists) return Truth::kTrue;
    return TruthOf(condition.negated && condition.set == AwsCondition::Set::kNone);
  }
  Truth any = Truth::kFalse;
  for (const std::string& wanted : condition.values) any = Or(any, Fits(condition.comparison, wanted, *value));
  return condition.negated ? Not(any) : any;
}

}  // namespace tools
