#ifndef TOOLS_TRUST_AWS_CONDITION_H_
#define TOOLS_TRUST_AWS_CONDITION_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tools/trust/truth.h"

namespace tools {

// One key of one operator of a Condition, as in
// docs.aws.amazon.com "IAM JSON policy elements: Condition operators".
struct AwsCondition {
  enum class Comparison {
    kEquals,
    kEqualsIgnoreCase,
    kLike,
    kNull,
    kOther,  // an operator that this program does not judge
  };
  enum class Set { kNone, kForAllValues, kForAnyValue };

  std::string text;  // the operator as written
  Comparison comparison = Comparison::kOther;
  Set set = Set::kNone;
  bool negated = false;
  bool if_exists = false;
  std::string key;
  std::vector<std::string> values;
};

// Sets everything but key and values from an operator such as "ForAnyValue:StringNotLikeIfExists". Operators are written
// in one way: another case is another operator, kOther.
AwsCondition ParseAwsOperator(absl::string_view text);

// What the condition says where its key has `value` in the request; nullopt: the request lacks the key.
//
//   * The values of a key are alternatives; a negated operator wants that none fits.
//   * A key that the request lacks makes a plain or ForAnyValue operator false, a negated, IfExists or ForAllValues one
//     true.
//   * A value with a policy variable (${…}) and an operator that is kOther are unknown.
Truth Judge(const AwsCondition& condition, const std::optional<std::string>& value);

}  // namespace tools

#endif  // TOOLS_TRUST_AWS_CONDITION_H_
