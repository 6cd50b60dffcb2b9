#ifndef TOOLS_TRUST_AWS_KEY_H_
#define TOOLS_TRUST_AWS_KEY_H_

#include <string>

#include "absl/strings/string_view.h"

namespace tools {

// How AWS names an OIDC provider: its issuer without the scheme, "oidc.example.com/acme".
std::string ProviderOf(absl::string_view issuer);

// A condition key taken apart at its last colon: "oidc.example.com/acme:sub". Keys that are no provider's (aws:SourceIp,
// sts:RoleSessionName) have an empty provider.
struct AwsKey {
  std::string provider;  // as written
  std::string claim;     // lower case: case does not matter in keys
};
AwsKey SplitAwsKey(absl::string_view key);

}  // namespace tools

#endif  // TOOLS_TRUST_AWS_KEY_H_
