#ifndef TOOLS_TRUST_WRITE_POLICY_H_
#define TOOLS_TRUST_WRITE_POLICY_H_

#include <string>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "tools/trust/trust_scope.h"

namespace tools {

// What a trust policy is made of. What the user has not said stands as a word in capitals, to be replaced.
struct TrustRequest {
  TrustScope scope;
  std::string issuer;
  std::string audience;  // empty: the cloud's usual one
  std::string name;      // of role, provider or credential
  std::string account = "ACCOUNT_ID";          // AWS
  std::string project_number = "PROJECT_NUMBER";  // Google Cloud
};

// "acme:*", "acme:web:*" or "acme:web:m1".
std::string SubjectPattern(const TrustScope& scope);

// An IAM role's trust policy: StringEquals on aud; StringLike on sub, for one machine StringEquals.
nlohmann::ordered_json AwsPolicy(const TrustRequest& request);

// A workload identity pool provider, in the form of `gcloud … providers describe --format=json`.
nlohmann::ordered_json GcpProviderPolicy(const TrustRequest& request);
// Its attribute condition: startsWith on sub, for one machine equality.
std::string GcpConditionText(const TrustScope& scope);
// "projects/N/locations/global/workloadIdentityPools/POOL/providers/PROVIDER".
std::string GcpProviderName(const TrustRequest& request);

// A federated identity credential. InvalidArgument: a whole organization, which no exact subject can say. For an app its
// machines must run with the subject APP.
absl::StatusOr<nlohmann::ordered_json> AzureCredentialPolicy(const TrustRequest& request);

// A role of the JWT auth method: bound_claims with a glob on sub; for one machine bound_subject.
nlohmann::ordered_json VaultRolePolicy(const TrustRequest& request);

}  // namespace tools

#endif  // TOOLS_TRUST_WRITE_POLICY_H_
