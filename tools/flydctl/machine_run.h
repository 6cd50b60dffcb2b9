#ifndef TOOLS_FLYDCTL_MACHINE_RUN_H_
#define TOOLS_FLYDCTL_MACHINE_RUN_H_

#include "tools/flydctl/session.h"

namespace tools {

// `flydctl machine run IMAGE -a ORG/APP … -- CMD…`: place, create, start. With --detach it prints the machine's id alone;
// else it passes on what the program writes and ends with the program's code.
void AddMachineRun(CLI::App& machine, Session& session);

// `flydctl machine update ID IMAGE … -- CMD…`: places a new version where the machine stands and puts it in the old one's
// place. Prints the version.
void AddMachineUpdate(CLI::App& machine, Session& session);

}  // namespace tools

#endif  // TOOLS_FLYDCTL_MACHINE_RUN_H_
