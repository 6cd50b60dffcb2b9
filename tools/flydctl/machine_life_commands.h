#ifndef TOOLS_FLYDCTL_MACHINE_LIFE_COMMANDS_H_
#define TOOLS_FLYDCTL_MACHINE_LIFE_COMMANDS_H_

#include "tools/flydctl/session.h"

namespace tools {

// flydctl machine restart|suspend|resume|signal|metadata|operations|cancel|watch.
void AddMachineLifeCommands(CLI::App& machine, Session& session);

}  // namespace tools

#endif  // TOOLS_FLYDCTL_MACHINE_LIFE_COMMANDS_H_
