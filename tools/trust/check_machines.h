#ifndef TOOLS_TRUST_CHECK_MACHINES_H_
#define TOOLS_TRUST_CHECK_MACHINES_H_

#include <string>
#include <vector>

#include "tools/trust/trust_policy.h"

namespace tools {

// A machine of the fleet, and which tokens it may have.
struct MachineFacts {
  std::string organization;
  std::string issuer;
  std::string app;
  std::string machine;
  bool app_subject = false;  // `sub` is ORG:APP; else ORG:APP:MACHINE
  bool any_audience = false;
  std::vector<std::string> audiences;  // what its placement allows otherwise, the default one included
};

// The claim `sub` of all its tokens.
std::string SubjectOf(const MachineFacts& machine);

struct MachineVerdict {
  Verdict verdict;
  std::string audience;  // of the token that was judged; empty where the machine may have no audience that was tried
};

// Whether the policy admits a token that the machine may have: the best of all audiences that the policy names and the
// placement allows. Where the placement allows none of them, the machine is refused and the verdict says so.
MachineVerdict CheckMachine(const TrustPolicy& policy, const MachineFacts& machine);

}  // namespace tools

#endif  // TOOLS_TRUST_CHECK_MACHINES_H_
