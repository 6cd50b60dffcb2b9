#ifndef TOOLS_TRUST_AWS_DOCUMENT_H_
#define TOOLS_TRUST_AWS_DOCUMENT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "tools/trust/aws_condition.h"

namespace tools {

// One statement of a role's trust policy.
struct AwsStatement {
  std::string name;  // "statement 1", with its Sid where it has one
  bool allow = true;
  bool any_principal = false;              // "*", or Federated "*"
  std::vector<std::string> providers;      // HOST/PATH of each OIDC provider in Principal.Federated
  std::vector<std::string> actions;        // as written
  std::vector<AwsCondition> conditions;    // all must hold
  std::vector<std::string> not_judged;     // members that this program does not judge: NotAction, Resource, …
};

// The statements of a trust policy ("Statement" is one or an array), also inside what `aws iam get-role` prints.
// InvalidArgument names statement, member, found and want.
absl::StatusOr<std::vector<AwsStatement>> ParseAwsDocument(const nlohmann::json& document);

// Whether one of the actions is sts:AssumeRoleWithWebIdentity, by its name or by a wildcard. Case does not matter.
bool AllowsWebIdentity(const AwsStatement& statement);

}  // namespace tools

#endif  // TOOLS_TRUST_AWS_DOCUMENT_H_
