#ifndef TOOLS_FLYDCTL_MACHINE_LEASE_H_
#define TOOLS_FLYDCTL_MACHINE_LEASE_H_

#include <string>

#include "tools/flydctl/session.h"

namespace tools {

// `flydctl machine lease acquire ID` prints the nonce alone, which nobody else is told; `… release ID NONCE`. Acquiring
// with the nonce of the lease that stands prolongs it.
void AddMachineLease(CLI::App& machine, Session& session);

// `--lease NONCE` of a command that changes a machine: without it the change is refused while a lease stands.
void AddLeaseOption(CLI::App& command, std::string& nonce);

}  // namespace tools

#endif  // TOOLS_FLYDCTL_MACHINE_LEASE_H_
