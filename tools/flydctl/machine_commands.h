#ifndef TOOLS_FLYDCTL_MACHINE_COMMANDS_H_
#define TOOLS_FLYDCTL_MACHINE_COMMANDS_H_

#include "tools/flydctl/session.h"

namespace tools {

// `flydctl machine` and all that is below it.
void AddMachineCommands(CLI::App& root, Session& session);

}  // namespace tools

#endif  // TOOLS_FLYDCTL_MACHINE_COMMANDS_H_
