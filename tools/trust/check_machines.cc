#include "tools/trust/check_machines.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace tools {
namespace {

TokenFacts TokenOf(const MachineFacts& machine, const std::string& audience) {
  return {{{"iss", machine.issuer},
           {"sub", SubjectOf(machine)},
           {"aud", audience},
           {"org_name", machine.organization},
           {"app_name", machine.app},
           {"machine_name", machine.machine}}};
}

}  // namespace

std::string SubjectOf(const MachineFacts& machine) {
  return machine.app_subject ? absl::StrCat(machine.organization, ":", machine.app)
                             : absl::StrCat(machine.organization, ":", machine.app, ":", machine.machine);
}

MachineVerdict CheckMachine(const TrustPolicy& policy, const MachineFacts& machine) {
  std::vector<std::string> tried = policy.Audiences();
  MachineVerdict best;
  if (!machine.any_audience) {
    tried.insert(tried.end(), machine.audiences.begin(), machine.audiences.end());
    const auto forbidden = [&](const std::string& audience) {
      return std::find(machine.audiences.begin(), machine.audiences.end(), audience) == machine.audiences.end();
    };
    best.verdict.why = absl::StrCat("its placement allows none of the audiences ", absl::StrJoin(policy.Audiences(), ", "));
    tried.erase(std::remove_if(tried.begin(), tried.end(), forbidden), tried.end());
  }
  for (const std::string& audience : tried) {
    const Verdict verdict = policy.Judge(TokenOf(machine, audience));
    if (best.audience.empty() || verdict.admitted > best.verdict.admitted) best = {verdict, audience};
  }
  return best;
}

}  // namespace tools
