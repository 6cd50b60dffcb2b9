#ifndef TOOLS_TRUST_AWS_TRUST_H_
#define TOOLS_TRUST_AWS_TRUST_H_

#include <memory>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "tools/trust/trust_policy.h"

namespace tools {

// An IAM role's trust policy, asked for sts:AssumeRoleWithWebIdentity. AWS fills only `sub` and `aud` of a private issuer,
// as PROVIDER:sub and PROVIDER:aud; every other claim counts as missing. InvalidArgument as ParseAwsDocument.
absl::StatusOr<std::unique_ptr<TrustPolicy>> ParseAwsTrust(const nlohmann::json& document);

}  // namespace tools

#endif  // TOOLS_TRUST_AWS_TRUST_H_
