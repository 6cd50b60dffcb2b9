#ifndef TOOLS_TRUST_WRITE_COMMANDS_H_
#define TOOLS_TRUST_WRITE_COMMANDS_H_

#include <string>

#include "absl/status/statusor.h"
#include "tools/trust/write_policy.h"

namespace tools {

// The shell commands that make a cloud trust `request`, and what to set on the machine: numbered, commented, ready to paste
// once the words in capitals are replaced. Each policy in them is the one that write_policy.h gives.
std::string AwsCommands(const TrustRequest& request);
std::string GcpCommands(const TrustRequest& request);
// InvalidArgument as AzureCredentialPolicy.
absl::StatusOr<std::string> AzureCommands(const TrustRequest& request);
std::string VaultCommands(const TrustRequest& request);

}  // namespace tools

#endif  // TOOLS_TRUST_WRITE_COMMANDS_H_
