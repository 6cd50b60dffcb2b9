#ifndef TOOLS_FLYDCTL_TRUST_CHECK_H_
#define TOOLS_FLYDCTL_TRUST_CHECK_H_

#include <string>

#include "tools/flydctl/session.h"

namespace tools {

// `flydctl trust check POLICY`: which machines of the fleet the policy admits, and what an auditor says of it. `path`: a
// file, or "-" for standard input. `issuer`: what a Vault mount trusts; empty where the policy says it itself.
//
// kExitOk; kExitRefused where a finding is a danger, so that a pipeline stops; kExitUsage for a policy that is none.
int CheckTrust(Session& session, const std::string& path, const std::string& issuer);

}  // namespace tools

#endif  // TOOLS_FLYDCTL_TRUST_CHECK_H_
