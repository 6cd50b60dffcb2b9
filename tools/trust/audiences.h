#ifndef TOOLS_TRUST_AUDIENCES_H_
#define TOOLS_TRUST_AUDIENCES_H_

#include "absl/strings/string_view.h"

namespace tools {

// What each cloud's clients exchange: the audience of the token file that init makes for it.
inline constexpr absl::string_view kAwsAudience = "sts.amazonaws.com";
inline constexpr absl::string_view kAzureAudience = "api://AzureADTokenExchange";
// Vault prescribes none; the guide uses this one.
inline constexpr absl::string_view kVaultAudience = "vault";

}  // namespace tools

#endif  // TOOLS_TRUST_AUDIENCES_H_
